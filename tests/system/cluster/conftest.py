"""The harness for this folder's tests, and clusters of both kinds of server."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from harness import Nodes  # noqa: E402


@pytest.fixture
def nodes(tmp_path):
    """Fresh nodes: nodes.add(kind=...). Ended, by pid, with the test."""
    with Nodes(tmp_path) as started:
        yield started
