"""Clients that wait for a key when its slot leaves, its node is demoted, or the cluster
goes down."""

import threading

from cluster_tools import form, move_slot, settle, slot_of
from harness import wait_for

SLOT = 200
KEY = next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == SLOT)


class Waiting(threading.Thread):
    def __init__(self, node, *command):
        super().__init__(daemon=True)
        before = int(node.info("clients")["blocked_clients"])
        self.client = node.client(timeout=60)
        self.command, self.answer = command, None
        self.start()
        wait_for(lambda: int(node.info("clients")["blocked_clients"]) == before + 1, 10, f"{command} waits")

    def run(self):
        try:
            self.answer = self.client.execute_command(*self.command)
        except Exception as error:  # noqa: BLE001
            self.answer = str(error)

    def result(self):
        self.join(20)
        assert not self.is_alive(), f"{self.command} still waits"
        return self.answer


def test_a_classic_move_redirects_who_waits(nodes):
    source, target = nodes.add(kind="windlass-node"), nodes.add(kind="windlass-node")
    form([source, target])
    waiters = [Waiting(source, "BLPOP", KEY, 0), Waiting(source, "BZPOPMIN", KEY, 0),
               Waiting(source, "XREAD", "BLOCK", 0, "STREAMS", KEY, "$")]
    other = Waiting(source, "BLPOP", next(f"k{i}" for i in range(1000000) if slot_of(f"k{i}") == 201), 0)
    move_slot(SLOT, source, target, [source, target])
    for waiter in waiters:
        assert waiter.result().endswith(f"{SLOT} {target.address}") and "MOVED" in waiter.result()
    assert other.is_alive()
    assert int(source.info("clients")["blocked_clients"]) == 1


def test_a_demotion_disconnects_who_waits(nodes):
    master, other = nodes.add(kind="windlass-node"), nodes.add(kind="windlass-node")
    replica = nodes.add(kind="windlass-node")
    form([master, other], [replica])
    waiters = [Waiting(master, "BLPOP", KEY, 0), Waiting(master, "WAIT", 5, 0)]
    assert replica.call("CLUSTER", "FAILOVER") == "OK"
    gone = "force unblock from blocking operation, instance state changed (master -> replica?)"
    for waiter in waiters:
        assert gone in waiter.result()
    settle([master, other, replica])
    assert replica.call("RPUSH", KEY, "a") == 1


def test_who_waits_is_told_when_the_cluster_goes_down(nodes):
    master, other, third = (nodes.add(kind="windlass-node", node_timeout_ms=1000) for _ in range(3))
    form([master, other, third])
    waiter = Waiting(master, "BLPOP", KEY, 0)
    other.kill()
    third.kill()
    assert "CLUSTERDOWN" in waiter.result() or "cluster is down" in waiter.result()
