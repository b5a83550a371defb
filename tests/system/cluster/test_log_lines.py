"""What a cluster's nodes write to their logs, in the words that operators and their
tools know: the same on either kind of server."""

import re
import socket
import struct
from pathlib import Path

import pytest
from cluster_tools import form, wait_master, wait_replica_of
from harness import KINDS, wait_cluster_ok, wait_for

FRAME = Path(__file__).resolve().parents[2] / "node/cluster_bus/frames/auth_request_forced.frame"


def wait_logged(node, *patterns, timeout=15):
    for pattern in patterns:
        wait_for(lambda: re.search(pattern, node.log()), timeout, f"{node} logs {pattern}")


@pytest.mark.parametrize("kind", KINDS)
def test_a_failover_and_a_return(nodes, kind):
    masters = [nodes.add(kind=kind, node_timeout_ms=1000) for _ in range(3)]
    replica = nodes.add(kind=kind, node_timeout_ms=1000)
    form(masters, [replica])
    lost, others = masters[0], masters[1:]
    lost_id, replica_id = lost.id(), replica.id()
    lost.kill()
    # Whoever had the second report marks it; the rest is told.
    marked = rf"Marking node {lost_id} .*as failing \(quorum reached\)\."
    told = rf"FAIL message received from \w+ .*about {lost_id}"
    for node in others + [replica]:
        wait_logged(node, f"({marked})|({told})")
    assert any(re.search(marked, node.log()) for node in others + [replica])
    wait_logged(replica, r"Start of election delayed for \d+ milliseconds \(rank #0, offset \d+\)\.",
                r"Starting a failover election for epoch \d+\.", "Failover election won: I'm the new master\\.",
                r"configEpoch set to \d+ after successful failover", "Connection with master lost\\.")
    for node in others:
        wait_logged(node, rf"Failover auth granted to {replica_id} .*for epoch \d+", "Cluster state changed: fail",
                    "Cluster state changed: ok")
    wait_master(replica)
    lost.start()
    wait_logged(lost, f"Node configuration loaded, I'm {lost_id}",
                f"Configuration change detected. Reconfiguring myself as a replica of {replica_id}")
    for node in others + [replica]:
        wait_logged(node, rf"Clear FAIL state for node {lost_id}.*: (master without slots|replica) is reachable again\.")
    wait_replica_of(lost, replica)
    wait_cluster_ok(nodes)
    assert lost.call("CLUSTER", "FAILOVER") == "OK"
    wait_logged(lost, "Manual failover user request accepted\\.",
                r"Received replication offset for paused master manual failover: \d+",
                "All master replication stream processed, manual failover can start\\.")
    wait_logged(replica, rf"Manual failover requested by replica {lost_id}")
    wait_master(lost)


def ask_for_a_vote(node, sender_id, epoch, flags=0):
    """A vote request in the name of sender_id, as a frame on the bus."""
    frame = bytearray(FRAME.read_bytes())
    struct.pack_into(">QQ", frame, 16, epoch, 0)
    frame[40:80] = sender_id.encode()
    frame[2253] = flags
    with socket.create_connection((node.host, node.port + 10000), 5) as bus:
        bus.sendall(frame)
        bus.settimeout(1)
        try:
            return bus.recv(4096)
        except socket.timeout:
            return b""


@pytest.mark.parametrize("kind", KINDS)
def test_a_vote_is_denied_telling_why(nodes, kind):
    masters = [nodes.add(kind=kind) for _ in range(2)]
    replica = nodes.add(kind=kind)
    form(masters, [replica])
    voter = masters[1]
    epoch = int(voter.cluster_info()["cluster_current_epoch"])
    other, follower = masters[0].id(), replica.id()
    assert ask_for_a_vote(voter, follower, 0) == b""
    wait_logged(voter, rf"Failover auth denied to {follower}.*: reqEpoch \(0\) < curEpoch ?\({epoch}\)")
    assert ask_for_a_vote(voter, other, epoch + 1) == b""
    wait_logged(voter, rf"Failover auth denied to {other}.*: it is a master node")
    assert ask_for_a_vote(voter, follower, epoch + 1) == b""
    wait_logged(voter, rf"Failover auth denied to {follower}.*: its master is up")


@pytest.mark.parametrize("kind", KINDS)
def test_starting_meeting_and_configuring(nodes, kind):
    first, second = nodes.add(kind=kind), nodes.add(kind=kind)
    wait_logged(first, rf"No cluster configuration found, I'm {first.id()}", "Ready to accept connections")
    first.call("CLUSTER", "SET-CONFIG-EPOCH", 7)
    wait_logged(first, "configEpoch set to 7 via CLUSTER SET-CONFIG-EPOCH")
    first.call("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
    wait_logged(first, "Cluster state changed: ok")
    second.call("CLUSTER", "MEET", first.host, first.port)
    wait_for(lambda: len(first.cluster_nodes()) == len(second.cluster_nodes()) == 2)
    wait_for(lambda: second.call("CLUSTER", "REPLICATE", first.id()) == "OK")
    wait_replica_of(second, first)
    old = second.id()
    second.call("CLUSTER", "RESET", "HARD")
    wait_logged(second, rf"Node hard reset, now I'm {second.id()}")
    assert second.id() != old
