"""A memory cgroup for one process, in the first or second version of cgroups."""
import os
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
UNIFIED = (ROOT / "cgroup.controllers").exists()


def why_not():
    """Why no group can be made here, or None."""
    if os.geteuid() != 0:
        return "not root"
    if UNIFIED:
        return None if "memory" in (ROOT / "cgroup.subtree_control").read_text().split() else "cgroup2 delegates no memory here"
    return None if (ROOT / "memory").is_dir() else "no cgroup of memory is mounted"


class MemoryCgroup:
    """Its processes may have `limit` bytes between them, pages of files counted."""

    def __init__(self, name, limit):
        self.folder = (ROOT if UNIFIED else ROOT / "memory") / f"{name}-{os.getpid()}"
        self.folder.mkdir()
        self._file("memory.max" if UNIFIED else "memory.limit_in_bytes").write_text(str(limit))
        swap = self._file("memory.swap.max" if UNIFIED else "memory.memsw.limit_in_bytes")
        if swap.exists():
            swap.write_text("0" if UNIFIED else str(limit))

    def _file(self, name):
        return self.folder / name

    def add(self, pid):
        self._file("cgroup.procs").write_text(str(pid))

    def used(self):
        return int(self._file("memory.current" if UNIFIED else "memory.usage_in_bytes").read_text())

    def kills(self):
        """How often the kernel ended a process for want of memory."""
        text = self._file("memory.events" if UNIFIED else "memory.oom_control").read_text()
        return dict((name, int(value)) for name, value in (line.split() for line in text.splitlines()))["oom_kill"]

    def close(self):
        """Its processes must have ended."""
        self.folder.rmdir()
