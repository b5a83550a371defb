"""A failover by hand while clients ask with WAIT after each write: the questions for
acknowledgements lengthen the stream whose end the replica must reach."""

import socket
import threading
import time

import pytest
from cluster_tools import form, wait_replica_of
from harness import wait_for

CONNECTIONS = 8
LONGEST_S = 1.5


class Waiters:
    """Connections that SET and WAIT without a pause, on whichever node is the master."""

    def __init__(self, nodes):
        self.nodes = nodes
        self.ended = threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(i,), daemon=True) for i in range(CONNECTIONS)]
        for thread in self.threads:
            thread.start()

    def _run(self, number):
        request = f"SET key:{{shard}}:{number} value\r\nWAIT 1 100\r\n".encode()
        turn = 0
        while not self.ended.is_set():
            node = self.nodes[turn % len(self.nodes)]
            turn += 1
            try:
                with socket.create_connection((node.host, node.port), 5) as link:
                    link.settimeout(10)
                    while not self.ended.is_set():
                        link.sendall(request)
                        answer = b""
                        while answer.count(b"\r\n") < 2:
                            received = link.recv(4096)
                            if not received:
                                raise ConnectionError("closed")
                            answer += received
                        if answer.startswith(b"-"):
                            break
            except OSError:
                time.sleep(0.01)

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join(15)
            assert not thread.is_alive()


# A redis-server that stands a second time within the node timeout takes the votes of its
# first election for those of the second, and is overruled by who has won meanwhile.
@pytest.mark.parametrize("replica_kind, rounds", [("windlass-node", 12), ("redis-server", 2)])
def test_a_failover_by_hand_is_short_although_clients_wait_for_replicas(nodes, replica_kind, rounds):
    masters = [nodes.add(kind="windlass-node") for _ in range(3)]
    replica = nodes.add(kind=replica_kind)
    form(masters, [replica])
    pair = [masters[0], replica]
    waiters = Waiters(pair)
    took = []
    try:
        for _ in range(rounds):
            master, successor = pair
            time.sleep(0.2)
            began = time.monotonic()
            assert successor.call("CLUSTER", "FAILOVER") == "OK"
            wait_for(lambda: successor.info("replication")["role"] == "master", 20, interval=0.002)
            if master.kind == "windlass-node":
                took.append(time.monotonic() - began)
            wait_replica_of(master, successor)
            wait_for(lambda: master.info("replication")["master_link_status"] == "up", 20, interval=0.01)
            pair.reverse()
    finally:
        waiters.stop()
    print("seconds:", " ".join(f"{s:.3f}" for s in took))
    assert max(took) < LONGEST_S
