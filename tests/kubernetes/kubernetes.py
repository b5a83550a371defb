"""A real Kubernetes on this machine: control plane, workers, volumes, kubectl, helm.

    with Kubernetes(folder, binaries, images) as kubernetes:
        kubernetes.kubectl("get", "nodes")

Meant to be started by tests/kubernetes/run.sh, inside namespaces of its own
(network, mounts, processes), so that nothing of it touches the machine's network
and nothing outlives it.
"""

import json
import os
import ssl
import subprocess
import urllib.request

import cgroups
import pause_image
from control_plane import HOST_ADDRESS, PORT, SERVICE_ADDRESS, ControlPlane
from credentials import Credentials
from process import wait_for
from volumes import Provisioner
from worker import HOST_BRIDGE, Worker

MOST_WORKERS = 3
CGROUP_PREFIX = "windlass-k8s-"


class Kubernetes:
    def __init__(self, folder, binaries, images):
        self.folder, self.binaries, self.images = folder, binaries, images
        self.logs = folder / "logs"
        self.logs.mkdir(parents=True)
        self.server = f"https://127.0.0.1:{PORT}"
        names = [f"node{n}" for n in range(1, MOST_WORKERS + 1)]
        self.credentials = Credentials(folder / "credentials", self.server,
                                       ["127.0.0.1", HOST_ADDRESS, SERVICE_ADDRESS], names)
        self.kubeconfig = self.credentials.kubeconfig("admin")
        self.trust = ssl.create_default_context(cafile=str(self.credentials.certificate))
        self.control_plane = ControlPlane(folder, binaries, self.credentials, self.logs)
        self.provisioner = Provisioner(folder / "volumes", self.call)
        self.workers = {}

    def __enter__(self):
        try:
            cgroups.remove_stale(CGROUP_PREFIX)
            self._hide_machine_folders()
            self._make_network()
            pause_image.build(self.folder / "pause.tar")
            self.control_plane.start(lambda: self.raw("/readyz") == b"ok")
            self.provisioner.start()
            self.add_worker()
            return self
        except BaseException:
            self.stop()
            raise

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.provisioner.stop()
        for worker in self.workers.values():
            worker.stop()
        self.control_plane.stop()

    @staticmethod
    def _hide_machine_folders():
        """Folders whose names are compiled into containerd, CNI plugins and kubelet: in this
        mount namespace they are empty, and what is left in them goes with it."""
        for folder in ("/run/netns", "/run/containerd", "/var/lib/cni", "/var/log/containers"):
            os.makedirs(folder, exist_ok=True)
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], check=True, timeout=10)

    def _make_network(self):
        for command in (["link", "set", "lo", "up"], ["link", "add", HOST_BRIDGE, "type", "bridge"],
                        ["address", "add", f"{HOST_ADDRESS}/24", "dev", HOST_BRIDGE],
                        ["link", "set", HOST_BRIDGE, "up"], ["route", "add", "default", "dev", HOST_BRIDGE]):
            subprocess.run(["ip", *command], check=True, timeout=10)
        with open("/proc/sys/net/ipv4/ip_forward", "w") as forward:
            forward.write("1")

    def add_worker(self):
        """One more node, Ready; its name."""
        number = len(self.workers) + 1
        assert number <= MOST_WORKERS
        worker = Worker(number, self.folder, self.binaries, self.credentials, self.logs, self.folder / "pause.tar",
                        cgroup=f"/{CGROUP_PREFIX}{os.getpid()}-node{number}")
        self.workers[worker.name] = worker
        worker.start(self.images)
        try:
            wait_for(lambda: self.node_ready(worker.name), 180, f"{worker.name} is Ready")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{worker.kubelet.tail()}")
        return worker.name

    def node_ready(self, name):
        node = self.call("GET", f"/api/v1/nodes/{name}")
        return any(c["type"] == "Ready" and c["status"] == "True" for c in node["status"].get("conditions", []))

    # The API.

    def raw(self, path, method="GET", body=None, content_type="application/json"):
        request = urllib.request.Request(self.server + path, method=method)
        request.add_header("Authorization", f"Bearer {self.credentials.admin_token}")
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, data, timeout=60, context=self.trust) as reply:
            return reply.read()

    def call(self, method, path, body=None, content_type="application/json"):
        return json.loads(self.raw(path, method, body, content_type))

    def version(self):
        return self.call("GET", "/version")["gitVersion"]

    def run(self, program, *arguments, check=True, timeout=240, **options):
        """A tool as a person runs it; its result. Failing, it says what the tool said."""
        result = subprocess.run([program, *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                                env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "HOME": str(self.folder)}, **options)
        assert not check or result.returncode == 0, f"{program} {arguments}: {result.stdout}{result.stderr}"
        return result

    def kubectl(self, *arguments, **options):
        return self.run(os.environ["KUBECTL"], *arguments, **options)

    def helm(self, *arguments, **options):
        return self.run(os.environ["HELM"], *arguments, **options)

    def audited(self):
        """Every request that the operator's namespace made, as the audit log has it."""
        if not self.control_plane.audit_log.exists():
            return []
        entries = []
        for line in self.control_plane.audit_log.read_text().splitlines():
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue  # the line that is being written
        return entries

    def collect(self, folder):
        """What a person looks at when a test failed: objects, events, logs of pods."""
        folder.mkdir(parents=True, exist_ok=True)
        looks = {
            "pods.txt": ("get", "pods", "-A", "-o", "wide"),
            "events.txt": ("get", "events", "-A", "--sort-by=.lastTimestamp"),
            "clusters.yaml": ("get", "redisclusters", "-A", "-o", "yaml"),
            "objects.txt": ("get", "all,pvc,pdb,pv,nodes,leases", "-A"),
            "described.txt": ("describe", "pods", "-A"),
        }
        for name, look in looks.items():
            result = self.kubectl(*look, check=False, timeout=30)
            (folder / name).write_text(result.stdout + result.stderr)
        for pod in self.call("GET", "/api/v1/pods")["items"]:
            space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
            for previous in ([], ["--previous"]):
                result = self.kubectl("logs", "-n", space, name, *previous, check=False, timeout=20)
                if result.returncode == 0:
                    (folder / f"{space}-{name}{'-previous' if previous else ''}.log").write_text(result.stdout)
