"""A mutating webhook such as meshes and policy engines bring: every pod of a namespace is
edited when it is made and again each time anybody changes it."""

import base64
import json
import threading

from json_service import JsonService

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
GROUP = "mesh.example.com"


class MutatingWebhook:
    """Listens where the API server is; registered for one namespace while it is open."""

    def __init__(self, call, namespace, folder):
        self.call, self.namespace, self.name = call, namespace, f"mesh-{namespace}"
        self.lock = threading.Lock()
        self.edits = {"CREATE": 0, "UPDATE": 0}
        self.service = JsonService(self._review, folder, "IP:127.0.0.1")

    def __enter__(self):
        self.service.__enter__()
        self.call("POST", CONFIGURATIONS, {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": self.name},
            "webhooks": [{
                "name": f"pods.{GROUP}", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                "reinvocationPolicy": "IfNeeded", "timeoutSeconds": 10,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}],
                "clientConfig": {"url": f"https://127.0.0.1:{self.service.port}/",
                                 "caBundle": self.service.authority}}]})
        return self

    def __exit__(self, *_):
        self.call("DELETE", f"{CONFIGURATIONS}/{self.name}", {})
        self.service.__exit__()

    def patch_for(self, operation, pod):
        """What a mesh does to a pod: labels, annotations, tolerations, variables, a longer grace period."""
        with self.lock:
            self.edits[operation] += 1
            number = sum(self.edits.values())
        metadata = pod["metadata"]
        patch = [{"op": "add", "path": "/metadata/annotations", "value": {
            **metadata.get("annotations", {}), f"{GROUP}/seen": str(number), f"{GROUP}/status": "x" * 300}},
            {"op": "add", "path": "/metadata/labels", "value": {**metadata.get("labels", {}), f"{GROUP}/revision": f"r{number}"}}]
        if operation == "CREATE":
            patch.append({"op": "add", "path": "/spec/tolerations", "value": [
                *pod["spec"].get("tolerations", []), {"key": GROUP, "operator": "Exists", "effect": "NoSchedule"}]})
            patch.append({"op": "add", "path": "/spec/terminationGracePeriodSeconds",
                          "value": pod["spec"].get("terminationGracePeriodSeconds", 30) + 7})
            patch += [{"op": "add", "path": f"/spec/containers/{i}/env", "value": [
                *container.get("env", []), {"name": "MESH_REVISION", "value": "7"}]} for i, container in enumerate(pod["spec"]["containers"])]
        return patch

    def _review(self, _, review):
        request = review["request"]
        patch = self.patch_for(request["operation"], request["object"])
        answer = {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch",
                  "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
        return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}
