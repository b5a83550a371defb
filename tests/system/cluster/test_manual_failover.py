"""CLUSTER FAILOVER, FORCE and TAKEOVER, between masters and replicas of every
pair of kinds."""

import pytest
from cluster_tools import (OTHER_KIND, Writer, check_values, cluster_client, error_of, form, settle,
                           wait_master, wait_replica_of)
from harness import KINDS, wait_cluster_ok, wait_for

PAIRS = [("windlass-node", "windlass-node"), ("windlass-node", "redis-server"),
         ("redis-server", "windlass-node")]


@pytest.mark.parametrize("master_kind,replica_kind", PAIRS)
def test_default_failover_loses_no_write_and_fails_no_command(nodes, master_kind, replica_kind):
    masters = [nodes.add(kind=kind) for kind in (master_kind, OTHER_KIND[master_kind], master_kind)]
    replica = nodes.add(kind=replica_kind)
    form(masters, [replica])
    writer = Writer(cluster_client(masters))
    writer.start()
    wait_for(lambda: writer.count > 100)
    first, second = masters[0], replica
    for _ in range(2):  # there and back: both kinds play both parts
        assert second.call("CLUSTER", "FAILOVER") == "OK"
        wait_master(second, 10)
        wait_replica_of(first, second)
        settle(nodes)
        first, second = second, first
        count = writer.count
        wait_for(lambda: writer.count > count + 50)
    acknowledged = writer.stop()
    wait_cluster_ok(nodes)
    check_values(cluster_client(masters), acknowledged)
    assert writer.longest_s < 3


@pytest.mark.parametrize("mode", ["FORCE", "TAKEOVER"])
@pytest.mark.parametrize("master_kind,replica_kind", PAIRS)
def test_forced_failover_from_a_dead_master(nodes, mode, master_kind, replica_kind):
    masters = [nodes.add(kind=master_kind, node_timeout_ms=10000) for _ in range(3)]
    replica = nodes.add(kind=replica_kind, node_timeout_ms=10000)
    form(masters, [replica])
    masters[0].kill()
    # Nobody has noticed yet: the default mode would wait for the master in vain.
    assert replica.call("CLUSTER", "FAILOVER", mode) == "OK"
    wait_master(replica, 9)
    slots = {(0, 5460)}
    wait_for(lambda: all(set(node.cluster_nodes()[replica.id()]["slots"]) == slots
                         for node in masters[1:] + [replica]), 10, "everyone knows the new owner")


@pytest.mark.parametrize("kind", KINDS)
def test_failover_is_refused_where_it_makes_no_sense(nodes, kind):
    masters = [nodes.add(kind=kind) for _ in range(2)]
    replica = nodes.add(kind=kind)
    form(masters, [replica])
    assert "You should send CLUSTER FAILOVER to a replica" in error_of(masters[0].call, "CLUSTER", "FAILOVER")
    masters[0].kill()
    wait_for(lambda: replica.info("replication")["master_link_status"] == "down")
    wait_for(lambda: "fail" in replica.cluster_nodes()[
        next(line["master"] for line in replica.cluster_nodes().values() if "myself" in line["flags"])
    ]["flags"] or "fail?" in str(replica.cluster_nodes()), 20)
    assert "Master is down or failed" in error_of(replica.call, "CLUSTER", "FAILOVER")
