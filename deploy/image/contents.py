"""What takes the space in an image."""

import json

from deploy.engine import docker, inspect

# In the image itself, by its own Python: sizes of files, no link followed.
COUNT = """
import json, os
def size(top):
    return sum(os.lstat(os.path.join(at, f)).st_size for at, _, fs in os.walk(top) for f in fs)
packages, site = {}, "/app/.venv/lib/python3.11/site-packages"
import sys; site = [p for p in sys.path if p.endswith("site-packages")][0]
for name in os.listdir(site):
    key = name.split(".")[0] if name.endswith(".libs") else name
    path = os.path.join(site, name)
    packages[key] = packages.get(key, 0) + (size(path) if os.path.isdir(path) else os.lstat(path).st_size)
pyc = sum(os.lstat(os.path.join(at, f)).st_size for at, _, fs in os.walk("/app") for f in fs if f.endswith(".pyc"))
print(json.dumps({"packages": packages, "models": size("/bento/models"), "code": size("/bento/src"), "pyc": pyc}))
"""
LEAST_MB = 5


def table(image: str) -> str:
    """A Markdown table in MB (10⁶ bytes): base, each large package, models, code."""
    total = inspect(image)["Size"]
    found = json.loads(docker("run", "--rm", "--entrypoint", "python", image, "-c", COUNT))
    packages: dict[str, int] = found["packages"]
    inside = sum(packages.values()) + found["models"] + found["code"]
    large = {k: v for k, v in packages.items() if v >= LEAST_MB * 1e6}
    rows = {"the base image": total - inside}
    rows |= dict(sorted(large.items(), key=lambda item: -item[1]))
    rows["other packages"] = sum(packages.values()) - sum(large.values())
    rows |= {"the models": found["models"], "our code": found["code"], "in all": total}
    rows["of which bytecode of the packages"] = found["pyc"]
    lines = [f"| {name} | {value / 1e6:.1f} |" for name, value in rows.items()]
    return "\n".join(["| what | MB |", "|---|---|", *lines])
