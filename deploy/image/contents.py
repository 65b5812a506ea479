"""What takes the space in an image."""

import json

from deploy.engine import docker, inspect

# In the image itself, by its own Python: sizes of files, no link followed.
COUNT = """
import json, os, sysconfig

def files(top):
    return [os.path.join(at, name) for at, _, names in os.walk(top) for name in names]

def size(paths):
    return sum(os.lstat(path).st_size for path in paths)

site = sysconfig.get_path("purelib")
packages = {}
for path in files(site):
    top = os.path.relpath(path, site).split(os.sep)[0]
    name = top[: -len(".libs")] if top.endswith(".libs") else top
    packages[name] = packages.get(name, 0) + size([path])
print(json.dumps({
    "packages": packages,
    "models": size(files("/bento/models")),
    "code": size(files("/bento/src")),
    "pyc": size([path for path in files(site) if path.endswith(".pyc")]),
}))
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
