"""windlass-ledger as a child process: one command, one answer; figures on demand."""
import json
import os
import queue
import subprocess
import threading


class LedgerProcess:
    """`options` are the program's own: keys=20000, rate=4000, size=100, prefix=…"""

    def __init__(self, program, nodes, books, password="", **options):
        arguments = [str(program), "--nodes", nodes, "--books", str(books)]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "REDISCLI_AUTH": password or ""})
        self.phases, self.total, self.audit = [], None, None
        self.closing = False
        self.answers = queue.Queue()
        self.lock = threading.Lock()
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
                self.answers.put(line.strip())

    def command(self, line):
        with self.lock:
            if self.closing:
                raise RuntimeError("the books are being closed")
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.answers.get(timeout=15)
        if answer.startswith("error"):
            raise RuntimeError(answer)
        return answer

    def status(self):
        """The figures of now; a RuntimeError once the books are being closed."""
        return json.loads(self.command("status"))

    def phase(self, name, planned=True):
        self.command(f"phase {name} {'planned' if planned else 'kill'}")

    def look_at(self, nodes):
        """Where the cluster is now, after all its addresses have changed."""
        self.command(f"nodes {nodes}")

    def stop(self, timeout=300):
        """Closes the books; the exit status. `phases`, `total` and `audit` are then there."""
        with self.lock:
            self.closing = True  # it answers no more
            if self.process.poll() is None:
                self.process.stdin.write("stop\n")
                self.process.stdin.close()
        status = self.process.wait(timeout)
        self.reader.join(10)
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
