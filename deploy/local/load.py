"""windlass-ledger as a child: one command, one answer; figures on demand."""
import json
import os
import queue
import subprocess
import threading


class Load:
    def __init__(self, program, nodes, password, books, **options):
        arguments = [str(program), "--nodes", nodes, "--books", str(books)]
        for name, value in options.items():
            arguments += [f"--{name}", str(value)]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        env={**os.environ, "REDISCLI_AUTH": password})
        self.phases, self.total, self.audit = [], None, None
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
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
            answer = self.answers.get(timeout=15)
        if answer.startswith("error"):
            raise RuntimeError(answer)
        return answer

    def status(self):
        return json.loads(self.command("status"))

    def phase(self, name, planned):
        self.command(f"phase {name} {'planned' if planned else 'kill'}")

    def close(self):
        """Closes the books; the figures and the exit status."""
        with self.lock:
            self.process.stdin.write("stop\n")
            self.process.stdin.close()
        status = self.process.wait(120)
        self.reader.join(10)
        return {"status": status, "total": self.total, "audit": self.audit, "phases": self.phases}

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)
