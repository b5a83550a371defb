"""Sentinels of redis-server watch nodes that are no cluster: they find the replicas, replace
a master that died or that they are told to replace, and take the old one back."""
import os
import shutil
import subprocess
import sys

import pytest
import redis

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import harness  # noqa: E402
from harness import Nodes, wait_for  # noqa: E402

HOST = "127.0.0.1"
NAME = "watched"
# Above the second at which a Sentinel first asks a master it has just been told of.
DOWN_AFTER_MS = 2000


def fields(words):
    """A reply of names and values, as a dictionary of texts."""
    if isinstance(words, dict):
        return {str(name): str(value) for name, value in words.items()}
    return dict(zip(words[::2], words[1::2]))


class Sentinels:
    """Three processes; two must agree."""

    def __init__(self, folder, master):
        self.folder, self.ports, self.processes = folder, harness.free_ports(3), []
        for port in self.ports:
            config = folder / f"sentinel-{port}.conf"
            config.write_text(f"port {port}\nbind {HOST}\ndir {folder}\nsentinel monitor {NAME} {master.host} {master.port} 2\n"
                              f"sentinel down-after-milliseconds {NAME} {DOWN_AFTER_MS}\nsentinel failover-timeout {NAME} 6000\n")
            with open(folder / f"sentinel-{port}.log", "w", encoding="utf-8") as log:
                self.processes.append(subprocess.Popen([shutil.which("redis-server"), config, "--sentinel"], stdout=log, stderr=log))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait(10)

    def ask(self, *words):
        """Every Sentinel's answer."""
        answers = []
        for port in self.ports:
            with redis.Redis(HOST, port, decode_responses=True, socket_timeout=5) as client:
                answers.append(client.execute_command("SENTINEL", *words))
        return answers

    def failover(self):
        """The first one is told to replace the master; whether it agrees to."""
        with redis.Redis(HOST, self.ports[0], decode_responses=True, socket_timeout=5) as client:
            return client.execute_command("SENTINEL", "FAILOVER", NAME) in (True, "OK")

    def master(self):
        """The port that all of them name, or None."""
        named = {int(port) for _, port in self.ask("GET-MASTER-ADDR-BY-NAME", NAME)}
        return named.pop() if len(named) == 1 else None

    def replicas(self):
        """Of each Sentinel: the ports of the replicas that it finds well."""
        return [{int(r["port"]) for r in map(fields, found) if r["flags"] == "slave" and r["master-link-status"] == "ok"}
                for found in self.ask("REPLICAS", NAME)]

    def know_each_other(self):
        return all(fields(found)["num-other-sentinels"] == "2" for found in self.ask("MASTER", NAME))


@pytest.mark.timeout(180)
@pytest.mark.parametrize("kinds", [["windlass-node"] * 3, ["redis-server", "windlass-node", "redis-server"]], ids=["ours", "mixed"])
def test_sentinels_replace_a_master_and_take_it_back(tmp_path, kinds):
    with Nodes(tmp_path, kind="windlass-node", cluster=False) as nodes:
        # The second of the mixed three is the only one that may stand.
        first = nodes.add(kind=kinds[0])
        others = [nodes.add(kind=kind, config={"replicaof": f"{first.host} {first.port}",
                                               "replica-priority": 100 if kind == "windlass-node" else 0}) for kind in kinds[1:]]
        by_port = {node.port: node for node in [first, *others]}
        wait_for(lambda: first.info("replication")["connected_slaves"] == "2")
        with Sentinels(tmp_path, first) as sentinels:
            ports = {node.port for node in others}
            wait_for(lambda: all(found == ports for found in sentinels.replicas()), 40, "all Sentinels see both replicas")
            wait_for(sentinels.know_each_other, 40)
            assert first.call("SET", "a", "1") == "OK" and first.call("WAIT", 2, 2000) == 2
            first.kill()
            second = by_port[wait_for(lambda: (lambda port: port if port != first.port else None)(sentinels.master()), 40, "another master")]
            assert kinds[list(by_port).index(second.port)] == "windlass-node"
            wait_for(lambda: second.info("replication")["role"] == "master", 20)
            assert second.call("GET", "a") == "1" and second.call("SET", "b", "2") == "OK"
            first.start()
            wait_for(lambda: first.info("replication")["role"] == "slave" and
                     first.info("replication")["master_port"] == str(second.port), 60, "the old master follows the new one")
            wait_for(lambda: first.call("GET", "b") == "2", 20)
            if "redis-server" not in kinds:
                rest = set(by_port) - {second.port}
                wait_for(lambda: all(found == rest for found in sentinels.replicas()), 60, "two replicas again")
                # The failover before has its time-out to end, twice.
                wait_for(lambda: sentinels.failover(), 40, "a Sentinel does as it is told", interval=1)
                third = wait_for(lambda: (lambda port: port if port != second.port else None)(sentinels.master()), 40, "a third master")
                wait_for(lambda: second.info("replication").get("master_port") == str(third), 40, "it hands over")
                assert by_port[third].call("GET", "b") == "2"
