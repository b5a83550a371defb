"""The load of tests/bench/cluster: programs that write at a rate and say what came of it."""

import subprocess
from dataclasses import dataclass


@dataclass
class Seen:
    """What has been since the last time it was asked."""
    due: int
    done: int
    errors: int
    longest_ms: float
    p99_ms: float


class Writer:
    """SETs to the slots of a range, each due at its own time; 0 a second: as many as the servers take."""

    def __init__(self, program, node, rate, first, last):
        assert node.host == "127.0.0.1"
        self.process = subprocess.Popen([program, *map(str, (node.port, int(rate), first, last))],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def seen(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        words = self.process.stdout.readline().split()
        assert words, f"the writer ended with {self.process.wait(5)}"
        due, done, errors, longest_us, p99_us = map(int, words)
        return Seen(due, done, errors, longest_us / 1000, p99_us / 1000)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)
