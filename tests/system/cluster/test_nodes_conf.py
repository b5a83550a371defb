"""nodes.conf on disk: who may use it, what survives a restart, and that the other
kind of server can read it."""

import re
import time

import pytest
from cluster_tools import form, settle
from harness import KINDS, wait_cluster_ok, wait_for


def test_a_second_node_on_the_same_file_is_refused(nodes):
    first = nodes.add(kind="windlass-node")
    for kind in KINDS:  # a redis-server is kept out as well
        second = nodes.add(kind=kind, start=False, config={"dir": str(first.folder)})
        second.start(wait=False)
        assert second.wait_exit(10) == 1
        assert re.search(r"Sorry, the cluster configuration file .* is already used by a different "
                         r"Redis Cluster node", second.log())
    # Also after the file was replaced by a newer one.
    first.call("CLUSTER", "BUMPEPOCH")
    assert first.call("CLUSTER", "SAVECONFIG") == "OK"
    second = nodes.add(kind="windlass-node", start=False, config={"dir": str(first.folder)})
    second.start(wait=False)
    assert second.wait_exit(10) == 1


def test_a_windlass_node_is_kept_out_by_a_redis_server(nodes):
    first = nodes.add(kind="redis-server")
    second = nodes.add(kind="windlass-node", start=False, config={"dir": str(first.folder)})
    second.start(wait=False)
    assert second.wait_exit(10) == 1
    assert "Sorry, the cluster configuration file" in second.log()


def test_identity_epochs_and_slots_survive_a_kill(nodes):
    node = nodes.add(kind="windlass-node")
    identity = node.id()
    assert f"No cluster configuration found, I'm {identity}" in node.log()
    node.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    for _ in range(2):
        node.call("CLUSTER", "BUMPEPOCH")
    epoch = node.cluster_info()["cluster_my_epoch"]
    node.kill()
    node.start()
    assert node.id() == identity
    assert f"Node configuration loaded, I'm {identity}" in node.log()
    assert node.cluster_info()["cluster_my_epoch"] == epoch
    assert node.cluster_nodes()[identity]["slots"] == [(0, 16383)]
    wait_cluster_ok([node])


def test_a_damaged_file_stops_the_start_and_is_left_alone(nodes):
    node = nodes.add(kind="windlass-node")
    node.kill()
    for damage in ("garbage\n", node.nodes_conf.read_text()[:30]):
        node.nodes_conf.write_text(damage)
        node.start(wait=False)
        assert node.wait_exit(10) == 1
        assert "corrupted cluster config file" in node.log()
        assert node.nodes_conf.read_text() == damage


@pytest.mark.parametrize("writer,reader", [KINDS, KINDS[::-1]])
def test_each_kind_reads_what_the_other_wrote(nodes, writer, reader):
    masters = [nodes.add(kind=writer, config={"cluster-announce-hostname": f"host-{i}.example"}) for i in range(3)]
    replica = nodes.add(kind=writer)
    form(masters, [replica])
    masters[0].call("CLUSTER", "SETSLOT", 5, "MIGRATING", masters[1].id())
    masters[0].call("CLUSTER", "SAVECONFIG")
    before = masters[0].cluster_nodes()
    masters[0].terminate(20)
    masters[0].kind = reader
    masters[0].start()
    settle([node for node in nodes], 40)
    after = masters[0].cluster_nodes()
    assert set(after) == set(before)
    assert sum(line["slot_count"] for line in after.values()) == 16384
    wait_cluster_ok(nodes)


def test_a_restarted_node_finds_peers_that_moved(nodes):
    masters = [nodes.add(kind="windlass-node") for _ in range(3)]
    form(masters)
    masters[2].kill()
    old_port = masters[2].port
    moved = nodes.add(kind="windlass-node", start=False, config={"dir": str(masters[2].folder)})
    assert moved.port != old_port
    moved.start()
    identity = moved.id()
    for node in masters[:2]:
        wait_for(lambda: node.cluster_nodes()[identity]["port"] == moved.port
                 and node.cluster_nodes()[identity]["link"] == "connected", 20)
    wait_cluster_ok([moved] + masters[:2])


def test_forget_bans_and_the_ban_ends_nothing_else(nodes):
    ours = [nodes.add(kind="windlass-node") for _ in range(3)]
    theirs = nodes.add(kind="redis-server")
    form(ours + [theirs])
    leaving = ours[2]
    gone = leaving.id()
    leaving.kill()
    for node in (ours[0], ours[1], theirs):
        assert node.call("CLUSTER", "FORGET", gone) == "OK"
    wait_for(lambda: all(gone not in node.cluster_nodes() for node in (ours[0], ours[1], theirs)), 5)
    # It comes back while it is banned: gossip does not bring it in again.
    leaving.start()
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline:
        assert gone not in ours[0].cluster_nodes()
        assert gone not in theirs.cluster_nodes()
        time.sleep(0.2)
