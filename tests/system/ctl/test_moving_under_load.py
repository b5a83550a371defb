"""Slots move while clients write, between nodes that ask for an ACL user, and
between nodes that ask for a password."""

import threading

import pytest
from redis.cluster import RedisCluster

from tool import harness, succeed

PASSWORD = "s3cret"


@pytest.fixture(scope="module", params=harness.KINDS)
def cluster(request, tmp_path_factory):
    if not harness.server_binary(request.param):
        pytest.fail(f"{request.param} is not there: build it or set WINDLASS_BIN")
    with_users = request.param == "redis-server"
    with harness.Nodes(tmp_path_factory.mktemp("load"), 4, kind=request.param,
                       password=None if with_users else PASSWORD) as nodes:
        harness.form_cluster(nodes.all[:3])
        nodes.credentials = ["-a", PASSWORD]
        if with_users:
            nodes.credentials = ["--user", "admin", "--pass", PASSWORD]
            restrict_default_user(nodes)
        yield nodes


def restrict_default_user(nodes):
    for node in nodes:
        assert node.call("ACL", "SETUSER", "admin", "on", ">" + PASSWORD, "~*", "&*", "+@all") == "OK"
    # Only the named user may move keys or change the cluster from here on.
    for node in nodes:
        assert node.call("ACL", "SETUSER", "default", "-migrate", "-restore", "-restore-asking",
                         "-cluster|setslot", "-cluster|meet") == "OK"


def run_ctl(nodes, command, *words):
    program = harness.binary("windlassctl")
    assert program, "windlassctl is not there: build it or set WINDLASS_BIN"
    # A node that fsyncs each change of nodes.conf takes its time on a busy disk.
    return harness.run_tool(program, command, *nodes.credentials, *words, timeout=120)


class Writer(threading.Thread):
    """Counts up a few thousand counters; every acknowledged count must be there."""

    def __init__(self, node, name):
        super().__init__()
        self.client = RedisCluster(host=node.host, port=node.port, password=node.password,
                                   cluster_error_retry_attempts=20)
        self.name = name
        self.stop = threading.Event()
        self.counts = {}
        self.errors = []

    def run(self):
        index = 0
        while not self.stop.is_set():
            key = f"{self.name}:{index % 3000}"
            try:
                self.counts[key] = self.counts.get(key, 0) + 1
                value = self.client.incr(key)
                if value != self.counts[key]:
                    self.errors.append(f"{key}: {value}, not {self.counts[key]}")
            except Exception as error:  # whatever reaches the application is a failure
                self.errors.append(repr(error))
            index += 1


def test_clients_notice_nothing_while_slots_come_and_go(cluster):
    address = cluster[0].address

    def ctl(*words):
        return run_ctl(cluster, *words)
    # With a slot, for this client library fails on an ASK to a node that it does not
    # know, and CLUSTER SLOTS names no master without slots.
    succeed(ctl("add-node", cluster[3].address, address))
    succeed(ctl("reshard", "--from", "all", "--to", cluster[3].id(), "--slots", 3, "--yes", address))
    harness.wait_for(lambda: all(node.cluster_nodes()[cluster[3].id()]["slot_count"] == 3 for node in cluster[:3]),
                     10, "everyone knows the new master's slots")
    writers = [Writer(cluster[0], f"w{index}") for index in range(2)]
    for writer in writers:
        writer.start()
    try:
        succeed(ctl("rebalance", "--use-empty-masters", address))
        counts = sorted(i["slot_count"] for i in cluster[1].cluster_nodes().values())
        assert counts == [4096, 4096, 4096, 4096]
        succeed(ctl("reshard", "--from", "all", "--to", cluster[3].id(), "--slots", 600, "--yes",
                    address))
        succeed(ctl("rebalance", "--weight", f"{cluster[3].id()}=0", address))
    finally:
        for writer in writers:
            writer.stop.set()
            writer.join(30)
    for writer in writers:
        assert not writer.errors, writer.errors[:5]
        assert sum(writer.counts.values()) > 100, "the load was none"
        for key, count in writer.counts.items():
            assert int(writer.client.get(key)) == count
    succeed(ctl("check", address))
