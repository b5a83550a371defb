"""Cluster nodes that hold no data: what windlass-node answers to the operator's
questions, for thousands of nodes in one process.

One listener serves all of 127.0.0.0/8: the address that was called says which node
is meant. Nodes that have met share one view of their cluster at once, as if gossip
took no time; slots move in no time.
"""

import asyncio
import hashlib
import time

PORT = 6379
SLOTS = 16384


class Cluster:
    """The nodes that have met."""

    def __init__(self, node):
        self.nodes = {node.id: node}
        self.epoch = 0
        self.lines = None  # of CLUSTER NODES, by node id; None: to be made anew
        self.version = 0   # of what its nodes answer

    def changed(self):
        self.lines = None
        self.version += 1

    def assigned(self):
        return sum(len(node.slots) for node in self.nodes.values())

    def take(self, other):
        for node in other.nodes.values():
            node.cluster = self
            self.nodes[node.id] = node
        self.changed()

    def lines_by_id(self):
        if self.lines is None:
            self.lines = {node.id: node.line() for node in self.nodes.values()}
        return self.lines


class Node:
    def __init__(self, address, name):
        self.address = address
        self.name = name
        self.id = hashlib.sha1(f"{name} {address} {time.time()}".encode()).hexdigest()
        self.run_id = hashlib.sha1(self.id.encode()).hexdigest()
        self.master = None
        self.slots = set()
        self.epoch = 0
        self.settings = {}
        self.replies = {}      # by what was asked, of this version of the cluster:
        self.replies_of = None
        self.cluster = Cluster(self)

    def ranges(self):
        ranges, slots = [], sorted(self.slots)
        for slot in slots:
            if ranges and ranges[-1][1] == slot - 1:
                ranges[-1][1] = slot
            else:
                ranges.append([slot, slot])
        return [f"{a}-{b}" if a != b else str(a) for a, b in ranges]

    def line(self):
        role = f"slave {self.master.id}" if self.master else "master -"
        words = [self.id, f"{self.address}:{PORT}@{PORT + 10000},{self.name}", role, "0", "0", str(self.epoch), "connected"]
        return " ".join(words + self.ranges())

    def nodes_text(self):
        lines = dict(self.cluster.lines_by_id())
        role = "slave" if self.master else "master"
        lines[self.id] = lines[self.id].replace(f" {role} ", f" myself,{role} ", 1)
        return "\n".join(lines.values()) + "\n"

    def cluster_info(self):
        masters = sum(1 for node in self.cluster.nodes.values() if node.slots)
        assigned = self.cluster.assigned()
        return (f"cluster_state:{'ok' if assigned == SLOTS else 'fail'}\r\ncluster_slots_assigned:{assigned}\r\n"
                f"cluster_slots_ok:{assigned}\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\n"
                f"cluster_known_nodes:{len(self.cluster.nodes)}\r\ncluster_size:{masters}\r\n"
                f"cluster_current_epoch:{self.cluster.epoch}\r\ncluster_my_epoch:{self.epoch}\r\n")

    def replication(self):
        if self.master:
            return (f"role:slave\r\nmaster_host:{self.master.address}\r\nmaster_port:{PORT}\r\nmaster_link_status:up\r\n"
                    "master_last_io_seconds_ago:1\r\nmaster_sync_in_progress:0\r\nslave_read_repl_offset:1400\r\n"
                    "slave_repl_offset:1400\r\nslave_priority:100\r\nslave_read_only:1\r\nconnected_slaves:0\r\n"
                    f"master_replid:{self.master.run_id}\r\n")
        replicas = [node for node in self.cluster.nodes.values() if node.master is self]
        text = f"role:master\r\nconnected_slaves:{len(replicas)}\r\n"
        for number, node in enumerate(replicas):
            text += f"slave{number}:ip={node.address},port={PORT},state=online,offset=1400,lag=0\r\n"
        return text + f"master_replid:{self.run_id}\r\nmaster_repl_offset:1400\r\n"

    def info(self):
        return (f"# Server\r\nredis_version:7.2.4\r\nwindlass_version:0.1.0\r\nredis_mode:cluster\r\nprocess_id:1\r\nrun_id:{self.run_id}\r\n"
                f"tcp_port:{PORT}\r\nuptime_in_seconds:100000\r\n# Memory\r\nused_memory:2000000\r\nused_memory_rss:9000000\r\n"
                f"maxmemory:{self.settings.get('maxmemory', '402653184')}\r\nmaxmemory_policy:noeviction\r\n# Persistence\r\n"
                "loading:0\r\nrdb_bgsave_in_progress:0\r\naof_enabled:1\r\naof_last_write_status:ok\r\n# Stats\r\n"
                "total_connections_received:100\r\ntotal_commands_processed:100000\r\ninstantaneous_ops_per_sec:100\r\n"
                "total_net_input_bytes:1000000\r\ntotal_net_output_bytes:1000000\r\ntotal_net_repl_input_bytes:0\r\n"
                "total_net_repl_output_bytes:0\r\nevicted_keys:0\r\nexpired_keys:0\r\nkeyspace_hits:1\r\nkeyspace_misses:1\r\n"
                f"# Replication\r\n{self.replication()}# CPU\r\nused_cpu_sys:1.000000\r\nused_cpu_user:1.000000\r\n")

    # Commands: each returns bytes.

    def execute(self, words):
        name = words[0].upper()
        if name == "CLUSTER":
            return self.on_cluster(words[1].upper(), words[2:])
        if name == "INFO":
            return bulk(self.info())
        if name == "DBSIZE":
            return b":%d\r\n" % len((self.master or self).slots)
        if name == "ROLE":
            return array([bulk("slave" if self.master else "master")])
        if name == "CONFIG" and words[1].upper() == "SET":
            self.settings.update(zip(words[2::2], words[3::2]))
            self.cluster.changed()
        return b"+OK\r\n"

    def on_cluster(self, verb, words):
        if verb == "NODES":
            return bulk(self.nodes_text())
        if verb == "INFO":
            return bulk(self.cluster_info())
        if verb == "GETSLOTMIGRATIONS":
            return b"*0\r\n"
        if verb == "COUNTKEYSINSLOT":
            return b":0\r\n"
        if verb == "SLOT-STATS":
            return array([STATS[slot] for slot in sorted(self.slots)])
        change = getattr(self, "cluster_" + verb.lower().replace("-", "_"), None)
        if change is None:
            return b"-ERR unknown subcommand\r\n"
        self.cluster.changed()
        answer = change(words)
        self.cluster.changed()
        return answer or b"+OK\r\n"

    def cluster_meet(self, words):
        other = Nodes.by_address.get(words[0])
        if other is not None and other.cluster is not self.cluster:
            self.cluster.take(other.cluster)

    def cluster_set_config_epoch(self, words):
        self.epoch = int(words[0])
        self.cluster.epoch = max(self.cluster.epoch, self.epoch)

    def cluster_addslotsrange(self, words):
        for first, last in zip(words[0::2], words[1::2]):
            self.slots.update(range(int(first), int(last) + 1))

    def cluster_replicate(self, words):
        master = self.cluster.nodes.get(words[0])
        if master is None:
            return b"-ERR Unknown node\r\n"
        self.master = master

    def cluster_forget(self, words):
        self.cluster.nodes.pop(words[0], None)

    def cluster_migrateslots(self, words):
        end = words.index("NODE")
        target = self.cluster.nodes[words[end + 1]]
        for first, last in zip(words[1:end:2], words[2:end:2]):
            moved = set(range(int(first), int(last) + 1)) & self.slots
            self.slots -= moved
            target.slots |= moved

    def cluster_failover(self, words):
        master = self.master
        if master is None:
            return b"-ERR You should send CLUSTER FAILOVER to a replica\r\n"
        self.slots, master.slots, self.master = master.slots, set(), None
        for node in self.cluster.nodes.values():
            if node is master or node.master is master:
                node.master = self
        self.cluster.epoch += 1
        self.epoch = self.cluster.epoch


def bulk(text):
    data = text.encode()
    return b"$%d\r\n%s\r\n" % (len(data), data)


def array(items):
    return b"*%d\r\n%s" % (len(items), b"".join(items))


# Of every slot its row of SLOT-STATS: all that is asked for by a thousand masters at their start.
STATS = [array([b":%d\r\n" % slot, array([bulk("key-count"), b":1\r\n", bulk("memory-bytes"), b":100\r\n"])])
         for slot in range(SLOTS)]


class Link(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.node = Nodes.by_address.get(transport.get_extra_info("sockname")[0])
        self.rest = b""
        if self.node is None:
            transport.abort()

    def data_received(self, data):
        node = self.node
        if node.replies_of != (node.cluster, node.cluster.version):
            node.replies, node.replies_of = {}, (node.cluster, node.cluster.version)
        if not self.rest and node.name not in Nodes.watched and (known := node.replies.get(data)):
            self.transport.write(known)
            return
        whole = not self.rest
        self.rest += data
        replies = []
        while (command := self.next_command()) is not None:
            if self.node.name in Nodes.watched:
                Nodes.watched.pop(self.node.name)(command)
            replies.append(self.node.execute(command))
        if replies:
            self.transport.write(b"".join(replies))
        if whole and not self.rest and node.replies_of == (node.cluster, node.cluster.version):
            node.replies[data] = b"".join(replies)

    def next_command(self):
        """One command that has come whole; None while there is none."""
        line_end = self.rest.find(b"\r\n")
        if line_end < 0:
            return None
        words, at = [], line_end + 2
        for _ in range(int(self.rest[1:line_end])):
            end = self.rest.find(b"\r\n", at)
            if end < 0:
                return None
            size = int(self.rest[at + 1:end])
            if len(self.rest) < end + 2 + size + 2:
                return None
            words.append(self.rest[end + 2:end + 2 + size].decode())
            at = end + 2 + size + 2
        self.rest = self.rest[at:]
        return words


class Nodes:
    """All there are."""

    by_address = {}
    by_name = {}   # namespace/pod
    watched = {}   # pod → what is to be called at its next command
    numbers = iter(range(1, 1 << 22))

    @classmethod
    def add(cls, space, pod):
        number = next(cls.numbers)
        node = Node(f"127.{1 + number // 62500}.{number // 250 % 250}.{1 + number % 250}", pod)
        cls.by_address[node.address] = cls.by_name[f"{space}/{pod}"] = node
        return node

    @classmethod
    def remove(cls, space, pod):
        node = cls.by_name.pop(f"{space}/{pod}", None)
        if node is not None:
            cls.by_address.pop(node.address, None)

    @staticmethod
    async def serve():
        return await asyncio.get_running_loop().create_server(Link, "0.0.0.0", PORT, backlog=4096)
