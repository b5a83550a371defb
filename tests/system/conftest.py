"""Where the harness is, and which server runs in the pods."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import harness  # noqa: E402


@pytest.fixture(scope="session")
def node_kind():
    """$WINDLASS_TEST_NODE, else windlass-node where it is built, else Redis."""
    named = os.environ.get("WINDLASS_TEST_NODE")
    return named or ("windlass-node" if harness.binary("windlass-node") else "redis-server")


@pytest.fixture
def local_cluster(tmp_path, node_kind):
    from local_cluster import LocalCluster

    for name in ("windlassctl", "windlass-operator", "windlass-ledger"):
        assert harness.binary(name), f"{name} is not built"
    with LocalCluster(tmp_path, node_kind) as cluster:
        yield cluster
