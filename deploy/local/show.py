"""The show: a RedisCluster's life on the local control plane, under load.

Run by quickstart.sh. Starts the control plane and the operator, applies the
example, and walks through form, scale out, scale in, two killed masters and
autoscaling, while the ledger writes and keeps the books. Exit status 0 only if
nothing was lost and no command failed.
"""
import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "deploy" / "local"), str(ROOT / "tests" / "ledger")]
from cluster_api import ClusterApi  # noqa: E402
from driver import LedgerProcess  # noqa: E402
from picture import Picture, PlainLines  # noqa: E402

KEYS = 200_000
RATE = 4_000
BUSY_RATE = 14_000  # more than three masters may carry by the target below
TARGET_PER_SHARD = 3_500
SETTLED_SECONDS = 2


class Show:
    def __init__(self, options):
        self.options = options
        self.bin = Path(options.bin)
        self.dir = Path(options.dir)
        self.steps = []
        self.load = None
        self.api = None
        self.picture = None

    # -- processes -----------------------------------------------------------

    def start(self):
        control_plane = self.dir / "control-plane"
        subprocess.run([self.bin / "windlassctl", "local", "up", "--data-dir", control_plane], check=True,
                       stdout=subprocess.DEVNULL)
        self.kubeconfig = control_plane / "kubeconfig"
        os.environ["KUBECONFIG"] = str(self.kubeconfig)
        self.api = ClusterApi(self.kubeconfig, "demo")
        self.operator_log = self.dir / "operator.log"
        with open(self.operator_log, "wb") as log:
            self.operator = subprocess.Popen([self.bin / "windlass-operator", "--kubeconfig", self.kubeconfig],
                                             stdout=log, stderr=subprocess.STDOUT)

    def kubectl(self, *words):
        run = subprocess.run(["kubectl", "--kubeconfig", str(self.kubeconfig), *words], capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit(f"kubectl {' '.join(words)}: {run.stderr.strip()}")
        return run.stdout

    def apply(self, path):
        # Clients older than the API server's own schema cannot check it themselves.
        self.kubectl("apply", "--validate=false", "-f", str(path))

    # -- steps ---------------------------------------------------------------

    def step(self, name, what, action, planned=True):
        self.picture.title(what)
        if self.load:
            self.load.phase(name, planned)
        began = time.monotonic()
        action()
        self.steps.append((name, time.monotonic() - began))
        self.picture.done(f"{what}: {self.steps[-1][1]:.1f} s")

    def wait(self, what, condition, seconds):
        deadline = time.monotonic() + seconds
        since = None
        while True:
            if self.operator.poll() is not None:
                raise SystemExit(f"the operator ended; see {self.operator_log}")
            if condition():
                since = since or time.monotonic()
                if time.monotonic() - since >= SETTLED_SECONDS:
                    return
            else:
                since = None
            if time.monotonic() > deadline:
                raise SystemExit(f"after {seconds} s still not: {what}\n{json.dumps(self.api.status(), indent=1)}")
            time.sleep(0.2)

    def settled(self, shards):
        status = self.api.status()
        return (status.get("phase") == "Ready" and status.get("shards") == shards and
                status.get("readyShards") == shards and status.get("readyNodes") == 2 * shards and
                status.get("observedGeneration") == self.api.generation())

    def form(self):
        self.apply(ROOT / "crds")
        self.apply(ROOT / "deploy" / "examples" / "cluster.yaml")
        self.wait("the cluster is ready", lambda: self.settled(3), 60)

    def fill(self):
        self.load = LedgerProcess(self.bin / "windlass-ledger", self.api.any_node(), self.dir / "books",
                                  self.api.password(), keys=KEYS, rate=RATE)
        self.picture.load = self.load
        deadline = time.monotonic() + 60
        while self.load.status()["live_keys"] < KEYS:
            if time.monotonic() > deadline:
                raise SystemExit("the load did not come up within 60 s")
            time.sleep(0.2)

    def scale(self, shards):
        self.kubectl("scale", "rediscluster/demo", f"--replicas={shards}")
        self.wait(f"{shards} shards", lambda: self.settled(shards), 90)

    def kill_master(self, again):
        """SIGKILL. A container that ended once starts again at once, one that
        ended twice ten seconds later: after the node timeout."""
        pod, address = self.api.a_master()
        self.api.kill(address)
        if again:
            deadline = time.monotonic() + 10
            while not self.api.kill(address) and time.monotonic() < deadline:
                time.sleep(0.05)
        time.sleep(1)
        self.wait("every replica is back in sync", lambda: self.settled(3), 60)

    def autoscale(self):
        self.kubectl("patch", "rediscluster/demo", "--type=merge", "-p", json.dumps({"spec": {"autoscaling": {
            "mode": "Auto", "minShards": 3, "maxShards": 4,
            "metrics": [{"type": "OpsPerSecond", "target": TARGET_PER_SHARD, "statistic": "Mean"}],
            "scaleOut": {"stabilizationSeconds": 3, "cooldownSeconds": 5},
            "scaleIn": {"stabilizationSeconds": 5, "cooldownSeconds": 5, "headroomPercent": 10}}}}))
        self.load.command(f"rate {BUSY_RATE}")
        self.wait("a fourth shard", lambda: self.settled(4), 60)

    def relax(self):
        self.load.command(f"rate {RATE // 2 + 500}")
        self.wait("three shards again", lambda: self.settled(3), 60)

    # -- the whole -----------------------------------------------------------

    def run(self):
        began = time.monotonic()
        self.start()
        self.picture = (PlainLines if self.options.ci else Picture)(self.api)
        with self.picture:
            self.step("form", "Form three shards, a replica each", self.form)
            self.step("fill", f"Fill with {KEYS:,} keys", self.fill)
            self.step("scale-out", "Scale out from three shards to five", lambda: self.scale(5))
            self.step("scale-in", "Scale in from five shards to three", lambda: self.scale(3))
            self.step("kill-restart", "Kill a master; it restarts before the node timeout",
                      lambda: self.kill_master(again=False), planned=False)
            self.step("calm", "A quiet moment", lambda: time.sleep(2))
            self.step("kill-late", "Kill a master; it restarts after the node timeout",
                      lambda: self.kill_master(again=True), planned=False)
            self.step("autoscale-out", "More load: the operator adds a shard by itself", self.autoscale)
            self.step("autoscale-in", "Less load: the operator takes it away", self.relax)
            self.picture.title("Close the books and read every key back")
            status = self.load.stop()
        return self.report(status, time.monotonic() - began)

    def report(self, status, seconds):
        total, audit, phases = self.load.total, self.load.audit, self.load.phases
        independent = subprocess.run(
            ["/usr/bin/python3", ROOT / "tests" / "ledger" / "verify.py", self.api.any_node(), self.dir / "books"],
            capture_output=True, text=True, env={**os.environ, "REDISCLI_AUTH": self.api.password()})
        planned = [p for p in phases if p["planned"]]
        print()
        print("step             seconds   writes/s   slowest s   longest wait   CLUSTERDOWN READONLY LOADING   failed")
        took = dict(self.steps)
        for p in phases:
            kind = "" if p["planned"] else "   (master killed)"
            print(f"{p['phase']:<15} {took.get(p['phase'], p['seconds']):>8.1f} {p['writes_per_second']:>10.0f} "
                  f"{p['slowest_second']:>11} {p['longest_wait_ms']:>11.0f} ms {p['clusterdown']:>13} "
                  f"{p['readonly']:>8} {p['loading']:>7} {p['failed']:>8}{kind}")
        print()
        print(independent.stdout.strip() or independent.stderr.strip())
        print(f"writes acknowledged: {total['acknowledged']:,}, of them confirmed by WAIT 1: {total['confirmed']:,}")
        refused = sum(p["clusterdown"] + p["readonly"] + p["loading"] for p in planned)
        longest = max((p["longest_wait_ms"] for p in planned), default=0)
        print(f"planned steps: longest wait of a write {longest:.0f} ms; "
              f"CLUSTERDOWN, READONLY and LOADING replies {refused}")
        lost = audit["lost"] + audit["unread"] + audit["from_nowhere"] + audit["increments_lost"] + total["lost_reads"]
        print(f"double-applied INCRs: {audit['double_applied']}")
        print(f"{total['failed']} commands failed")
        print(f"{lost} lost")
        for example in audit["examples"] + [p["last_failure"] for p in phases if p.get("last_failure")]:
            print(f"  {example}")
        print(f"the show took {seconds:.0f} s")
        good = status == 0 and independent.returncode == 0 and lost == 0
        return 0 if good else 1

    def stop(self):
        if self.load:
            self.load.kill()
        if self.options.keep:
            print(f"\nStill running. Try:\n  export KUBECONFIG={self.kubeconfig}\n  kubectl get redisclusters -w\n"
                  f"  redis-cli -c -h {self.api.any_node().split(':')[0]} -a {self.api.password()}\n"
                  f"End it with:\n  kill {self.operator.pid}; {self.bin}/windlassctl local down "
                  f"--data-dir {self.dir / 'control-plane'}")
            return
        if getattr(self, "operator", None):
            self.operator.terminate()
            try:
                self.operator.wait(10)
            except subprocess.TimeoutExpired:
                self.operator.kill()
        subprocess.run([self.bin / "windlassctl", "local", "down", "--data-dir", self.dir / "control-plane",
                        "--stop-grace", "5"], stdout=subprocess.DEVNULL)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bin", required=True, help="folder of the programs")
    parser.add_argument("--dir", required=True, help="folder for everything that is kept")
    parser.add_argument("--ci", action="store_true", help="plain lines")
    parser.add_argument("--keep", action="store_true", help="leave it running")
    show = Show(parser.parse_args())
    try:
        return show.run()
    finally:
        show.stop()


if __name__ == "__main__":
    sys.exit(main())
