"""A node that has just become a replica is handed its master's place at once: the voters
may not have heard of its role by themselves."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import Nodes, wait_for  # noqa: E402


def test_a_failover_right_after_the_first_synchronisation_does_not_wait(tmp_path):
    with Nodes(tmp_path, kind="windlass-node", node_timeout_ms=5000) as nodes:
        masters = [nodes.add() for _ in range(3)]
        newcomers = [nodes.add() for _ in range(3)]
        harness.form_cluster(masters)
        for node in newcomers:
            node.call("CLUSTER", "MEET", masters[0].host, masters[0].port)
        everyone = masters + newcomers
        wait_for(lambda: all(len(n.cluster_nodes()) == 6 and not any("handshake" in line["flags"] for line in n.cluster_nodes().values())
                             for n in everyone), 30, "every node knows every node")
        for master, newcomer in zip(masters, newcomers):
            assert newcomer.call("CLUSTER", "REPLICATE", master.id()) == "OK"
            wait_for(lambda: newcomer.info("replication").get("master_link_status") == "up", 10, interval=0.002)
            began = time.monotonic()
            assert newcomer.call("CLUSTER", "FAILOVER") == "OK"
            wait_for(lambda: newcomer.info("replication")["role"] == "master", 10, interval=0.002)
            assert time.monotonic() - began < 1, "the master's clients wait for that long"
