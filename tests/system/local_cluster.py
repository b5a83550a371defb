"""A local control plane, the operator and a RedisCluster, as real processes.

    with LocalCluster(folder, node="redis-server") as cluster:
        cluster.apply(shards=3)
        cluster.wait_ready(3)

Everything is below one folder and on loopback; only processes started here are
ended.
"""

import os
import signal
import subprocess
from pathlib import Path

import yaml

import harness
from cluster_client import ClusterClient

CRD = harness.ROOT / "crds" / "windlass.dev_redisclusters.yaml"


class LocalCluster(ClusterClient):
    def __init__(self, folder, node="redis-server", lease_seconds=5):
        super().__init__()
        self.folder = Path(folder)
        self.data = self.folder / "control-plane"
        self.node = node
        self.lease_seconds = lease_seconds
        self.operator = None
        self.operator_kubeconfig = self.data / "kubeconfig"
        self.operator_options = []

    def __enter__(self):
        program = self.entrypoint()
        images = self.folder / "images.yaml"
        programs = {"windlass-node": program, "windlass-node-next": program, "windlass-node-broken": ["/bin/false"]}
        images.write_text(yaml.safe_dump({name: {"entrypoint": words} for name, words in programs.items()}))
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

    def entrypoint(self):
        """The words that start what is in a pod."""
        return [str(harness.server_binary(self.node))]

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
                [harness.binary("windlass-operator"), "--kubeconfig", str(self.operator_kubeconfig),
                 "--lease-seconds", str(self.lease_seconds), *self.operator_options], stdout=log, stderr=log)

    def stop_operator(self, how=signal.SIGKILL):
        if self.operator and self.operator.poll() is None:
            self.operator.send_signal(how)
            self.operator.wait(20)

    def operator_log(self):
        return (self.folder / "operator.log").read_text()

    # The nodes' processes.

    def node_pid(self, name):
        return self.connect(self.addresses()[name]).info("server")["process_id"]

    def kill_node(self, name):
        os.kill(self.node_pid(name), signal.SIGKILL)

    @staticmethod
    def signal_process(pid, how):
        os.kill(pid, how)
