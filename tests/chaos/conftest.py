"""The tests of the harness's pure parts find its files, and the shared ones."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import places  # noqa: E402,F401
