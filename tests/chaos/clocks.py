"""Clocks that can be moved: skew.c, compiled where it is needed.

(Debian's libfaketime does not bear jemalloc, which asks for the time while it
starts: the process that is to be faked never gets beyond it.)"""

import shutil
import struct
import subprocess
from pathlib import Path


def can_be_skewed():
    return shutil.which("gcc") is not None


def compile_library(folder):
    library = folder / "skew.so"
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", library, Path(__file__).with_name("skew.c")], check=True)
    return library


class Clock:
    """The clock of one node."""

    def __init__(self, path):
        self.path = path
        path.write_bytes(struct.pack("q", 0))

    def set(self, ms):
        with open(self.path, "r+b") as file:
            file.write(struct.pack("q", ms * 1000))

    def environment(self, library):
        return {"LD_PRELOAD": str(library), "WINDLASS_CHAOS_CLOCK": str(self.path)}
