"""The cgroup below which a worker keeps its pods, in every hierarchy of the machine."""

import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")


def _hierarchies():
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    return [path for path in ROOT.iterdir() if path.is_dir() and not path.is_symlink()]


def create(name):
    for hierarchy in _hierarchies():
        group = hierarchy / name.strip("/")
        group.mkdir(exist_ok=True)
        for file in ("cpuset.cpus", "cpuset.mems"):  # v1 starts them empty, and then nothing can run there
            if hierarchy.name == "cpuset" and (group / file).exists():
                (group / file).write_text((hierarchy / file).read_text())


def remove(name):
    """What still has a process in it stays."""
    for hierarchy in _hierarchies():
        for folder, _, _ in os.walk(hierarchy / name.strip("/"), topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                pass


def remove_stale(prefix):
    """Of runs that were ended by force."""
    for hierarchy in _hierarchies():
        for group in hierarchy.glob(f"{prefix}*"):
            remove(group.name)
