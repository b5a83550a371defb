"""Redirections and refusals as clients see them, on both kinds of server."""

import pytest
from cluster_tools import error_of, form, slot_of
from harness import KINDS, wait_cluster_ok, wait_for

LOW, HIGH = "b", "a"  # slots 3300 and 15495


@pytest.fixture(params=KINDS)
def pair(request, nodes):
    """Two masters, slots 0-8191 and 8192-16383, and a replica of the first."""
    assert slot_of(LOW) == 3300 and slot_of(HIGH) == 15495
    first, second, replica = (nodes.add(kind=request.param) for _ in range(3))
    form([first, second], [replica])
    return first, second, replica


def test_moved_to_the_owner(pair):
    first, second, replica = pair
    assert error_of(first.call, "GET", HIGH) == f"MOVED 15495 127.0.0.1:{second.port}"
    assert error_of(second.call, "SET", LOW, "1") == f"MOVED 3300 127.0.0.1:{first.port}"
    assert error_of(replica.call, "GET", LOW) == f"MOVED 3300 127.0.0.1:{first.port}"


def test_readonly_clients_read_from_the_replica(pair):
    first, second, replica = pair
    first.call("SET", LOW, "v")
    wait_for(lambda: replica.call("DBSIZE") == 1)
    client = replica.client(single_connection_client=True)
    assert client.execute_command("READONLY") == "OK"
    assert client.execute_command("GET", LOW) == "v"
    assert error_of(client.execute_command, "SET", LOW, "w") == f"MOVED 3300 127.0.0.1:{first.port}"
    assert error_of(client.execute_command, "GET", HIGH) == f"MOVED 15495 127.0.0.1:{second.port}"
    assert client.execute_command("READWRITE") == "OK"
    assert error_of(client.execute_command, "GET", LOW) == f"MOVED 3300 127.0.0.1:{first.port}"


def test_a_slot_on_its_way(pair):
    first, second, _ = pair
    first.call("MSET", f"{{{LOW}}}1", "x", f"{{{LOW}}}2", "y")
    second.call("CLUSTER", "SETSLOT", 3300, "IMPORTING", first.id())
    first.call("CLUSTER", "SETSLOT", 3300, "MIGRATING", second.id())
    here, there = f"{{{LOW}}}1", f"{{{LOW}}}2"
    ask = f"ASK 3300 127.0.0.1:{second.port}"
    assert first.call("MIGRATE", second.host, second.port, there, 0, 2000) == "OK"
    assert first.call("GET", here) == "x"
    assert error_of(first.call, "GET", there) == ask
    assert error_of(first.call, "SET", f"{{{LOW}}}new", "1") == ask
    assert "Multiple keys request during rehashing" in error_of(first.call, "MGET", here, there)
    assert error_of(first.call, "MGET", there, f"{{{LOW}}}3") == ask
    # On the importing side only after ASKING, and for one command.
    client = second.client(single_connection_client=True)
    assert error_of(client.execute_command, "GET", there) == f"MOVED 3300 127.0.0.1:{first.port}"
    client.execute_command("ASKING")
    assert client.execute_command("GET", there) == "y"
    assert error_of(client.execute_command, "GET", there) == f"MOVED 3300 127.0.0.1:{first.port}"
    client.execute_command("ASKING")
    assert "Multiple keys request during rehashing" in error_of(client.execute_command, "MGET", here, there)
    client.execute_command("ASKING")
    assert client.execute_command("SET", f"{{{LOW}}}new", "1") == "OK"
    assert first.call("MIGRATE", second.host, second.port, here, 0, 2000) == "OK"
    for node in (second, first):
        assert node.call("CLUSTER", "SETSLOT", 3300, "NODE", second.id()) == "OK"
    assert second.call("MGET", here, there) == ["x", "y"]
    assert error_of(first.call, "GET", here) == f"MOVED 3300 127.0.0.1:{second.port}"
    wait_for(lambda: any("3300" in word for word in
                         str(second.call("CLUSTER", "NODES")).split()), 5)


def test_cluster_down_when_a_slot_is_nobodys(pair):
    first, second, replica = pair
    for node in (first, second):
        node.call("CLUSTER", "DELSLOTS", 5)
    wait_for(lambda: first.cluster_info()["cluster_state"] == "fail", 10)
    assert "The cluster is down" in error_of(first.call, "GET", LOW)
    assert "Hash slot not served" in error_of(first.call, "GET", next(
        f"k{i}" for i in range(100000) if slot_of(f"k{i}") == 5))
    first.call("CONFIG", "SET", "cluster-allow-reads-when-down", "yes")
    assert first.call("GET", LOW) is None
    assert "only accepts read commands" in error_of(first.call, "SET", LOW, "1")
    for node in (first, second):
        node.call("CONFIG", "SET", "cluster-require-full-coverage", "no")
    wait_for(lambda: first.cluster_info()["cluster_state"] == "ok", 10)
    wait_for(lambda: first.call("SET", LOW, "1") == "OK", 10)
    assert error_of(first.call, "MGET", LOW, HIGH) == "CROSSSLOT Keys in request don't hash to the same slot"


@pytest.mark.parametrize("kind", KINDS)
def test_endpoint_types(nodes, kind):
    first, second = (nodes.add(kind=kind, config={"cluster-announce-hostname": f"host-{i}.example"})
                     for i in range(2))
    form([first, second])
    wait_for(lambda: "host-1.example" in first.call("CLUSTER", "NODES"), 10)
    owner = {"ip": f"127.0.0.1:{second.port}", "hostname": f"host-1.example:{second.port}",
             "unknown-endpoint": f":{second.port}"}
    for kind_of_endpoint, endpoint in owner.items():
        first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", kind_of_endpoint)
        assert error_of(first.call, "GET", HIGH) == f"MOVED 15495 {endpoint}"
    second.call("CONFIG", "SET", "cluster-announce-hostname", "")
    wait_for(lambda: "host-1.example" not in first.call("CLUSTER", "NODES"), 10)
    first.call("CONFIG", "SET", "cluster-preferred-endpoint-type", "hostname")
    assert [entry[2][0] for entry in first.call("CLUSTER", "SLOTS") if entry[0] > 0] == ["?"]


def test_hostnames_travel_between_kinds(nodes):
    ours, theirs = (nodes.add(kind=kind, config={"cluster-announce-hostname": f"{kind}.example"})
                    for kind in ("windlass-node", "redis-server"))
    form([ours, theirs])
    wait_for(lambda: "redis-server.example" in ours.call("CLUSTER", "NODES"), 10)
    wait_for(lambda: "windlass-node.example" in theirs.call("CLUSTER", "NODES"), 10)
    ours.call("CONFIG", "SET", "cluster-announce-hostname", "renamed.example")
    wait_for(lambda: "renamed.example" in theirs.call("CLUSTER", "NODES"), 10)
    wait_cluster_ok(nodes)
