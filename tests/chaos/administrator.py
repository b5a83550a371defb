"""What a person does when all machines run again: brings nodes that lost their
identity back, has the cluster forget what is no more, repairs half-moved slots."""

import re
import time

import redis
from harness import wait_for

ROUND_S = 0.5
FIX_AFTER_S = 15  # of disagreement: tools that moved the same slots at once may have left none an owner
CONFLICT = re.compile(r"key '(\S+)' of slot \d+ has different values at (\S+) and (\S+):")


class Administrator:
    def __init__(self, cluster, say, slots_were_moved):
        self.cluster, self.say, self.slots_were_moved = cluster, say, slots_were_moved

    def rounds(self, until, limit_s):
        """Goes round until `until()` says nothing is wrong; what is, if it lasts too long."""
        deadline = time.monotonic() + limit_s
        fix_at = time.monotonic() + FIX_AFTER_S
        while True:
            try:
                wrong = until()
                if not wrong:
                    return None
                self._round()
                if self.slots_were_moved and time.monotonic() > fix_at:
                    fix_at = time.monotonic() + FIX_AFTER_S
                    self.say(f"            still {wrong}")
                    self._fix()
            except (redis.RedisError, OSError, StopIteration) as error:
                wrong = f"{type(error).__name__}: {error}"
            if time.monotonic() > deadline:
                return wrong
            time.sleep(ROUND_S)

    def _round(self):
        living = {node.id(): node for node in self.cluster}
        views = {node: node.cluster_nodes() for node in self.cluster}
        member = self._member(living, views)
        for identity, node in living.items():
            if identity not in views[member] and not self._handshake_with(views[member], node):
                self.say(f"            meets {node}")
                member.call("CLUSTER", "MEET", node.host, node.port)
        owners = {identity for view in views.values() for identity, line in view.items() if line["slot_count"]}
        ghosts = {identity for view in views.values() for identity, line in view.items()
                  if identity not in living and "handshake" not in line["flags"]} - owners
        for ghost in ghosts:
            self._forget(ghost)
        for node, view in views.items():
            self._put_to_use(node, view, views)

    @staticmethod
    def _member(living, views):
        """A node that the most others know."""
        return max(views, key=lambda node: sum(next(i for i, n in living.items() if n is node) in view
                                               for view in views.values()))

    @staticmethod
    def _handshake_with(view, node):
        return any("handshake" in line["flags"] and line["address"] == node.address for line in view.values())

    def _forget(self, ghost):
        self.say(f"            forgets {ghost}")
        for node in self.cluster:
            try:
                node.call("CLUSTER", "FORGET", ghost)
            except redis.ResponseError:
                pass  # it does not know it, or follows it: the next round

    def _put_to_use(self, node, view, views):
        """A master without slots follows the master with the fewest replicas."""
        me = next(line for line in view.values() if "myself" in line["flags"])
        if "master" not in me["flags"] or me["slot_count"] or len(view) < len(views):
            return
        masters = [line for line in view.values() if line["slot_count"] and not {"fail", "fail?"} & set(line["flags"])]
        if not masters or any(me["id"] not in other for other in views.values()):
            return
        fewest = min(masters, key=lambda m: (sum(line["master"] == m["id"] for line in view.values()), m["address"]))
        self.say(f"            {node} follows {fewest['address']}")
        node.call("CLUSTER", "REPLICATE", fewest["id"])

    def close_open_slots(self):
        def half_moved():
            return [node for node in self.cluster for line in node.cluster_nodes().values()
                    if line["migrating"] or line["importing"]]
        text = ""
        for _ in range(8):
            if not half_moved():
                return None
            text = self._fix()
            conflict = CONFLICT.search(text)
            if conflict:
                self._settle(*conflict.groups())
        try:
            wait_for(lambda: not half_moved(), 5)
        except AssertionError:
            return f"open slots that windlassctl fix does not close:\n{text[-1500:]}"
        return None

    def _fix(self):
        tool = self.cluster.tool("fix", "--yes", self.cluster.nodes[0].address)
        text, _ = tool.communicate(timeout=90)
        self.say(f"            windlassctl fix: {tool.returncode}")
        return text

    def _settle(self, key, importer, owner):
        """A source that was killed within a MIGRATE has the key, and so has the target; once one
        of them was written to, only a person can say which is the one. Here the ledger's values
        are numbered; of other keys the owner's, which clients were served, is kept."""
        values = {}
        for address in (importer, owner):
            pipe = self.cluster.by_address(address).client().pipeline(transaction=False)
            pipe.execute_command("ASKING").execute_command("GET", key)
            values[address] = pipe.execute()[1]
        numbers = [int((values[address] or "0").partition(":")[0]) if key.startswith("ledger") else 0
                   for address in (importer, owner)]
        wrong = owner if numbers[0] > numbers[1] else importer
        self.say(f"            {key} has two values, {numbers}: deletes the one at {wrong}")
        pipe = self.cluster.by_address(wrong).client().pipeline(transaction=False)
        pipe.execute_command("ASKING").execute_command("DEL", key)
        pipe.execute()
