"""What a person does when all machines run again: brings nodes that lost their
identity back, has the cluster forget what is no more, repairs half-moved slots."""

import time

import redis
from harness import wait_for

ROUND_S = 0.5


class Administrator:
    def __init__(self, cluster, say):
        self.cluster, self.say = cluster, say

    def rounds(self, until, limit_s):
        """Goes round until `until()` says nothing is wrong; what is, if it lasts too long."""
        deadline = time.monotonic() + limit_s
        while True:
            try:
                wrong = until()
                if not wrong:
                    return None
                self._round()
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
        for _ in range(3):
            if not half_moved():
                return None
            tool = self.cluster.tool("fix", "--yes", self.cluster.nodes[0].address)
            text, _ = tool.communicate(timeout=90)
            self.say(f"            windlassctl fix: {tool.returncode}")
        try:
            wait_for(lambda: not half_moved(), 5)
        except AssertionError:
            return f"open slots that windlassctl fix does not close:\n{text[-1500:]}"
        return None
