"""The quickstart's picture: it is whole to the end, also while the books are being closed."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "tests" / "ledger")]
from driver import LedgerProcess  # noqa: E402
from picture import Picture  # noqa: E402

FIGURES = ('{"writes_per_second": 10, "live_keys": 7, "longest_wait_ms": 3, "moved": 0, "ask": 0, '
           '"clusterdown": 0, "readonly": 0, "loading": 0, "failed": 0}')


class Api:
    def status(self):
        return {"phase": "Ready", "shards": 3}

    def topology(self):
        return [{"name": "demo-0", "state": "master", "keys": 7, "ranges": [(0, 16383)]}]

    def events(self):
        return []


def test_the_last_picture_has_all_that_was_done_and_the_load_as_seen_last(tmp_path, capsys):
    ledger = tmp_path / "ledger"
    # Answers until its input ends, then takes its time to read everything back.
    ledger.write_text(f"#!/bin/sh\nwhile read line; do [ \"$line\" = stop ] || echo '{FIGURES}'; done\nsleep 1.5\n")
    ledger.chmod(0o755)
    picture = Picture(Api())
    with picture:
        picture.load = LedgerProcess(ledger, "nodes", tmp_path / "books")
        picture._draw()
        picture.done("a step")
        assert picture.load.stop() == 0
        picture.done("the last step")
    drawn = capsys.readouterr().out
    assert "not to be seen" not in drawn, drawn[-2000:]
    last = drawn.rsplit("\x1b[H", 1)[1]
    assert "✓ a step" in last and "✓ the last step" in last and "10 writes/s" in last
