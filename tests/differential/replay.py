#!/usr/bin/python3
"""Replays a script that a failed comparison printed: starts a peer and windlass-node,
sends each line to both and prints their replies, those that differ marked.

usage: replay.py [--peer valkey-server] [--resp 2] [FILE]      (default: standard input)
"""

import argparse
import sys
import tempfile
from pathlib import Path

from comparison import same
from script_text import from_text, to_text
from side_by_side import OURS, PEERS, connected, server


def main():
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--peer", default=PEERS[0])
    options.add_argument("--resp", type=int, default=2, choices=(2, 3))
    options.add_argument("file", nargs="?", type=argparse.FileType("r"), default=sys.stdin)
    options = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        nodes = []
        try:
            for kind in (options.peer, OURS):
                nodes.append(server(Path(folder) / kind, kind))
            clients = [connected(node, options.resp) for node in nodes]
            differing = 0
            for command in from_text(options.file.read()):
                theirs, ours = (client.call(*command) for client in clients)
                print(to_text([command]), end="")
                if same(command, ours, theirs):
                    print(f"    {ours[:300]!r}")
                else:
                    differing += 1
                    print(f"  ! {options.peer}: {theirs[:1000]!r}\n  ! {OURS}: {ours[:1000]!r}")
            return 1 if differing else 0
        finally:
            for node in nodes:
                node.kill()


if __name__ == "__main__":
    sys.exit(main())
