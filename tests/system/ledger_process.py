"""The ledger for black-box tests: found where the programs are, verified twice.

    with Ledger("127.0.0.1:7000", folder, keys=20000) as ledger:
        ledger.phase("kill", planned=False)
        ...
        ledger.close()           # asserts that nothing was lost
"""

import os
import subprocess
import sys
from pathlib import Path

import harness

LEDGER_FOLDER = Path(__file__).resolve().parents[1] / "ledger"
sys.path.insert(0, str(LEDGER_FOLDER))
from driver import LedgerProcess  # noqa: E402


class Ledger(LedgerProcess):
    def __init__(self, nodes, folder, password=None, **options):
        program = harness.binary("windlass-ledger")
        assert program, "windlass-ledger is not there: build it or set WINDLASS_BIN"
        self.nodes = nodes
        self.password = password or ""
        self.books = Path(folder) / "ledger.books"
        super().__init__(program, nodes, self.books, self.password, **options)

    def wait_for_keys(self, count, timeout=60):
        harness.wait_for(lambda: self.status()["live_keys"] >= count, timeout, f"{count} live keys")

    def verify_independently(self, address=None):
        """python3-redis reads the books back; its exit status and what it printed."""
        result = subprocess.run(
            ["/usr/bin/python3", str(LEDGER_FOLDER / "verify.py"), address or self.nodes.split(",")[0], str(self.books)],
            capture_output=True, text=True, timeout=120, env={**os.environ, "REDISCLI_AUTH": self.password})
        return result.returncode, result.stdout + result.stderr

    def close(self, address=None):
        status = self.stop()
        assert status == 0, f"ledger: {self.audit}\n{self.total}"
        code, text = self.verify_independently(address)
        assert code == 0, text

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()
