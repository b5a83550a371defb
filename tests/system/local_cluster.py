"""A local control plane, the operator and a RedisCluster, as real processes.

    with LocalCluster(folder, node="redis-server") as cluster:
        cluster.apply(shards=3)
        cluster.wait_ready(3)

Everything is below one folder and on loopback; only processes started here are
ended. The API is spoken to directly, so that no kubectl is needed.
"""

import base64
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import redis
import yaml

import harness

CRD = harness.ROOT / "crds" / "windlass.dev_redisclusters.yaml"
CLUSTERS = "/apis/windlass.dev/v1alpha1/namespaces/default/redisclusters"
PODS = "/api/v1/namespaces/default/pods"
NAME = "demo"


class LocalCluster:
    def __init__(self, folder, node="redis-server", lease_seconds=5):
        self.folder = Path(folder)
        self.data = self.folder / "control-plane"
        self.node = node
        self.lease_seconds = lease_seconds
        self.operator = None
        self.server = None

    def __enter__(self):
        program = harness.server_binary(self.node)
        images = self.folder / "images.yaml"
        images.write_text(f"windlass-node:\n  entrypoint: [{program}]\n")
        self._ctl("up", "--images", str(images))
        kubeconfig = yaml.safe_load((self.data / "kubeconfig").read_text())
        self.server = kubeconfig["clusters"][0]["cluster"]["server"]
        self.token = (kubeconfig["users"][0]["user"] if kubeconfig.get("users") else {}).get("token")
        self.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", yaml.safe_load(CRD.read_text()))
        self.start_operator()
        return self

    def __exit__(self, *_):
        self.stop_operator(signal.SIGTERM)
        self._ctl("down", check=False)

    def _ctl(self, verb, *options, check=True):
        command = [harness.binary("windlassctl"), "local", verb, "--data-dir", str(self.data), *options]
        # Its child keeps what it inherits: a pipe here would never end.
        with open(self.folder / "ctl.log", "ab") as log:
            result = subprocess.run(command, stdout=log, stderr=log, timeout=90)
        assert not check or result.returncode == 0, (self.folder / "ctl.log").read_text()

    # The operator.

    def start_operator(self):
        with open(self.folder / "operator.log", "ab") as log:
            self.operator = subprocess.Popen(
                [harness.binary("windlass-operator"), "--kubeconfig", str(self.data / "kubeconfig"),
                 "--lease-seconds", str(self.lease_seconds)], stdout=log, stderr=log)

    def stop_operator(self, how=signal.SIGKILL):
        if self.operator and self.operator.poll() is None:
            self.operator.send_signal(how)
            self.operator.wait(20)

    def operator_log(self):
        return (self.folder / "operator.log").read_text()

    # The API.

    def call(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(self.server + path, method=method)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, data, timeout=10) as reply:
            return json.load(reply)

    def apply(self, **spec):
        spec = {"resources": {"limits": {"memory": "256Mi"}}, "failover": {"nodeTimeoutMilliseconds": 2000}, **spec}
        return self.call("POST", CLUSTERS, {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster",
                                            "metadata": {"name": NAME}, "spec": spec})

    def patch(self, **spec):
        return self.call("PATCH", f"{CLUSTERS}/{NAME}", {"spec": spec}, "application/merge-patch+json")

    def wipe_status(self):
        """Sets the status to nothing, whatever the operator writes meanwhile."""
        for _ in range(50):
            cluster = self.cluster()
            cluster["status"] = {}
            try:
                return self.call("PUT", f"{CLUSTERS}/{NAME}/status", cluster)
            except urllib.error.HTTPError as error:
                if error.code != 409:
                    raise
        raise AssertionError("the status could not be wiped")

    def cluster(self):
        return self.call("GET", f"{CLUSTERS}/{NAME}")

    def status(self):
        return self.cluster().get("status", {})

    def pods(self):
        items = self.call("GET", PODS)["items"]
        return {p["metadata"]["name"]: p for p in items if "deletionTimestamp" not in p["metadata"]}

    def delete_pod(self, name, grace_seconds=None):
        body = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        self.call("DELETE", f"{PODS}/{name}", body)

    def delete_claim(self, name):
        self.call("DELETE", f"/api/v1/namespaces/default/persistentvolumeclaims/{name}", {})

    def events(self):
        return [e["reason"] for e in self.call("GET", "/api/v1/namespaces/default/events")["items"]
                if e["involvedObject"]["kind"] == "RedisCluster"]

    def password(self):
        secret = self.call("GET", f"/api/v1/namespaces/default/secrets/{NAME}-auth")
        return base64.b64decode(secret["data"]["password"]).decode()

    # The nodes.

    def addresses(self):
        return {name: pod["status"]["podIP"] for name, pod in self.pods().items() if pod.get("status", {}).get("podIP")}

    def connect(self, address):
        return redis.Redis(host=address, port=6379, password=self.password(), socket_timeout=2, decode_responses=True)

    def seeds(self):
        return ",".join(f"{address}:6379" for address in sorted(self.addresses().values())[:3])

    def views(self):
        """CLUSTER NODES by every node that answers."""
        views = {}
        for name, address in self.addresses().items():
            try:
                connection = self.connect(address)
                connection.set_response_callback("CLUSTER NODES", lambda text, **_: text)
                views[name] = harness.parse_cluster_nodes(connection.execute_command("CLUSTER NODES"))
                connection.close()
            except (redis.RedisError, OSError):
                continue
        return views

    def masters(self):
        """name → slots, by each node's own word."""
        found = {}
        for name, nodes in self.views().items():
            me = next(n for n in nodes.values() if "myself" in n["flags"])
            if "master" in me["flags"]:
                found[name] = me["slot_count"]
        return found

    def open_slots(self):
        count = 0
        for nodes in self.views().values():
            count += sum(len(n["migrating"]) for n in nodes.values() if "myself" in n["flags"])
        return count

    def wait_ready(self, shards, nodes=None, timeout=90):
        def ready():
            cluster = self.cluster()
            status = cluster.get("status", {})
            current = status.get("observedGeneration") == cluster["metadata"]["generation"]
            right = status.get("phase") == "Ready" and status.get("shards") == shards
            return current and right and (nodes is None or status.get("nodes") == nodes == status.get("readyNodes"))
        try:
            harness.wait_for(ready, timeout, f"{shards} shards ready", interval=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}\nstatus: {json.dumps(self.status(), indent=1)}\n{self.operator_log()[-3000:]}")

    def check_whole(self):
        """Every slot has one owner by its own word, all agree, and no slot is half moved."""
        def whole():
            views = self.views()
            maps = {json.dumps(sorted((i, n["slots"]) for i, n in nodes.items() if n["slots"])) for nodes in views.values()}
            return len(maps) == 1 and sum(self.masters().values()) == 16384 and self.open_slots() == 0
        try:
            harness.wait_for(whole, 20, "one map of 16384 slots")
        except AssertionError as error:
            told = [f"{name}: {[n for n in nodes.values() if n['slots'] or n['migrating'] or n['importing']]}"
                    for name, nodes in self.views().items()]
            raise AssertionError(f"{error}\n" + "\n".join(told) + self.operator_log()[-3000:])

    def followers(self):
        """Replica → its master's address, of those whose link is up and that are in step, by their own word."""
        found = {}
        for name, address in self.addresses().items():
            try:
                info = self.connect(address).info("replication")
            except (redis.RedisError, OSError):
                continue
            if info["role"] == "slave" and info["master_link_status"] == "up" and not info["master_sync_in_progress"]:
                found[name] = info["master_host"]
        return found

    def node_pid(self, name):
        return self.connect(self.addresses()[name]).info("server")["process_id"]

    def kill_node(self, name):
        os.kill(self.node_pid(name), signal.SIGKILL)
