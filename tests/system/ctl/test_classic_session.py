"""The classic session of a cluster's administrator, step by step, with either
tool and either server: after each step every node says what it should.

The four combinations spend most of their time waiting for the cluster's own
timeouts (60 s for which FORGET bans a node), so they run side by side, and beside this
folder's other tests (conftest.py).
"""

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tool import expect_cluster, harness, require_tool, succeed, topology

PASSWORD = "s3cret"
BAN_SECONDS = 60
COMBINATIONS = [(tool, kind) for tool in ("windlassctl", "redis-cli") for kind in harness.KINDS]
KEYS = 3000


class Session:
    def __init__(self, tool, kind, folder):
        self.tool = require_tool(tool, PASSWORD)
        self.nodes = harness.Nodes(folder, kind=kind, password=PASSWORD,
                                   config={"cluster-migration-barrier": 1})

    def run(self):
        with self.nodes:
            for port in harness.free_ports(9):
                self.nodes.add(port=port)
            self.first = self.nodes[0]
            self.cluster = self.nodes.all[:6]
            self.create()
            self.add_empty_master()
            self.reshard_there()
            self.add_replica_by_master_id()
            self.reshard_back()
            self.delete_both()
            self.spare_replica_migrates()
            self.stopped_replica_returns()
            self.deleted_node_haunts_nobody()
            self.deleted_node_joins_anew()
            self.every_key_is_there()

    def owner_of(self, node_id):
        return next(n for n in self.nodes if n.running() and n.id() == node_id)

    def expect(self, down=()):
        running = [n for n in self.cluster if n.running()]
        expect_cluster(running, self.masters, self.replicas, down)

    def create(self):
        succeed(self.tool.create([n.address for n in self.cluster], 1))
        harness.wait_for(lambda: len(topology(self.first)[1]) == 3, 20, "three replicas")
        self.masters, self.replicas = topology(self.first)
        assert sorted(self.masters.values()) == [5461, 5461, 5462]
        assert sorted(self.replicas.values()) == sorted(self.masters)
        self.expect()
        for index in range(KEYS):
            self.write(f"key:{index}", f"value:{index}")

    def write(self, key, value):
        self.on_owner(key, "SET", key, value)

    def on_owner(self, key, *command):
        """The command at whoever the first node says owns the key's slot."""
        if not hasattr(self, "slots_of"):
            self.refresh_slots()
        slot = self.first.connection.execute_command("CLUSTER", "KEYSLOT", key)
        return self.slots_of[slot].connection.execute_command(*command)

    def refresh_slots(self):
        self.slots_of = {}
        by_port = {n.port: n for n in self.nodes}
        for line in self.first.cluster_nodes().values():
            for first, last in line["slots"]:
                for slot in range(first, last + 1):
                    self.slots_of[slot] = by_port[line["port"]]
        for node in self.nodes:
            node.connection = node.client()

    def add_empty_master(self):
        self.empty = self.nodes[6]
        succeed(self.tool.add_node(self.empty.address, self.first.address))
        self.cluster.append(self.empty)
        self.masters[self.empty.id()] = 0
        self.expect()

    def reshard_there(self):
        self.giver = self.first.id()
        before = self.masters[self.giver]
        succeed(self.tool.reshard(self.first.address,
                                  f"100\n{self.empty.id()}\n{self.giver}\ndone\nyes\n"))
        self.masters[self.giver] = before - 100
        self.masters[self.empty.id()] = 100
        self.expect()

    def add_replica_by_master_id(self):
        self.added = self.nodes[7]
        succeed(self.tool.add_node(self.added.address, self.first.address, self.empty.id()))
        self.cluster.append(self.added)
        self.replicas[self.added.id()] = self.empty.id()
        self.expect()

    def reshard_back(self):
        succeed(self.tool.reshard(self.first.address,
                                  f"100\n{self.giver}\n{self.empty.id()}\ndone\nyes\n"))
        self.masters[self.giver] += 100
        # A master that gives its last slot away follows whoever took it, as its
        # replica does.
        del self.masters[self.empty.id()]
        self.replicas[self.empty.id()] = self.giver
        self.replicas[self.added.id()] = self.giver
        self.expect()

    def delete_both(self):
        self.deleted_ids = []
        for node in (self.added, self.empty):
            node_id = node.id()
            shutil.copy(node.nodes_conf, node.folder / "old-nodes.conf")
            self.cluster.remove(node)
            del self.replicas[node_id]
            succeed(self.tool.del_node(self.first.address, node_id))
            if self.tool.name == "windlassctl":
                node.wait_exit()
            else:
                node.terminate()
            self.deleted_ids.append(node_id)
            self.expect()
        self.banned_at = time.monotonic()

    def spare_replica_migrates(self):
        rich, poor = [i for i in self.masters if i != self.giver]
        spare = self.nodes[8]
        succeed(self.tool.add_node(spare.address, self.first.address, rich))
        self.cluster.append(spare)
        self.replicas[spare.id()] = rich
        self.expect()
        candidates = [i for i, master in self.replicas.items() if master == rich]
        self.stopped_id = next(i for i, master in self.replicas.items() if master == poor)
        self.stopped = self.owner_of(self.stopped_id)
        self.stopped.terminate()

        def migrated():
            followers = topology(self.first)[1]
            return [i for i in candidates if followers[i] == poor]
        moved = harness.wait_for(migrated, 40, "a spare replica follows the orphaned master")
        assert len(moved) == 1
        self.replicas[moved[0]] = poor
        self.expect(down={self.stopped_id})

    def stopped_replica_returns(self):
        self.stopped.start()
        self.expect()

    def deleted_node_haunts_nobody(self):
        time.sleep(max(0, self.banned_at + BAN_SECONDS + 1 - time.monotonic()))
        ghost = self.empty
        shutil.copy(ghost.folder / "old-nodes.conf", ghost.nodes_conf)
        ghost.start()
        assert ghost.id() == self.deleted_ids[1]
        # Long enough for its pings and a gossip round to have reached everyone.
        time.sleep(6)
        self.expect()
        ghost.terminate()

    def deleted_node_joins_anew(self):
        self.added.wipe()
        self.added.start()
        fresh_id = self.added.id()
        assert fresh_id not in self.deleted_ids
        succeed(self.tool.add_node(self.added.address, self.first.address))
        self.cluster.append(self.added)
        self.masters[fresh_id] = 0
        self.expect()
        assert "[OK] All 16384 slots covered." in succeed(self.tool.check(self.first.address))

    def every_key_is_there(self):
        self.refresh_slots()
        for index in range(KEYS):
            assert self.on_owner(f"key:{index}", "GET", f"key:{index}") == f"value:{index}"


@contextmanager
def start_sessions(items, tmp_path_factory):
    """The combinations that these tests are for, as {(tool, kind): future}."""
    wanted = {tuple(item.callspec.params[name] for name in ("tool", "kind")) for item in items}
    with ThreadPoolExecutor(len(COMBINATIONS)) as pool:
        yield {(tool, kind): pool.submit(
            Session(tool, kind, tmp_path_factory.mktemp(f"{tool}-{kind}")).run)
            for tool, kind in wanted if harness.server_binary(kind)}


@pytest.mark.parametrize("tool,kind", COMBINATIONS)
def test_the_classic_session(sessions, tool, kind):
    if (tool, kind) not in sessions:
        pytest.fail(f"{kind} is not there: build it or set WINDLASS_BIN")
    sessions[(tool, kind)].result()
