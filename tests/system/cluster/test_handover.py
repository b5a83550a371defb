"""SIGTERM to a master: a replica that has caught up takes over first, and clients
see redirections, nothing else."""

import threading
import time

import pytest
import redis
from cluster_tools import (Writer, check_values, cluster_client, form, is_master, settle, slot_of, wait_master,
                           wait_replica_of)
from harness import KINDS, wait_cluster_ok, wait_for


class Watcher(threading.Thread):
    """One plain connection to the master: notes every kind of error it answers with."""

    def __init__(self, node, key):
        super().__init__(daemon=True)
        self.node = node
        self.key = key
        self.errors = []
        self.replies = 0

    def run(self):
        client = self.node.client()
        client.connection_pool.connection_kwargs["retry_on_timeout"] = False
        try:
            while True:
                try:
                    client.execute_command("SET", self.key, self.replies)
                except redis.exceptions.ResponseError as error:
                    self.errors.append(str(error))
                    if not str(error).startswith("MOVED "):
                        return
                    time.sleep(0.005)
                self.replies += 1
        except redis.exceptions.ConnectionError:
            pass  # it has ended
        finally:
            client.close()


@pytest.mark.parametrize("replica_kind", KINDS)
def test_sigterm_hands_over_and_clients_see_only_moved(nodes, replica_kind):
    masters = [nodes.add(kind="windlass-node") for _ in range(3)]
    replica = nodes.add(kind=replica_kind)
    form(masters, [replica])
    leaving = masters[0]
    key = next(f"w{i}" for i in range(1000) if slot_of(f"w{i}") <= 5460)
    writer = Writer(cluster_client(masters), keys=500)
    watcher = Watcher(leaving, key)
    writer.start()
    watcher.start()
    wait_for(lambda: writer.count > 500)
    began = time.monotonic()
    assert leaving.terminate(20) == 0
    assert time.monotonic() - began < 5
    watcher.join(10)
    assert watcher.errors, "it was redirected before the connection ended"
    assert all(error.startswith("MOVED ") for error in watcher.errors), set(watcher.errors)
    assert "ready to exit, bye bye" in leaving.log()
    assert is_master(replica), "already when the old master had gone"
    count = writer.count
    wait_for(lambda: writer.error or writer.count > count + 300)
    acknowledged = writer.stop()
    check_values(cluster_client(masters[1:] + [replica]), acknowledged)
    assert writer.longest_s < 1.5
    # Nobody ever thought the cluster was down.
    for node in masters[1:] + [replica]:
        assert node.cluster_info()["cluster_state"] == "ok"
    # It comes back as a replica of its successor.
    leaving.start()
    wait_for(lambda: leaving.info("replication").get("master_link_status") == "up", 20)
    assert not is_master(leaving)


def test_of_two_replicas_one_takes_over_and_the_other_follows_it(nodes):
    masters = [nodes.add(kind="windlass-node") for _ in range(3)]
    replicas = [nodes.add(kind="windlass-node") for _ in range(2)]
    form(masters, replicas)  # the second one follows the second master at first
    replicas[1].call("CLUSTER", "REPLICATE", masters[0].id())
    wait_replica_of(replicas[1], masters[0])
    settle(nodes)
    masters[0].call("SET", next(f"w{i}" for i in range(1000) if slot_of(f"w{i}") <= 5460), "v")
    assert masters[0].terminate(20) == 0
    wait_for(lambda: sum(is_master(node) for node in replicas) == 1, 5)
    winner = next(node for node in replicas if is_master(node))
    other = next(node for node in replicas if node is not winner)
    wait_for(lambda: other.info("replication").get("master_link_status") == "up"
             and other.info("replication")["master_port"] == str(winner.port), 20)
    assert other.call("DBSIZE") == 1


def test_without_a_replica_it_just_ends(nodes):
    masters = [nodes.add(kind="windlass-node") for _ in range(2)]
    form(masters)
    began = time.monotonic()
    assert masters[0].terminate(10) == 0
    assert time.monotonic() - began < 2


def test_a_replica_that_cannot_take_over_delays_the_end_by_the_time_limit_only(nodes):
    masters = [nodes.add(kind="windlass-node", config={"shutdown-timeout": 2}) for _ in range(3)]
    replica = nodes.add(kind="redis-server")
    form(masters, [replica])
    replica.pause()
    began = time.monotonic()
    assert masters[0].terminate(10) == 0
    assert time.monotonic() - began < 4
    replica.resume()
    wait_master(replica, 30)
    wait_cluster_ok([replica] + masters[1:])
