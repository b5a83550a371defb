"""A spare replica moves to a master that lost its only one, with
cluster-migration-barrier 1, whatever kind of server each of them is."""

import time

import pytest
from cluster_tools import OTHER_KIND, form, settle, wait_replica_of
from harness import KINDS, wait_for


@pytest.mark.parametrize("spare_kind", KINDS)
def test_an_orphaned_master_gets_the_spare_replica(nodes, spare_kind):
    config = {"cluster-migration-barrier": 1}
    kinds = ["windlass-node", OTHER_KIND[spare_kind], "windlass-node"]
    masters = [nodes.add(kind=kind, config=config) for kind in kinds]
    replicas = [nodes.add(kind="redis-server", config=config) for _ in range(3)]
    spare = nodes.add(kind=spare_kind, config=config)
    form(masters, replicas)
    spare.call("CLUSTER", "MEET", masters[0].host, masters[0].port)
    wait_for(lambda: masters[0].id() in spare.cluster_nodes() and len(spare.cluster_nodes()) == 7, 20)
    wait_for(lambda: spare.call("CLUSTER", "REPLICATE", masters[0].id()) == "OK", 10)
    wait_replica_of(spare, masters[0])
    settle(nodes)
    replicas[1].kill()
    first_two = [replicas[0], spare]

    def one_moved():
        following = [next(line["master"] for line in node.cluster_nodes().values() if "myself" in line["flags"])
                     for node in first_two]
        return sorted(following) == sorted([masters[0].id(), masters[1].id()])
    wait_for(one_moved, 40, "one of the two replicas follows the orphaned master")
    moved = next(node for node in first_two if masters[1].id() == next(
        line["master"] for line in node.cluster_nodes().values() if "myself" in line["flags"]))
    wait_replica_of(moved, masters[1])
    if moved.kind == "windlass-node":
        assert "Migrating to orphaned master" in moved.log()


def test_no_replica_moves_when_migration_is_off(nodes):
    config = {"cluster-migration-barrier": 1, "cluster-allow-replica-migration": "no"}
    masters = [nodes.add(kind="windlass-node", config=config) for _ in range(3)]
    replicas = [nodes.add(kind="windlass-node", config=config) for _ in range(4)]
    form(masters, replicas)  # the fourth follows the first master too
    replicas[1].kill()
    wait_for(lambda: "fail" in str(masters[0].cluster_nodes()), 20)
    deadline = time.monotonic() + 9
    while time.monotonic() < deadline:
        lines = masters[0].cluster_nodes().values()
        assert sum(line["master"] == masters[0].id() for line in lines) == 2
        time.sleep(0.5)
