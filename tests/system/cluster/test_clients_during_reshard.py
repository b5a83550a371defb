"""Real client programs and libraries run while slots move back and forth, without
an error reaching the application: redis-benchmark --cluster, python3-redis and
(where npm has it) ioredis."""

import json
import os
import shutil
import subprocess
import threading

import pytest
from cluster_tools import Writer, check_values, cluster_client, form, move_slot
from harness import wait_cluster_ok, wait_for


class Resharder(threading.Thread):
    """Moves slots between two masters, there and back, until stopped."""

    def __init__(self, source, target, everyone, slots=range(0, 400)):
        super().__init__(daemon=True)
        self.pair = [source, target]
        self.everyone = everyone
        self.slots = slots
        self.moved = 0
        self.error = None
        self._ending = threading.Event()

    def run(self):
        try:
            while not self._ending.is_set():
                for slot in self.slots:
                    if self._ending.is_set():
                        break
                    owner = next(i for i, node in enumerate(self.pair) if any(
                        first <= slot <= last for first, last in node.cluster_nodes()[node.id()]["slots"]))
                    move_slot(slot, self.pair[owner], self.pair[1 - owner], self.everyone)
                    self.moved += 1
        except Exception as error:  # noqa: BLE001: reported by stop()
            self.error = error

    def stop(self):
        self._ending.set()
        self.join(30)
        if self.error:
            raise AssertionError(f"after {self.moved} slots: {self.error!r}") from self.error


@pytest.fixture
def cluster(nodes):
    masters = [nodes.add(kind="windlass-node") for _ in range(3)]
    form(masters)
    return masters


def test_python_redis(cluster):
    writer = Writer(cluster_client(cluster), keys=2000)
    resharder = Resharder(cluster[0], cluster[1], cluster)
    writer.start()
    resharder.start()
    wait_for(lambda: resharder.error or writer.error or resharder.moved > 150, 60)
    resharder.stop()
    acknowledged = writer.stop()
    check_values(cluster_client(cluster), acknowledged)
    assert writer.longest_s < 2
    wait_cluster_ok(cluster)


def test_redis_benchmark(cluster):
    resharder = Resharder(cluster[0], cluster[1], cluster)
    resharder.start()
    result = subprocess.run(
        ["redis-benchmark", "--cluster", "-h", cluster[0].host, "-p", str(cluster[0].port), "-t", "set,get",
         "-n", "300000", "-c", "12", "-r", "5000", "-P", "4", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    moved = resharder.moved
    resharder.stop()
    output = result.stdout.replace("\r", "\n")
    assert result.returncode == 0, output[-2000:]
    assert "rror" not in output.replace("Could not fetch server CONFIG", ""), output[-2000:]
    assert "SET: " in output and "GET: " in output
    assert moved > 0, "slots moved while it ran"


IOREDIS = r"""
const Redis = require('ioredis');
const [seconds, ...ports] = process.argv.slice(2).map(Number);
const cluster = new Redis.Cluster(ports.map(port => ({host: '127.0.0.1', port})));
cluster.on('error', error => { console.error(error); process.exitCode = 1; });
(async () => {
  const end = Date.now() + seconds * 1000;
  let count = 0, wrong = 0;
  const worker = async (name) => {
    for (let i = 0; Date.now() < end; i++) {
      const key = `${name}:${i % 500}`;
      await cluster.set(key, String(i));
      if (await cluster.get(key) !== String(i)) wrong++;
      count += 2;
    }
  };
  await Promise.all(['a', 'b', 'c', 'd'].map(worker));
  console.log(JSON.stringify({count, wrong}));
  cluster.disconnect();
})().catch(error => { console.error('FAILED', error); process.exit(1); });
"""


@pytest.fixture(scope="session")
def ioredis(tmp_path_factory):
    """A folder with ioredis installed by npm."""
    if not shutil.which("npm") or not shutil.which("node"):
        pytest.skip("NO npm HERE: ioredis was NOT tested")
    folder = tmp_path_factory.mktemp("ioredis")
    result = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--prefix", str(folder), "ioredis@5"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120, check=False)
    if result.returncode != 0:
        pytest.skip(f"npm CANNOT INSTALL ioredis: it was NOT tested: {result.stdout[-300:]}")
    (folder / "run.js").write_text(IOREDIS)
    return folder


def test_ioredis(cluster, ioredis):
    resharder = Resharder(cluster[0], cluster[1], cluster)
    resharder.start()
    result = subprocess.run(["node", "run.js", "8", *(str(node.port) for node in cluster)], cwd=ioredis,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
                            env={**os.environ, "NODE_PATH": str(ioredis / "node_modules")})
    moved = resharder.moved
    resharder.stop()
    assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.strip().splitlines()[-1])
    assert told["wrong"] == 0
    assert told["count"] > 1000
    assert moved > 0, "slots moved while it ran"
