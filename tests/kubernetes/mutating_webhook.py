"""A mutating webhook such as meshes and policy engines bring: every pod of a namespace is
edited when it is made and again each time anybody changes it."""

import base64
import http.server
import json
import ssl
import subprocess
import threading

CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"
GROUP = "mesh.example.com"


class MutatingWebhook:
    """Listens where the API server is; registered for one namespace while it is open."""

    def __init__(self, call, namespace, folder):
        self.call, self.namespace, self.name = call, namespace, f"mesh-{namespace}"
        self.key, self.certificate = folder / "webhook.key", folder / "webhook.crt"
        self.lock = threading.Lock()
        self.edits = {"CREATE": 0, "UPDATE": 0}
        self.server = None

    def __enter__(self):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=webhook",
                        "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(self.key), "-out", str(self.certificate)],
                       check=True, capture_output=True, timeout=60)
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.call("POST", CONFIGURATIONS, {
            "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration", "metadata": {"name": self.name},
            "webhooks": [{
                "name": f"pods.{GROUP}", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
                "reinvocationPolicy": "IfNeeded", "timeoutSeconds": 10,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": self.namespace}},
                "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE", "UPDATE"], "resources": ["pods"]}],
                "clientConfig": {"url": f"https://127.0.0.1:{self.server.server_address[1]}/",
                                 "caBundle": base64.b64encode(self.certificate.read_bytes()).decode()}}]})
        return self

    def __exit__(self, *_):
        self.call("DELETE", f"{CONFIGURATIONS}/{self.name}", {})
        self.server.shutdown()
        self.server.server_close()

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

    def _handler(self):
        webhook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["request"]
                patch = webhook.patch_for(request["operation"], request["object"])
                answer = {"uid": request["uid"], "allowed": True, "patchType": "JSONPatch",
                          "patch": base64.b64encode(json.dumps(patch).encode()).decode()}
                body = json.dumps({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": answer}).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
