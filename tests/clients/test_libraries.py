"""Client libraries do what applications do with every type, blocking commands,
transactions, pub/sub and scripts: at redis-server, which checks the check, and at
windlass-node, alone and as a cluster of three masters.

A library that cannot be had fails where $CI is set; elsewhere it is skipped, with the reason.
"""

import os
import subprocess

import harness
import libraries
import pytest

CHECKS = {"strings", "hashes", "lists", "sets", "sorted_sets", "streams", "geo", "hyperloglog", "bitmaps", "blocking",
          "transactions", "pubsub", "scripts"}
# Those with other names; and what a library does not do in a cluster.
OWN_CHECKS = {"bullmq": {"queues"}}
NOT_IN_CLUSTER = {"hiredis": {"pubsub"}}


@pytest.fixture(scope="session")
def servers(tmp_path_factory):
    """By (kind, mode): the nodes, started when they are first asked for."""
    found = {}

    def get(kind, mode):
        if (kind, mode) not in found:
            masters = 3 if mode == "cluster" else 1
            nodes = harness.Nodes(tmp_path_factory.mktemp(f"{kind}-{mode}"), masters, kind=kind,
                                  cluster=mode == "cluster")
            found[kind, mode] = nodes
            if mode == "cluster":
                harness.form_cluster(nodes.all)
        for node in found[kind, mode]:
            node.call("FLUSHALL")
            node.call("SCRIPT", "FLUSH")
        return found[kind, mode]

    yield get
    for nodes in found.values():
        nodes.close()


@pytest.fixture(scope="session")
def ready():
    """How a library is run; made ready once."""
    made = {}

    def get(name):
        if name not in made:
            try:
                made[name] = libraries.make_ready(name)
            except (libraries.Missing, subprocess.TimeoutExpired) as reason:
                made[name] = reason
        if isinstance(made[name], Exception):
            told = f"{name} IS NOT TESTED HERE: {made[name]}"
            pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
        return made[name]

    return get


@pytest.mark.parametrize("mode", ["standalone", "cluster"])
@pytest.mark.parametrize("kind", ["redis-server", "windlass-node"])
@pytest.mark.parametrize("library", libraries.ALL)
def test_library(library, kind, mode, servers, ready):
    command = ready(library)
    node = servers(kind, mode)[0]
    done = subprocess.run([*command, node.host, str(node.port), mode], text=True, timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    lines = done.stdout.splitlines()
    passed = {line.split()[1] for line in lines if line.startswith("ok ")}
    others = [line for line in lines if line.startswith(("FAIL", "skip"))]
    wanted = OWN_CHECKS.get(library, CHECKS) - (NOT_IN_CLUSTER.get(library, set()) if mode == "cluster" else set())
    assert done.returncode == 0 and not others and passed >= wanted, done.stdout[-4000:]
