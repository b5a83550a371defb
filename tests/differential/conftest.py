"""The servers that are compared, and what is said at the end."""

import os

import pytest

from command_coverage import Commands, Coverage
from comparison import Exclusions
from side_by_side import OURS, PEERS, SideBySide, connected, server

_coverage = []


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    started = {}
    try:
        for kind in (*PEERS, OURS):
            started[kind] = server(tmp_path_factory.mktemp(kind), kind)
        yield started
    finally:
        for node in started.values():
            node.close()


@pytest.fixture(scope="session")
def coverage(servers):
    client = connected(servers[PEERS[0]], 2)
    _coverage.append(Coverage(Commands(client)))
    client.close()
    return _coverage[-1]


@pytest.fixture(scope="session")
def exclusions():
    return Exclusions()


@pytest.fixture(params=[2, 3], ids=["resp2", "resp3"])
def side_by_side(request, servers, exclusions, coverage):
    side = SideBySide(servers, request.param, exclusions, coverage)
    yield side
    side.close()


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.name == "test_coverage.py")  # which looks at what the others did


def pytest_terminal_summary(terminalreporter):
    for coverage in _coverage:
        if os.environ.get("WINDLASS_COVERAGE_TABLE", "1") == "1":
            terminalreporter.write_line(coverage.table())
        terminalreporter.write_line(f"compared with {', '.join(PEERS)}")
        terminalreporter.write_line(coverage.summary())
