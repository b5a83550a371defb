"""The two cluster tools under one face, and what every node must say."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import harness  # noqa: E402


class Windlassctl:
    name = "windlassctl"

    def __init__(self, password):
        self.program = harness.binary("windlassctl")
        self.password = password

    def available(self):
        return self.program is not None

    def run(self, command, *words, stdin=None, timeout=60, secret_in_env=False):
        auth = ["-a", self.password] if self.password and not secret_in_env else []
        env = {"REDISCLI_AUTH": self.password} if secret_in_env else None
        return harness.run_tool(self.program, command, *auth, *words, stdin=stdin, timeout=timeout,
                                env=env)

    def create(self, addresses, replicas):
        return self.run("create", "--replicas", replicas, *addresses, stdin="yes\n")

    def add_node(self, fresh, existing, master_id=None):
        role = ["--replica", "--master-id", master_id] if master_id else []
        return self.run("add-node", *role, fresh, existing)

    def reshard(self, address, answers):
        return self.run("reshard", address, stdin=answers)

    def del_node(self, address, node_id):
        return self.run("del-node", address, node_id)

    def check(self, address):
        return self.run("check", address)


class RedisCli:
    name = "redis-cli"

    def __init__(self, password):
        self.program = shutil.which("redis-cli")
        self.password = password

    def available(self):
        return self.program is not None

    def run(self, *words, stdin=None, timeout=60):
        auth = ["-a", self.password, "--no-auth-warning"] if self.password else []
        return harness.run_tool(self.program, *auth, "--cluster", *words, stdin=stdin, timeout=timeout)

    def create(self, addresses, replicas):
        return self.run("create", *addresses, "--cluster-replicas", replicas, stdin="yes\n")

    def add_node(self, fresh, existing, master_id=None):
        role = ["--cluster-slave", "--cluster-master-id", master_id] if master_id else []
        return self.run("add-node", fresh, existing, *role)

    def reshard(self, address, answers):
        """One answer a question: this tool mixes buffered and unbuffered reads, so
        it would lose answers that lie in the pipe before they are asked for."""
        command = [self.program, "-a", self.password, "--no-auth-warning", "--cluster", "reshard",
                   address]
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=said,
                                       stderr=subprocess.STDOUT, text=True)
            try:
                for number, answer in enumerate(answers.splitlines(), 1):
                    harness.wait_for(lambda: self._questions(said) >= number or
                                     process.poll() is not None, 30, f"question {number}")
                    if process.poll() is not None:
                        break
                    process.stdin.write(answer + "\n")
                    process.stdin.flush()
                code = process.wait(60)
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            said.seek(0)
            return subprocess.CompletedProcess(command, code, said.read(), "")

    @staticmethod
    def _questions(said):
        text = os.pread(said.fileno(), 1 << 22, 0).decode()
        return len(re.findall(r"16384\)\? |node ID\? |Source node #\d+: |\(yes/no\)\? ", text))

    def del_node(self, address, node_id):
        return self.run("del-node", address, node_id)

    def check(self, address):
        return self.run("check", address)


TOOLS = {tool.name: tool for tool in (Windlassctl, RedisCli)}


def require_tool(name, password):
    tool = TOOLS[name](password)
    if not tool.available():
        pytest.fail(f"{name} is not there: build it or set WINDLASS_BIN")
    return tool


def succeed(result):
    """The tool's standard output; fails with all it said if it did not exit 0."""
    assert result.returncode == 0, f"exit code {result.returncode}\n{result.stdout}\n{result.stderr}"
    return result.stdout


def disagreement(nodes, masters, replicas, down=()):
    """What keeps CLUSTER NODES and CLUSTER INFO of each node from saying exactly
    this, or "". masters: {id: slot count}; replicas: {id: master id}; down: ids
    flagged fail, of either kind."""
    for node in nodes:
        lines = node.cluster_nodes()
        expected = set(masters) | set(replicas)
        if set(lines) != expected:
            return f"{node} lists {sorted(lines)}, not {sorted(expected)}"
        own_id = node.id()
        for node_id, line in lines.items():
            who = f"{node} says of {line['address']} ({node_id[:8]}): {line['flags']}"
            role = "master" if node_id in masters else "slave"
            flags = set(line["flags"]) - ({"myself"} if node_id == own_id else set())
            if flags != ({role, "fail"} if node_id in down else {role}):
                return who
            if role == "slave" and line["master"] != replicas[node_id]:
                return f"{who}, replicating {line['master']}"
            if line["slot_count"] != masters.get(node_id, 0):
                return f"{who}, {line['slot_count']} slots, not {masters.get(node_id, 0)}"
            if line["migrating"] or line["importing"]:
                return f"{who}, open slots"
            if node_id not in down and line["link"] != "connected":
                return f"{who}, link {line['link']}"
        info = node.cluster_info()
        master_id = own_id if own_id in masters else replicas[own_id]
        facts = {
            "cluster_state": "ok",
            "cluster_slots_assigned": "16384",
            "cluster_slots_ok": "16384",
            "cluster_slots_pfail": "0",
            "cluster_slots_fail": "0",
            "cluster_known_nodes": str(len(expected)),
            "cluster_size": str(sum(1 for count in masters.values() if count)),
            "cluster_my_epoch": str(lines[master_id]["epoch"]),
        }
        for field, value in facts.items():
            if info.get(field) != value:
                return f"{node} says {field}:{info.get(field)}, not {value}"
    epochs = {node.cluster_info()["cluster_current_epoch"] for node in nodes}
    return "" if len(epochs) == 1 else f"current epochs {sorted(epochs)}"


def expect_cluster(nodes, masters, replicas, down=(), timeout=30):
    """Waits until every node says so."""
    last = ["never asked"]

    def agreed():
        last[0] = disagreement(nodes, masters, replicas, down)
        return not last[0]

    try:
        harness.wait_for(agreed, timeout, "the cluster looks as it should", interval=0.2)
    except AssertionError as error:
        raise AssertionError(f"{error}: {last[0]}") from None


def topology(node):
    """({master id: slot count}, {replica id: master id}) as one node says it."""
    lines = node.cluster_nodes()
    masters = {i: line["slot_count"] for i, line in lines.items() if "master" in line["flags"]}
    return masters, {i: line["master"] for i, line in lines.items() if "slave" in line["flags"]}
