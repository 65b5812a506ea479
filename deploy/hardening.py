"""How the image is run: nothing to write to but a small tmpfs, and no right to anything."""

MEMORY = "512m"
CPUS = "1"

RUN = (
    "--read-only",
    "--tmpfs=/tmp:rw,noexec,nosuid,nodev,size=64m,mode=1777",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
    f"--memory={MEMORY}",
    f"--cpus={CPUS}",
    "--pids-limit=256",
)
