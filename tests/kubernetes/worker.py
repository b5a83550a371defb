"""A node of the cluster: a containerd and a kubelet of its own, by number.

Several run in one network namespace: each has its own folder, ports, bridge,
range of pod addresses and cgroup.
"""

import json
import shutil
import signal
import subprocess
from pathlib import Path

import cgroups
from process import Process, wait_for

HOST_BRIDGE = "node0"


class Worker:
    def __init__(self, number, folder, binaries, credentials, logs, pause_image, cgroup):
        self.number, self.name = number, f"node{number}"
        self.address = f"10.87.0.{number}"
        self.folder = folder / self.name
        self.socket = self.folder / "containerd.sock"
        self.pause_image = pause_image
        self.cgroup = cgroup
        for part in ("containerd", "cni", "kubelet"):
            (self.folder / part).mkdir(parents=True, exist_ok=True)
        self._write_containerd_config()
        self._write_network()
        self._write_kubelet_config()
        containerd = shutil.which("containerd")
        assert containerd, "containerd is not installed: tests/install-deps.sh kubernetes"
        self.containerd = Process(f"containerd-{self.name}", [containerd, "--log-level", "warn", "-c", self.folder / "containerd.toml"], logs)
        self.kubelet = Process(
            f"kubelet-{self.name}",
            [Path(binaries) / "kubelet", f"--kubeconfig={credentials.kubeconfig(self.name)}",
             f"--config={self.folder / 'kubelet.json'}", f"--hostname-override={self.name}",
             f"--node-ip={self.address}", f"--root-dir={self.folder / 'kubelet'}", "--v=2"], logs)

    def start(self, images):
        """Everything up to the kubelet; that the node is Ready is for the API server to say."""
        if self.number > 1:
            subprocess.run(["ip", "address", "add", f"{self.address}/24", "dev", HOST_BRIDGE], check=True, timeout=10)
        cgroups.create(self.cgroup)
        self.containerd.start()
        try:
            wait_for(lambda: self.ctr("version"), 30, "containerd answers")
            for image in [self.pause_image, *images]:
                self.ctr("images", "import", str(image), timeout=120)
        except (AssertionError, subprocess.CalledProcessError) as error:
            raise AssertionError(f"{error} {getattr(error, 'stderr', '')}\n{self.containerd.tail()}")
        self.kubelet.start()

    def ctr(self, *arguments, timeout=20):
        result = subprocess.run(["ctr", "--address", str(self.socket), "--namespace", "k8s.io", *arguments],
                                check=True, capture_output=True, text=True, timeout=timeout)
        return result.stdout or "done"

    def stop(self):
        """For good: nothing of it is needed again, so nobody waits for it to end in order."""
        self.kubelet.stop(signal.SIGKILL)
        self.containerd.stop(signal.SIGKILL)
        cgroups.remove(self.cgroup)

    def _write_containerd_config(self):
        (self.folder / "containerd.toml").write_text(f"""\
version = 2
root = "{self.folder}/containerd/root"
state = "{self.folder}/containerd/state"
[grpc]
  address = "{self.socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # Where root lacks CAP_SYS_RESOURCE, runc could start nothing otherwise.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "{self._snapshotter()}"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{self.folder}/cni"
""")

    def _snapshotter(self):
        """overlayfs where it can be mounted on this folder, else plain copies."""
        trial = self.folder / "overlay-trial"
        for part in ("lower", "upper", "work", "merged"):
            (trial / part).mkdir(parents=True)
        layers = f"lowerdir={trial}/lower,upperdir={trial}/upper,workdir={trial}/work"
        mounted = subprocess.run(["mount", "-t", "overlay", "overlay", "-o", layers, str(trial / "merged")],
                                 capture_output=True, timeout=10).returncode == 0
        if mounted:
            subprocess.run(["umount", str(trial / "merged")], check=True, timeout=10)
        return "overlayfs" if mounted else "native"

    def _write_network(self):
        ranges = [[{"subnet": f"10.88.{self.number}.0/24"}]]
        bridge = {"type": "bridge", "bridge": f"pods{self.number}", "isGateway": True, "ipMasq": False, "hairpinMode": True,
                  "ipam": {"type": "host-local", "dataDir": str(self.folder / "addresses"), "ranges": ranges,
                           "routes": [{"dst": "0.0.0.0/0"}]}}
        plugins = [bridge, {"type": "portmap", "capabilities": {"portMappings": True}}]
        (self.folder / "cni" / "10-pods.conflist").write_text(
            json.dumps({"cniVersion": "0.4.0", "name": f"pods{self.number}", "plugins": plugins}))

    def _write_kubelet_config(self):
        config = {
            "apiVersion": "kubelet.config.k8s.io/v1beta1", "kind": "KubeletConfiguration",
            "containerRuntimeEndpoint": f"unix://{self.socket}",
            "authentication": {"anonymous": {"enabled": True}, "webhook": {"enabled": False}},
            "authorization": {"mode": "AlwaysAllow"},
            "address": self.address, "port": 10250, "healthzPort": 0, "readOnlyPort": 0,
            "cgroupDriver": "cgroupfs", "cgroupRoot": self.cgroup, "enforceNodeAllocatable": ["pods"],
            "failSwapOn": False, "failCgroupV1": False, "resolvConf": "", "maxPods": 110,
            # Each kubelet deletes the logs of pods that it does not know.
            "podLogsDir": str(self.folder / "pod-logs"),
            "evictionHard": {"memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%"},
            "imageGCHighThresholdPercent": 100, "imageGCLowThresholdPercent": 99,
            "nodeStatusUpdateFrequency": "5s", "syncFrequency": "10s",
        }
        (self.folder / "kubelet.json").write_text(json.dumps(config))
