"""Servers under measurement: started pinned to one core in a folder of their own,
asked over a plain socket, and judged by what the kernel says of their process."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
TICKS = os.sysconf("SC_CLK_TCK")
SERVER_CORE = 0
CORES = os.cpu_count() or 1
LOAD_CORE = CORES - 1


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Binaries:
    """Where the programs of a build are, and which peers there are to compare with."""

    def __init__(self, build, peers):
        build = Path(build).resolve()
        self.load = str(build / "bench" / "bench_load")
        self.floor = str(build / "bench" / "bench_floor_server")
        self.stalls = str(build / "bench" / "bench_stalls")
        self.node = str(build / "bin" / "windlass-node")
        for path in (self.load, self.floor, self.stalls, self.node):
            if not os.access(path, os.X_OK):
                sys.exit("not built: %s" % path)
        self.peers = {}  # name with version: path
        for path in peers:
            found = shutil.which(path)
            if found is None:
                print("no %s here" % path, file=sys.stderr)
                continue
            words = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout
            version = words.split("v=")[1].split()[0]
            self.peers["%s %s" % ("valkey" if "alkey" in words else "redis", ".".join(version.split(".")[:2]))] = found


class Server:
    """One process. `arguments` are those behind the program's own few."""

    def __init__(self, name, argv, port, folder):
        self.name, self.port = name, port
        folder = Path(folder) / ("%s-%d" % (name.replace(" ", "-"), port))
        folder.mkdir()
        self.log = folder / "log"
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(["taskset", "-c", str(SERVER_CORE)] + argv, stdout=log, stderr=log,
                                            cwd=folder)
        self._wait()

    @classmethod
    def data(cls, name, path, folder, cluster=False):
        """A server that keeps data, without persistence."""
        port = free_port()
        while cluster and port > 55000:
            port = free_port()
        argv = [path, "--port", str(port), "--save", "", "--appendonly", "no"]
        if cluster:
            argv += ["--cluster-enabled", "yes"]
        server = cls(name, argv, port, folder)
        if cluster:
            server.call("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
            deadline = time.time() + 20
            while b"cluster_state:ok" not in server.call("CLUSTER", "INFO"):
                if time.time() > deadline:
                    sys.exit("%s: no cluster" % name)
                time.sleep(0.1)
        return server

    @classmethod
    def floor(cls, path, request_bytes, reply, folder):
        port = free_port()
        escaped = reply.decode().replace("\r", "\\r").replace("\n", "\\n")
        return cls("floor", [path, str(port), str(request_bytes), escaped], port, folder)

    def _wait(self):
        deadline = time.time() + 20
        while time.time() < deadline:
            if self.process.poll() is not None:
                sys.exit("a server ended early: %s" % self.log.read_text())
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                return
            except OSError:
                time.sleep(0.05)
        sys.exit("a server does not answer: %s" % self.process.args)

    def call(self, *words):
        """One command with a short reply; its bytes as they came."""
        request = b"*%d\r\n" % len(words)
        for word in words:
            word = word.encode() if isinstance(word, str) else word
            request += b"$%d\r\n%s\r\n" % (len(word), word)
        with socket.create_connection(("127.0.0.1", self.port), 20) as s:
            s.sendall(request)
            return s.recv(1 << 20)

    def used_memory(self):
        for line in self.call("INFO", "memory").split(b"\r\n"):
            if line.startswith(b"used_memory:"):
                return int(line.split(b":")[1])
        sys.exit("%s: no used_memory" % self.name)

    def resident_bytes(self):
        for line in Path("/proc/%d/status" % self.process.pid).read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        sys.exit("%s: no VmRSS" % self.name)

    def cpu_seconds(self):
        """User and system time of all threads, in nanoseconds' precision where /proc has it."""
        tasks = "/proc/%d/task" % self.process.pid
        try:
            total = 0.0
            for task in os.listdir(tasks):
                with open("%s/%s/schedstat" % (tasks, task)) as f:
                    total += int(f.read().split()[0]) / 1e9
            return total
        except OSError:
            with open("/proc/%d/stat" % self.process.pid) as f:
                fields = f.read().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / TICKS

    def stop(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def run_load(binaries, server, requests, count, connections=1, pipeline=200, first=0):
    """Sends `count` requests of a workloads.Requests; requests a second, server CPU µs a request."""
    before = server.cpu_seconds()
    argv = ["taskset", "-c", str(LOAD_CORE), binaries.load, "port=%d" % server.port, "requests=%d" % count,
            "request_bytes=%d" % requests.request_bytes, "lines=%d" % requests.reply_lines, "first=%d" % first,
            "connections=%d" % connections, "pipeline=%d" % pipeline, str(requests.path)]
    run = subprocess.run(argv, capture_output=True, text=True, timeout=600)
    if run.returncode != 0:
        sys.exit("load on %s failed: %s" % (server.name, run.stderr))
    done, elapsed = run.stdout.split()
    return int(done) / float(elapsed), (server.cpu_seconds() - before) / int(done) * 1e6
