"""Real server processes for the black-box tests.

What a test needs to start nodes on free loopback ports in temporary folders,
to ask them things, to wait for something with a bound, and to end exactly the
processes it started. Works with Debian's redis-server and with windlass-node,
so that one test can run with either, or with both in one cluster.

Binaries: $WINDLASS_BIN (a folder) if set, else build/dev/bin, else
build/release/bin below the repository; $WINDLASS_NODE overrides windlass-node.
"""

import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import redis

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("redis-server", "windlass-node")
SANITIZER_REPORT = re.compile(r"^.*(ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error: )", re.MULTILINE)


def binary(name):
    """The path of one of our programs, or None where it has not been built."""
    if name == "windlass-node" and os.environ.get("WINDLASS_NODE"):
        return os.environ["WINDLASS_NODE"]
    if os.environ.get("WINDLASS_BIN"):
        folders = [Path(os.environ["WINDLASS_BIN"])]
    else:
        folders = [ROOT / "build" / preset / "bin" for preset in ("dev", "release")]
    for folder in folders:
        if os.access(folder / name, os.X_OK):
            return str(folder / name)
    return None


def server_binary(kind):
    return shutil.which(kind) if kind in ("redis-server", "valkey-server") else binary(kind)


def wait_for(predicate, timeout=15.0, what="", interval=0.05):
    """Calls predicate until it returns something true, and returns that.

    A connection error counts as "not yet". Raises AssertionError with the last
    value or error when time is up.
    """
    deadline = time.monotonic() + timeout
    last = None
    while True:
        try:
            last = predicate()
            if last:
                return last
        except (redis.exceptions.RedisError, OSError) as error:
            last = error
        if time.monotonic() > deadline:
            name = what or getattr(predicate, "__name__", "the condition")
            raise AssertionError(f"after {timeout:g} s still not: {name} (last: {last!r})")
        time.sleep(interval)


def _is_free(host, port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


# Test programs that run side by side each have a lane of their own, and no port is
# given out twice: an old cluster that still looks for a node must not find another's.
_FIRST_PORT, _LAST_PORT, _LANES = 10001, 20000, 4
_given_out = set()


def free_ports(count, host="127.0.0.1"):
    """Ports whose bus port (+10000) is free too; both below the ephemeral range, and no
    lane's ports among another's bus ports."""
    width = (_LAST_PORT - _FIRST_PORT + 1) // _LANES
    first = _FIRST_PORT + int(os.environ.get("WINDLASS_TEST_LANE", random.randrange(_LANES))) % _LANES * width
    found = []
    for _ in range(20000):
        port = random.randrange(first, first + width)
        if port in _given_out:
            continue
        if _is_free(host, port) and _is_free(host, port + 10000):
            _given_out.add(port)
            found.append(port)
            if len(found) == count:
                return found
    raise AssertionError("no free ports")


def parse_cluster_nodes(text):
    """CLUSTER NODES as {id: {...}}; slots as a list of (first, last)."""
    nodes = {}
    for line in text.splitlines():
        if not line:
            continue
        words = line.split(" ")
        address = words[1].split(",")[0].rsplit("@", 1)
        slots, migrating, importing = [], {}, {}
        for word in words[8:]:
            if word.startswith("["):
                body = word[1:-1]
                if "->-" in body:
                    slot, peer = body.split("->-")
                    migrating[int(slot)] = peer
                else:
                    slot, peer = body.split("-<-")
                    importing[int(slot)] = peer
            else:
                first, _, last = word.partition("-")
                slots.append((int(first), int(last or first)))
        host, _, port = address[0].rpartition(":")
        nodes[words[0]] = {
            "id": words[0],
            "address": address[0],
            "host": host,
            "port": int(port),
            "flags": words[2].split(","),
            "master": None if words[3] == "-" else words[3],
            "epoch": int(words[6]),
            "link": words[7],
            "slots": slots,
            "slot_count": sum(last - first + 1 for first, last in slots),
            "migrating": migrating,
            "importing": importing,
        }
    return nodes


def parse_info(text):
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line and line[0] != "#")
    return {key: value.strip() for key, value in pairs}


def needs_allocator_statistics(node):
    """Skips where the server counts no memory: a sanitizer's allocator tells nothing."""
    if node.info("memory")["mem_allocator"] == "libc":
        pytest.skip("this build's allocator, a sanitizer's, tells nothing of itself")


class NodeProcess:
    """One server process with its own folder, port and log."""

    def __init__(self, folder, kind="redis-server", port=None, host="127.0.0.1", cluster=True,
                 password=None, config=None, node_timeout_ms=2000):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.kind = kind
        self.host = host
        self.port = port or free_ports(1, host)[0]
        self.password = password
        self.process = None
        self.wrapper, self.environment = [], {}  # words before the program's, and what it finds beside ours
        self.config = {
            "port": self.port,
            "bind": host,
            "dir": str(self.folder),
            "save": '""',
            "appendonly": "no",
            "daemonize": "no",
            "repl-diskless-sync-delay": 0,
        }
        if cluster:
            self.config.update({
                "cluster-enabled": "yes",
                "cluster-config-file": "nodes.conf",
                "cluster-node-timeout": node_timeout_ms,
            })
        if password:
            self.config.update({"requirepass": password, "masterauth": password})
        self.config.update(config or {})

    def __repr__(self):
        return f"<{self.kind} {self.address}>"

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    @property
    def log_path(self):
        return self.folder / "node.log"

    @property
    def nodes_conf(self):
        return self.folder / self.config["cluster-config-file"]

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def running(self):
        return self.process is not None and self.process.poll() is None

    def start(self, wait=True, timeout=15):
        assert not self.running(), f"{self} is running already"
        program = server_binary(self.kind)
        assert program, f"{self.kind} is not there: build it or set WINDLASS_BIN"
        conf = self.folder / "redis.conf"
        conf.write_text("".join(f"{key} {value}\n" for key, value in self.config.items()))
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([*self.wrapper, program, str(conf)], stdout=log,
                                            stderr=subprocess.STDOUT, cwd=self.folder,
                                            env={**os.environ, **self.environment})
        if wait:
            self.wait_ready(timeout)
        return self

    def wait_ready(self, timeout=15):
        def answers():
            assert self.running(), f"{self} ended with {self.process.returncode}:\n{self.log()[-2000:]}"
            return self.call("PING") == "PONG"
        wait_for(answers, timeout, f"{self} answers PING")

    def client(self, timeout=5, **options):
        """A client that returns replies as they come (no response callbacks)."""
        client = redis.Redis(host=self.host, port=self.port, password=self.password,
                             socket_timeout=timeout, decode_responses=True, **options)
        client.response_callbacks.clear()
        return client

    def call(self, *words, timeout=5):
        client = self.client(timeout)
        try:
            return client.execute_command(*words)
        finally:
            client.close()
            client.connection_pool.disconnect()

    def id(self):
        return self.call("CLUSTER", "MYID")

    def cluster_nodes(self):
        return parse_cluster_nodes(self.call("CLUSTER", "NODES"))

    def cluster_info(self):
        return parse_info(self.call("CLUSTER", "INFO"))

    def info(self, *sections):
        return parse_info(self.call("INFO", *sections))

    def terminate(self, timeout=15):
        """SIGTERM; the exit code."""
        self.process.terminate()
        return self.process.wait(timeout)

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def pause(self):
        self.process.send_signal(signal.SIGSTOP)

    def resume(self):
        self.process.send_signal(signal.SIGCONT)

    def wait_exit(self, timeout=15):
        return self.process.wait(timeout)

    def wipe(self):
        """Forgets everything on disk. The node must not be running."""
        assert not self.running()
        for entry in self.folder.iterdir():
            if entry.name not in ("node.log", "redis.conf"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def end_quickly(self):
        self.resume()
        if os.environ.get("WINDLASS_CHECK_LEAKS") and self.kind == "windlass-node":
            try:
                self.call("SHUTDOWN", "NOSAVE", "NOW", "FORCE", timeout=2)
            except (redis.exceptions.RedisError, OSError):
                pass
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                pass
        if self.running():
            self.kill()

    def close(self):
        """Ends it, if it still runs; an error if a sanitizer had something to say.

        With WINDLASS_CHECK_LEAKS set it ends by itself, so that leaks are told.
        """
        if self.running():
            self.end_quickly()
        found = SANITIZER_REPORT.search(self.log())
        assert not found, f"{self}: a sanitizer's report\n{self.log()[found.start():][:4000]}"


class Nodes:
    """Nodes started together and ended together. Use as a context manager."""

    def __init__(self, folder, count=0, **options):
        self.folder = Path(folder)
        self.options = options
        self.all = []
        for port in free_ports(count) if count else []:
            self.add(port=port)

    def add(self, start=True, **options):
        settings = {**self.options, **options}
        settings.setdefault("port", None)
        if settings["port"] is None:
            settings["port"] = free_ports(1, settings.get("host", "127.0.0.1"))[0]
        node = NodeProcess(self.folder / f"node-{settings['port']}", **settings)
        self.all.append(node)
        if start:
            node.start()
        return node

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return iter(self.all)

    def __getitem__(self, index):
        return self.all[index]

    def running(self):
        return [node for node in self.all if node.running()]

    def close(self):
        reports = []
        for node in self.all:
            try:
                node.close()
            except AssertionError as report:
                reports.append(str(report))
        assert not reports, "\n".join(reports)


def form_cluster(masters, replicas=()):
    """Makes a cluster of fresh nodes with plain commands: slots split evenly,
    replicas[i] follows masters[i % len(masters)]. Returns when every node says ok."""
    masters, replicas = list(masters), list(replicas)
    everyone = masters + replicas
    for epoch, node in enumerate(everyone, 1):
        node.call("CLUSTER", "SET-CONFIG-EPOCH", epoch)
    for index, node in enumerate(masters):
        first = index * 16384 // len(masters)
        last = (index + 1) * 16384 // len(masters) - 1
        node.call("CLUSTER", "ADDSLOTSRANGE", first, last)
    for node in everyone[1:]:
        node.call("CLUSTER", "MEET", everyone[0].host, everyone[0].port)
    wait_for(lambda: all(len(n.cluster_nodes()) == len(everyone) and
                         not any("handshake" in line["flags"] for line in n.cluster_nodes().values())
                         for n in everyone), 30, "every node knows every node")
    for index, node in enumerate(replicas):
        master_id = masters[index % len(masters)].id()
        wait_for(lambda: node.call("CLUSTER", "REPLICATE", master_id) == "OK", 10)
    wait_cluster_ok(everyone)
    wait_for(lambda: all(n.info("replication").get("master_link_status") == "up" for n in replicas),
             30, "every replica is in sync")


def wait_cluster_ok(nodes, timeout=30):
    wait_for(lambda: all(n.cluster_info()["cluster_state"] == "ok" for n in nodes), timeout,
             "cluster_state:ok everywhere")


def run_tool(*words, stdin=None, timeout=60, env=None):
    """Runs a program to its end; its CompletedProcess with text output."""
    return subprocess.run([str(word) for word in words], input=stdin, text=True, timeout=timeout,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env={**os.environ, **(env or {})}, check=False)
