"""What several of this folder's tests need: keys by slot, a writer that keeps
count, clusters of both kinds of server."""

import threading
import time

import redis
from harness import form_cluster, wait_for

OTHER_KIND = {"redis-server": "windlass-node", "windlass-node": "redis-server"}


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1 & 0xFFFF
    return crc


def slot_of(key):
    start = key.find("{")
    if start >= 0:
        end = key.find("}", start + 1)
        if end > start + 1:
            key = key[start + 1:end]
    return crc16(key.encode()) % 16384


def error_of(call, *words):
    """The error line of a command that must be refused."""
    try:
        reply = call(*words)
    except redis.exceptions.ResponseError as error:
        return str(error)
    raise AssertionError(f"{words} was not refused: {reply!r}")


def cluster_client(nodes, **options):
    """python3-redis's own cluster client."""
    from redis.cluster import ClusterNode, RedisCluster
    return RedisCluster(startup_nodes=[ClusterNode(node.host, node.port) for node in nodes],
                        decode_responses=True, socket_timeout=5, **options)


def master_ids(node):
    """{id: line} of the masters that own slots and are not failing, as `node` sees it."""
    return {key: line for key, line in node.cluster_nodes().items()
            if "master" in line["flags"] and line["slot_count"] and "fail" not in line["flags"]}


def is_master(node):
    return "master" in next(line for line in node.cluster_nodes().values()
                            if "myself" in line["flags"])["flags"]


def wait_master(node, timeout=30):
    wait_for(lambda: is_master(node) and node.info("replication")["role"] == "master", timeout,
             f"{node} is master")


def wait_replica_of(node, master, timeout=30):
    wait_for(lambda: next(line for line in node.cluster_nodes().values()
                          if "myself" in line["flags"])["master"] == master.id()
             and node.info("replication").get("master_link_status") == "up", timeout,
             f"{node} follows {master}")


def settle(nodes, timeout=30):
    """Waits until all of these nodes see the same roles, owners and health: an
    election asks all masters, and one that has not heard of the replica refuses."""
    def view(node):
        return {key: (line["master"], tuple(line["slots"]),
                      tuple(sorted(set(line["flags"]) & {"master", "slave", "fail", "fail?", "handshake"})),
                      line["link"] if "fail" not in line["flags"] else "")
                for key, line in node.cluster_nodes().items()}

    def agree():
        views = [view(node) for node in nodes]
        return all(v == views[0] for v in views) and "disconnected" not in str(views[0])
    wait_for(agree, timeout, "all nodes agree")


def form(masters, replicas=()):
    """form_cluster, and everyone knows who follows whom."""
    form_cluster(masters, replicas)
    settle(list(masters) + list(replicas))


def move_slot(slot, source, target, everyone, keys_at_once=10, timeout_ms=5000):
    """What a resharding tool does to one slot."""
    target.call("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id())
    source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id())
    while True:
        keys = source.call("CLUSTER", "GETKEYSINSLOT", slot, keys_at_once)
        if not keys:
            break
        reply = source.call("MIGRATE", target.host, target.port, "", 0, timeout_ms, "KEYS", *keys)
        assert reply in ("OK", "NOKEY")
    for node in [target, source] + [n for n in everyone if n not in (target, source) and is_master(n)]:
        node.call("CLUSTER", "SETSLOT", slot, "NODE", target.id())


class Writer(threading.Thread):
    """Writes numbered values through a cluster client until stopped, one key after
    the other, and remembers what was acknowledged. An error ends it and is kept."""

    def __init__(self, client, keys=200):
        super().__init__(daemon=True)
        self.client = client
        self.keys = keys
        self.acknowledged = {}
        self.error = None
        self.longest_s = 0.0
        self.count = 0
        self._ending = threading.Event()

    def run(self):
        try:
            while not self._ending.is_set():
                key = f"key:{self.count % self.keys}"
                value = str(self.count)
                began = time.monotonic()
                self.client.set(key, value)
                self.longest_s = max(self.longest_s, time.monotonic() - began)
                self.acknowledged[key] = value
                if self.client.get(key) != value:
                    raise AssertionError(f"{key} was not read back as {value}")
                self.count += 1
        except Exception as error:  # noqa: BLE001: reported by stop()
            self.error = error

    def stop(self):
        self._ending.set()
        self.join(30)
        assert not self.is_alive()
        if self.error:
            raise AssertionError(f"after {self.count} writes: {self.error!r}") from self.error
        return self.acknowledged


def check_values(client, expected):
    lost = {key: (value, client.get(key)) for key, value in expected.items() if client.get(key) != value}
    assert not lost
