"""Volumes on this machine for claims of the default storage class.

The hostPath volumes that the controller manager could provision cannot be
written by a pod that is not root. Local volumes can, but nobody provisions
them; this does, for every claim of the class, and removes what is released.
"""

import shutil
import threading
from pathlib import Path

CLASS = "local"
STORAGE_CLASS = {
    "apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
    "metadata": {"name": CLASS, "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
    "provisioner": "windlass.test/local", "volumeBindingMode": "Immediate", "reclaimPolicy": "Delete",
}
VOLUMES = "/api/v1/persistentvolumes"


class Provisioner:
    """A thread beside the cluster. `api` is the cluster's call(method, path, body)."""

    def __init__(self, folder, api):
        self.folder, self.api = Path(folder), api
        self.folder.mkdir(parents=True, exist_ok=True)
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.api("POST", "/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
        self.thread.start()

    def stop(self):
        self.ended.set()
        if self.thread.is_alive():
            self.thread.join(10)

    def _run(self):
        while not self.ended.wait(0.3):
            try:
                self._turn()
            except OSError:
                continue  # the API server is being restarted

    def _turn(self):
        volumes = {volume["metadata"]["name"]: volume for volume in self.api("GET", VOLUMES)["items"]}
        for claim in self.api("GET", "/api/v1/persistentvolumeclaims")["items"]:
            name = f"pv-{claim['metadata']['uid']}"
            wanted = claim["spec"].get("storageClassName") == CLASS and not claim["spec"].get("volumeName")
            if wanted and "deletionTimestamp" not in claim["metadata"] and name not in volumes:
                self._provision(name, claim)
        for name, volume in volumes.items():
            # A local volume whose claim is gone has nobody to delete it and ends up Failed.
            if volume.get("status", {}).get("phase") in ("Released", "Failed"):
                self.api("DELETE", f"{VOLUMES}/{name}", {})
                shutil.rmtree(self.folder / name, ignore_errors=True)

    def _provision(self, name, claim):
        path = self.folder / name
        path.mkdir(mode=0o755, exist_ok=True)
        terms = [{"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}]
        self.api("POST", VOLUMES, {
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": name},
            "spec": {
                "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "accessModes": claim["spec"]["accessModes"], "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": CLASS, "local": {"path": str(path)},
                "nodeAffinity": {"required": {"nodeSelectorTerms": terms}},
                "claimRef": {"kind": "PersistentVolumeClaim", "namespace": claim["metadata"]["namespace"],
                             "name": claim["metadata"]["name"], "uid": claim["metadata"]["uid"]},
            }})
