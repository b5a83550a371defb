"""The nemesis: does to the cluster what the plan says, when it says so."""

import heapq
import itertools
import threading
import time

import redis
from harness import wait_for

SETTLE_TIMEOUTS = 3      # node timeouts after a fault's end until replies are promises again
OPERATION_LIMIT_S = 60   # for one planned operation
SAME_AS_SYNCED_S = 1


class Skip(Exception):
    """The fault does not apply to the cluster as it is."""


def is_open(job):
    return job["state"] not in ("success", "failed", "cancelled")


def migrations(node):
    return [dict(zip(job[::2], job[1::2])) for job in node.call("CLUSTER", "GETSLOTMIGRATIONS")]


class Nemesis:
    def __init__(self, cluster, plan, timeout_ms, on_trouble, say):
        """`on_trouble(True)`: something unplanned begins; `on_trouble(False)`: it is over and done with."""
        self.cluster, self.plan, self.on_trouble, self.say = cluster, plan, on_trouble, say
        self.settle_s = SETTLE_TIMEOUTS * timeout_ms / 1000
        self.order = itertools.count()
        self.agenda = []
        self.troubles = 0
        self.operations = []     # threads of planned operations
        self.failures = []       # of planned operations
        self.done = {}           # kind → how often
        self.began = time.monotonic()

    def run(self):
        for fault in self.plan.faults:
            self._at(fault.at_ms / 1000, lambda fault=fault: self._strike(fault))
        end = self.plan.seconds
        while self.agenda and self.agenda[0][0] < end:
            at, _, action = heapq.heappop(self.agenda)
            time.sleep(max(0.0, self.began + at - time.monotonic()))
            action()
        time.sleep(max(0.0, self.began + end - time.monotonic()))

    def finish(self):
        """Call when all is healed: waits for the operations that are still under way."""
        for operation in self.operations:
            operation.join(OPERATION_LIMIT_S)
            if operation.is_alive():
                self.failures.append(f"{operation.name} does not end")

    def all_is_well(self):
        """Call when the cluster has agreed again."""
        while self.troubles:
            self._trouble_ends()

    # What happens when.

    def _at(self, seconds, action):
        heapq.heappush(self.agenda, (seconds, next(self.order), action))

    def _after(self, ms, action):
        self._at(time.monotonic() - self.began + ms / 1000, action)

    def _note(self, text):
        self.say(f"{time.monotonic() - self.began:7.3f} s  {text}")

    def _strike(self, fault):
        node = self.cluster.nodes[fault.node]
        method = getattr(self, "_" + fault.kind.replace("-", "_"))
        try:
            if fault.planned:
                self._operate(fault, method(fault, node))
            else:
                self._hurt(fault, method(fault, node))
            self.done[fault.kind] = self.done.get(fault.kind, 0) + 1
        except (Skip, redis.RedisError, OSError) as why:
            self._note(f"{fault.kind} of node {fault.node}: skipped, {why}")

    def _hurt(self, fault, pair):
        """`pair`: how the fault begins and how it ends."""
        begin, end = pair
        self._note(f"{fault.kind} of node {fault.node}, amount {fault.amount}, others {fault.others}, for {fault.lasts_ms} ms")
        self._trouble_begins()
        begin()

        def over():
            self._note(f"end of {fault.kind} of node {fault.node}")
            end()
            # A stranger in its place is no replica: under windlass-min-acks the shard may
            # answer no writer until the administrator has given it one again.
            if fault.kind != "lose-all" or self.plan.promise != "min-acks":
                self._after(self.settle_s * 1000, self._trouble_ends)
        self._after(fault.lasts_ms, over)

    def _trouble_begins(self):
        self.troubles += 1
        if self.troubles == 1:
            self.on_trouble(True)

    def _trouble_ends(self):
        if self.troubles == 0:
            return
        self.troubles -= 1
        if self.troubles == 0:
            self.on_trouble(False)

    def _operate(self, fault, steps):
        """Planned operations take their time, each in a thread; where all is planned one follows the other."""
        def carry_out():
            try:
                self._note(f"{fault.kind} done: {steps()}")
            except (AssertionError, redis.RedisError, OSError) as error:
                self._note(f"{fault.kind} failed: {error}")
                self.failures.append(f"{fault.kind} at {fault.at_ms} ms: {error}")
        operation = threading.Thread(target=carry_out, name=f"{fault.kind} at {fault.at_ms} ms", daemon=True)
        operation.start()
        self.operations.append(operation)
        if self.plan.profile == "planned":
            operation.join(OPERATION_LIMIT_S)

    # Faults: each returns how it begins and how it ends.

    def _kill(self, fault, node):
        if not node.running():
            raise Skip("it does not run")
        return node.kill, lambda: self._start(node)

    @staticmethod
    def _start(node):
        if not node.running():
            node.start(wait=False)

    def _pause(self, fault, node):
        if not node.running() or node.paused:
            raise Skip("it does not run")
        return node.pause, lambda: node.resume() if node.running() else None

    def _cut(self, pairs):
        """pairs: (who is not heard, by whom)."""
        places = self.cluster.places

        def begin():
            for speaker, listener in pairs:
                places[listener].block_from(places[speaker])

        def end():
            for speaker, listener in pairs:
                places[listener].unblock_from(places[speaker])
        return begin, end

    def _partition(self, fault, node):
        rest = [n for n in range(self.plan.nodes) if n not in fault.others]
        return self._cut([pair for a in fault.others for b in rest for pair in ((a, b), (b, a))])

    def _one_way(self, fault, node):
        return self._cut([(fault.node, other) for other in fault.others])

    def _isolate(self, fault, node):
        return self._cut([pair for other in fault.others for pair in ((fault.node, other), (other, fault.node))])

    def _links(self, fault, **what):
        pairs = [pair for other in fault.others for pair in ((fault.node, other), (other, fault.node))]

        def begin():
            for pair in pairs:
                self.cluster.proxy.path(*pair, **what)

        def end():
            for pair in pairs:
                self.cluster.proxy.path(*pair)
        return begin, end

    def _slow(self, fault, node):
        return self._links(fault, delay_ms=fault.amount, jitter_ms=fault.amount)

    def _lossy(self, fault, node):
        return self._links(fault, loss_percent=fault.amount)

    def _skew(self, fault, node):
        return lambda: node.clock.set(fault.amount), lambda: node.clock.set(0)

    def _lose(self, node, names):
        """Only one copy of a shard may go, and only while all the others are whole."""
        if not node.running() or node.paused:
            raise Skip("it does not run")
        if not self._shard_is_whole(node):
            raise Skip("its shard has no other copy that is whole")

        def begin():
            node.kill()
            node.lose(names)
        return begin, lambda: self._start(node)

    def _lose_data(self, fault, node):
        return self._lose(node, lambda name: name != "nodes.conf")

    def _lose_all(self, fault, node):
        return self._lose(node, lambda name: True)

    def _shard_is_whole(self, node):
        view = node.cluster_nodes()
        me = next(line for line in view.values() if "myself" in line["flags"])
        head = me["master"] or me["id"]
        members = [line for line in view.values() if head in (line["id"], line["master"])]
        if len(members) < 2 or head not in view:
            return False
        for line in members:
            member = self.cluster.by_address(line["address"])
            if member is None or not member.running() or member.paused:
                return False
            if member.id() != line["id"] or member.place.blocked:
                return False
            link = member.info("replication")
            if (link["role"] == "master") != (line["id"] == head):
                return False
            if link["role"] == "slave" and (link["master_link_status"] != "up"
                                            or int(link["master_last_io_seconds_ago"]) > SAME_AS_SYNCED_S):
                return False
        return True

    # Planned operations: each returns what to carry out, which says what came of it.

    def _masters(self):
        """Masters with slots, by address, so that a seed chooses the same ones."""
        view = self.cluster.view()
        return sorted((line for line in view.values()
                       if line["slot_count"] and not {"fail", "fail?"} & set(line["flags"])
                       and self.cluster.by_address(line["address"]) in self.cluster.reachable()),
                      key=lambda line: line["address"])

    def _giver_and_taker(self, fault):
        masters = self._masters()
        givers = [line for line in masters if line["slot_count"] > fault.amount]
        if len(masters) < 2 or not givers:
            raise Skip("no two masters to move slots between")
        giver = givers[fault.pick % len(givers)]
        takers = [line for line in masters if line is not giver]
        return giver, takers[fault.pick // len(givers) % len(takers)]

    def _reshard_atomic(self, fault, node):
        giver, taker = self._giver_and_taker(fault)
        first, last = giver["slots"][fault.pick % len(giver["slots"])]
        last = min(last, first + fault.amount - 1)
        source = self.cluster.by_address(giver["address"])
        self._note(f"reshard-atomic of {first}-{last} from {giver['address']} to {taker['address']}")

        def steps():
            assert source.call("CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", first, last, "NODE", taker["id"]) == "OK"
            wait_for(lambda: not any(is_open(job) for job in migrations(source)), OPERATION_LIMIT_S, "the migration ends")
            states = {job["state"] for job in migrations(source) if job["slot_ranges"] == f"{first}-{last}"}
            assert "success" in states or self.plan.profile != "planned", f"{first}-{last}: {states}, {migrations(source)[:1]}"
            return f"{first}-{last} {states or 'unknown here'}"
        return steps

    def _reshard_classic(self, fault, node):
        giver, taker = self._giver_and_taker(fault)
        self._note(f"reshard-classic of {fault.amount} slots from {giver['address']} to {taker['address']}")

        def steps():
            tool = self.cluster.tool("reshard", "--from", giver["id"], "--to", taker["id"], "--slots", fault.amount,
                                     "--pipeline", 20, "--timeout", 5000, "--yes", giver["address"])
            try:
                text, _ = tool.communicate(timeout=OPERATION_LIMIT_S)
            finally:
                if tool.poll() is None:
                    tool.kill()
                    tool.wait(10)
            assert tool.returncode == 0, f"windlassctl: {text[-300:]}"
            return f"{fault.amount} slots"
        return steps

    def _replicas(self):
        view = self.cluster.view()
        return view, sorted((line for line in view.values() if line["master"] in view and "slave" in line["flags"]
                             and not {"fail", "fail?"} & set(line["flags"])
                             and self.cluster.by_address(line["address"]) in self.cluster.reachable()),
                            key=lambda line: line["address"])

    def _failover(self, fault, node):
        _, replicas = self._replicas()
        if not replicas:
            raise Skip("no replica")
        replica = self.cluster.by_address(replicas[fault.pick % len(replicas)]["address"])

        def steps():
            if replica.info("replication").get("master_link_status") != "up":
                return f"{replica} is not in sync"
            assert replica.call("CLUSTER", "FAILOVER") == "OK"
            wait_for(lambda: replica.info("replication")["role"] == "master", 15, f"{replica} is master")
            return f"{replica} is master"
        return steps

    def _restart(self, fault, node):
        if not node.running() or node.paused:
            raise Skip("it does not run")

        def steps():
            node.terminate(20)
            node.start(timeout=20)
            if self.plan.profile == "planned":
                wait_for(lambda: node.cluster_info()["cluster_state"] == "ok", 20, f"{node} is back")
            return f"{node} is back"
        return steps

    def _replica_move(self, fault, node):
        view, replicas = self._replicas()
        followers = {}
        for line in replicas:
            followers.setdefault(line["master"], []).append(line)
        for master in self._masters():
            followers.setdefault(master["id"], [])
        rich = next((lines for lines in followers.values() if len(lines) > 1), None)
        if rich is None:
            raise Skip("no shard has a replica to spare")
        others = sorted(head for head in followers if head != rich[0]["master"] and head in view)
        replica = self.cluster.by_address(rich[fault.pick % len(rich)]["address"])
        target = view[others[fault.pick // 7 % len(others)]]

        def steps():
            assert replica.call("CLUSTER", "REPLICATE", target["id"]) == "OK"
            wait_for(lambda: replica.info("replication").get("master_link_status") == "up", 20, f"{replica} is in sync")
            return f"{replica} follows {target['address']}"
        return steps


