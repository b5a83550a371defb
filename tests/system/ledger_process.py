"""windlass-ledger as a child process: phases, targets, and the verdict at the end.

    with Ledger("127.0.0.1:7000", folder, keys=20000) as ledger:
        ledger.phase("kill", planned=False)
        ...
        ledger.close()           # asserts that nothing was lost
"""

import json
import os
import queue
import subprocess
import sys
import threading
from pathlib import Path

import harness

VERIFY = Path(__file__).resolve().parents[1] / "ledger" / "verify.py"


class Ledger:
    def __init__(self, nodes, folder, password=None, **options):
        self.nodes = nodes
        self.password = password
        self.books = Path(folder) / "ledger.books"
        self.phases = []
        self.total = self.audit = None
        program = harness.binary("windlass-ledger")
        assert program, "windlass-ledger is not there: build it or set WINDLASS_BIN"
        arguments = [program, "--nodes", nodes, "--books", str(self.books)]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "REDISCLI_AUTH": password or ""})
        self.lines = queue.Queue()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stdout:
            kind, _, rest = line.strip().partition(" ")
            if kind == "phase":
                self.phases.append(json.loads(rest))
            elif kind in ("total", "audit"):
                setattr(self, kind, json.loads(rest))
            else:
                self.lines.put(line.strip())

    def command(self, line):
        """Sends one command and returns its one-line answer."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.lines.get(timeout=15)
        assert not answer.startswith("error"), answer
        return answer

    def status(self):
        return json.loads(self.command("status"))

    def phase(self, name, planned=True):
        self.command(f"phase {name} {'planned' if planned else 'kill'}")

    def wait_for_keys(self, count, timeout=60):
        harness.wait_for(lambda: self.status()["live_keys"] >= count, timeout, f"{count} live keys")

    def stop(self, timeout=120):
        """Closes the books; the exit status."""
        if self.process.poll() is None:
            self.process.stdin.write("stop\n")
            self.process.stdin.close()
        status = self.process.wait(timeout)
        self.reader.join(10)
        return status

    def verify_independently(self, address=None):
        """python3-redis reads the books back; its exit status and what it printed."""
        result = subprocess.run(["/usr/bin/python3", str(VERIFY), address or self.nodes.split(",")[0], str(self.books)],
                                capture_output=True, text=True, timeout=120,
                                env={**os.environ, "REDISCLI_AUTH": self.password or ""})
        return result.returncode, result.stdout + result.stderr

    def close(self, address=None):
        status = self.stop()
        assert status == 0, f"ledger: {self.audit}\n{self.total}"
        code, text = self.verify_independently(address)
        assert code == 0, text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


if __name__ == "__main__":
    sys.exit(__doc__)
