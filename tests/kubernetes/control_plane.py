"""etcd, API server, controller manager, scheduler and kube-proxy as processes.

They run as in a cluster that a person would make: RBAC and Node authorization,
service accounts, a ClusterIP for the API server that kube-proxy serves, and an
audit log, in which a test finds what the operator was refused.
"""

import json
import os
import shutil
import signal
from pathlib import Path

from process import Process, wait_for

SERVICE_RANGE = "10.96.0.0/16"
SERVICE_ADDRESS = "10.96.0.1"
HOST_ADDRESS = "10.87.0.1"
POD_RANGE = "10.88.0.0/16"
PORT = 6443

AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "userGroups": ["system:serviceaccounts:windlass-system"]},
        {"level": "None"},
    ],
}


class ControlPlane:
    def __init__(self, folder, binaries, credentials, logs):
        self.folder, self.binaries, self.credentials, self.logs = folder, Path(binaries), credentials, logs
        self.audit_log = logs / "audit.log"
        (folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
        (folder / "proxy.json").write_text(json.dumps({
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1", "kind": "KubeProxyConfiguration", "mode": "iptables",
            "clientConnection": {"kubeconfig": str(credentials.kubeconfig("proxy"))}, "clusterCIDR": POD_RANGE,
            "hostnameOverride": "node1", "conntrack": {"maxPerCore": 0},
        }))
        self.etcd = self._etcd()
        self.api_server = self._api_server()
        self.others = [self._controller_manager(), self._scheduler(), self._proxy()]

    def start(self, ready):
        """`ready()` is asked until it answers that the API server is ready."""
        self.etcd.start()
        self.api_server.start()
        self.wait_ready(ready)
        for process in self.others:
            process.start()

    def wait_ready(self, ready):
        try:
            wait_for(ready, 180, "the API server is ready", interval=0.3)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.api_server.tail()}\n{self.etcd.tail(10)}")

    def stop(self):
        """For good, like the workers: what it knew is thrown away."""
        for process in [*reversed(self.others), self.api_server, self.etcd]:
            process.stop(signal.SIGKILL)

    def _process(self, name, *command, **options):
        return Process(name, command, self.logs, **options)

    def _etcd(self):
        client, peer = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
        program = shutil.which("etcd")
        assert program, "etcd is not installed: tests/install-deps.sh kubernetes"
        # Test data need not outlive the machine: no fsync, so that two cores and one disk suffice.
        return self._process("etcd", program, "--data-dir", self.folder / "etcd", "--unsafe-no-fsync",
                             "--listen-client-urls", client, "--advertise-client-urls", client,
                             "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                             "--initial-cluster", f"default={peer}", "--log-level", "warn")

    def _api_server(self):
        own = self.credentials
        return self._process(
            "kube-apiserver", self.binaries / "kube-apiserver", "--etcd-servers=http://127.0.0.1:2379",
            f"--secure-port={PORT}", f"--advertise-address={HOST_ADDRESS}", "--bind-address=0.0.0.0",
            f"--tls-cert-file={own.certificate}", f"--tls-private-key-file={own.key}", f"--token-auth-file={own.tokens}",
            "--authorization-mode=Node,RBAC", f"--service-cluster-ip-range={SERVICE_RANGE}", "--allow-privileged=true",
            "--kubelet-preferred-address-types=InternalIP", "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={own.account_public}", f"--service-account-signing-key-file={own.account_key}",
            f"--audit-policy-file={self.folder / 'audit-policy.json'}", f"--audit-log-path={self.audit_log}",
            "--profiling=false", cwd=self.folder)

    def _controller_manager(self):
        return self._process(
            "kube-controller-manager", self.binaries / "kube-controller-manager",
            f"--kubeconfig={self.credentials.kubeconfig('controller-manager')}",
            f"--service-account-private-key-file={self.credentials.account_key}",
            f"--root-ca-file={self.credentials.certificate}", "--use-service-account-credentials",
            "--allocate-node-cidrs=false", "--leader-elect=false", "--node-monitor-grace-period=40s",
            "--horizontal-pod-autoscaler-sync-period=5s", cwd=self.folder)

    def _scheduler(self):
        return self._process("kube-scheduler", self.binaries / "kube-scheduler", "--leader-elect=false",
                             f"--kubeconfig={self.credentials.kubeconfig('scheduler')}", cwd=self.folder)

    def _proxy(self):
        # Rules in the older table format, which every kernel with iptables has.
        tools = self.folder / "iptables"
        tools.mkdir(exist_ok=True)
        for family in ("iptables", "ip6tables"):
            for tool in ("", "-save", "-restore"):
                program = shutil.which(f"{family}-legacy{tool}", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
                assert program, f"{family}-legacy{tool} is not installed: tests/install-deps.sh kubernetes"
                (tools / f"{family}{tool}").symlink_to(program)
        return self._process("kube-proxy", self.binaries / "kube-proxy", f"--config={self.folder / 'proxy.json'}",
                             env={"PATH": f"{tools}:{os.environ['PATH']}:/usr/sbin:/sbin"}, cwd=self.folder)
