"""One program of the cluster as a child process with a log of its own."""

import os
import signal
import subprocess
import time
from pathlib import Path


def wait_for(predicate, timeout, what, interval=0.2):
    """Calls predicate until it returns something true, and returns that. What it
    raises counts as "not yet"; time up is an AssertionError that says the last of it."""
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = predicate()
            if last:
                return last
        except Exception as error:  # a server that is not up yet fails in many ways
            last = error
        if time.monotonic() > deadline:
            raise AssertionError(f"after {timeout:g} s still not: {what} (last: {last!r})")
        time.sleep(interval)


class Process:
    """start, stop and kill; the log is appended to over restarts."""

    def __init__(self, name, command, log_folder, env=None, cwd=None):
        self.name = name
        self.command = [str(part) for part in command]
        self.log = Path(log_folder) / f"{name}.log"
        self.env = {**os.environ, **(env or {})}
        self.cwd = cwd
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            env=self.env, cwd=self.cwd)
        return self

    def running(self):
        return self.process is not None and self.process.poll() is None

    def stop(self, how=signal.SIGTERM, timeout=20):
        if not self.running():
            return
        self.process.send_signal(how)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(10)

    def restart(self, how=signal.SIGTERM):
        self.stop(how)
        self.start()

    def tail(self, lines=30):
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])
