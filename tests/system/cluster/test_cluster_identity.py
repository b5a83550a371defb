"""Two clusters stay two, whatever addresses their nodes get: windlass-cluster-id."""

import time

from cluster_tools import error_of
from harness import form_cluster, wait_cluster_ok, wait_for


def known(node):
    return set(node.cluster_nodes())


def name_of(node):
    return node.cluster_info().get("windlass_cluster_id")


def named(nodes, name, count):
    return [nodes.add(kind="windlass-node", config={"windlass-cluster-id": name}) for _ in range(count)]


def test_clusters_of_two_names_do_not_merge_by_a_meet(nodes):
    one, two = named(nodes, "one", 2), named(nodes, "two", 2)
    form_cluster(one)
    form_cluster(two)
    before = [known(node) for node in one + two]
    assert one[0].call("CLUSTER", "MEET", two[0].host, two[0].port) == "OK"
    wait_for(lambda: "it is of cluster" in two[0].log(), 10, "it is said why")
    time.sleep(2.5)  # longer than a handshake may take
    assert [known(node) for node in one + two] == before
    wait_cluster_ok(one + two)


def test_an_address_that_another_cluster_has_now_leads_nobody_astray(nodes):
    one, two = named(nodes, "one", 3), named(nodes, "two", 2)
    form_cluster(one)
    form_cluster(two)
    gone = one[2]
    gone.kill()
    newcomer = nodes.add(kind="windlass-node", port=gone.port, config={"windlass-cluster-id": "two"}, start=False)
    newcomer.wipe()
    newcomer.start()
    newcomer.call("CLUSTER", "MEET", two[0].host, two[0].port)
    wait_for(lambda: len(known(newcomer)) == 3 and len(known(two[1])) == 3, 15, "it has joined its own cluster")
    wait_for(lambda: one[0].cluster_info()["cluster_state"] == "fail", 15, "the one that is gone is missed")
    time.sleep(1)
    assert newcomer.id() not in known(one[0]) | known(one[1])
    assert not known(newcomer) & known(one[0])
    assert two[0].cluster_info()["cluster_state"] == "ok"


def test_the_name_is_learnt_kept_and_given_up_with_a_reset(nodes):
    first = named(nodes, "one", 1)
    rest = [nodes.add(kind="windlass-node") for _ in range(2)]
    peer = nodes.add(kind="redis-server")
    form_cluster([*first, *rest, peer])
    name = name_of(first[0])
    assert name
    wait_for(lambda: {name_of(node) for node in rest} == {name}, 10, "everyone has it")
    refusal = error_of(rest[0].call, "CONFIG", "SET", "windlass-cluster-id", "two")
    assert "windlass-cluster-id" in refusal and "of another cluster" in refusal
    assert rest[0].call("CONFIG", "SET", "windlass-cluster-id", "one") == "OK"
    rest[1].terminate()
    rest[1].start()
    assert name_of(rest[1]) == name
    wait_cluster_ok(nodes)
    rest[1].terminate()
    rest[1].config["windlass-cluster-id"] = "two"
    rest[1].start(wait=False)
    wait_for(lambda: not rest[1].running(), 10, "it ends")
    assert "The data directory is of another cluster" in rest[1].log()
    del rest[1].config["windlass-cluster-id"]
    rest[1].start()
    rest[1].call("CLUSTER", "RESET")
    assert name_of(rest[1]) is None
