"""The cluster under test: real processes, each in a namespace of its own."""

import os
import subprocess

import redis
from clocks import Clock, compile_library
from harness import NodeProcess, binary, wait_for
from link_proxy import LinkProxy
from namespaces import Namespace

PORT = 6379


class ChaosNode(NodeProcess):
    """A node in its namespace; `skew`: the library by which its clock can be moved, or None."""

    def __init__(self, folder, kind, place, config, node_timeout_ms, skew):
        super().__init__(folder, kind, port=PORT, host=place.address, config=config, node_timeout_ms=node_timeout_ms)
        self.place = place
        self.clock = Clock(self.folder / "clock")
        self.wrapper = place.inside()
        self.paused = False
        if skew:
            self.environment = self.clock.environment(skew)

    def pause(self):
        self.paused = True
        super().pause()

    def resume(self):
        self.paused = False
        super().resume()

    def kill(self):
        self.paused = False
        super().kill()

    def lose(self, names):
        """Deletes what the predicate names of what it has on disk. It must not be running."""
        assert not self.running()
        for entry in self.folder.iterdir():
            if entry.name not in ("node.log", "redis.conf", "clock") and names(entry.name):
                subprocess.run(["rm", "-rf", str(entry)], check=True)


class ChaosCluster:
    def __init__(self, folder, kind, plan, node_timeout_ms):
        self.kind, self.plan = kind, plan
        config = {"appendonly": "yes", "appendfsync": "everysec", "protected-mode": "no",
                  "cluster-allow-replica-migration": "no", "repl-ping-replica-period": 1, "repl-timeout": 5}
        if plan.promise == "min-acks":
            config["windlass-min-acks"] = 1
        skew = compile_library(folder) if any(fault.kind == "skew" for fault in plan.faults) else None
        self.proxy = LinkProxy(plan.nodes, plan.seed)
        self.places = [Namespace(number) for number in range(plan.nodes)]
        self.nodes = [ChaosNode(folder / f"node-{place.number}", kind, place, config, node_timeout_ms, skew)
                      for place in self.places]
        for node in self.nodes:
            node.start(wait=False)
        for node in self.nodes:
            node.wait_ready(30)

    def __iter__(self):
        return iter(self.nodes)

    def form(self, masters):
        """With the nodes' own commands, as harness.form_cluster, and settled."""
        from cluster_tools import form
        form(self.nodes[:masters], self.nodes[masters:])

    def addresses(self):
        return [node.address for node in self.nodes]

    def reachable(self):
        return [node for node in self.nodes if node.running() and not node.paused]

    def view(self):
        """CLUSTER NODES by the first node that says that the cluster is up, else by any."""
        any_view = {}
        for node in self.reachable():
            try:
                any_view = node.cluster_nodes()
                if node.cluster_info()["cluster_state"] == "ok":
                    return any_view
            except (redis.RedisError, OSError):
                continue
        return any_view

    def by_address(self, address):
        return next((node for node in self.nodes if node.address == address), None)

    def tool(self, *words):
        """A process of windlassctl, its output to be read at its end."""
        return subprocess.Popen([binary("windlassctl"), *map(str, words)], stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, env=dict(os.environ))

    def heal(self):
        """No fault is left, and every node runs."""
        self.proxy.clear()
        for node in self.nodes:
            node.place.unblock_all()
            if node.running():
                node.resume()
            else:
                node.start(wait=False)
        for node in self.nodes:
            wait_for(lambda: self._answers(node), 30, f"{node} answers")

    @staticmethod
    def _answers(node):
        assert node.running(), f"{node} ended with {node.process.returncode}:\n{node.log()[-2000:]}"
        try:
            return node.call("PING") == "PONG"
        except redis.ResponseError:
            return False  # LOADING, MASTERDOWN

    def close(self):
        problems = []
        for node in self.nodes:
            try:
                node.close()
            except AssertionError as error:
                problems.append(str(error))
        self.proxy.close()
        assert not problems, "\n".join(problems)
