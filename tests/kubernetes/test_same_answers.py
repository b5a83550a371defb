"""The local control plane's API server and the real one give the same answers."""

import json
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "local"))

from process import wait_for  # noqa: E402
from api_server_process import CRD, ApiServer  # noqa: E402
from scripted_requests import Session  # noqa: E402

# Request → why the two may differ.
KNOWN = {"watch of a version that is none": "Kubernetes calls this mistake of a client's its own: 500"}


def sender(base, headers=None, trust=None):
    def send(method, path, body, more):
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        request = urllib.request.Request(base + path, data=data, method=method, headers={**(headers or {}), **more})
        try:
            with urllib.request.urlopen(request, timeout=60, context=trust) as reply:
                code, text = reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            code, text = error.code, error.read().decode()
        try:
            return code, json.loads(text)
        except ValueError:
            return code, text
    return send


@pytest.mark.timeout(600)
def test_scripted_requests_are_answered_alike(kubernetes, installed, tmp_path, figures):
    real = sender(kubernetes.server, {"Authorization": f"Bearer {kubernetes.credentials.admin_token}"}, kubernetes.trust)
    installed.scale(0)  # nobody is to act on these objects
    local = ApiServer(tmp_path)
    try:
        local.kubectl("apply", "-f", str(CRD.parent))
        local.kubectl("wait", "--for=condition=Established", "crd/redisclusters.windlass.dev", "--timeout=60s")
        there = sender(local.url)
        answers = {}
        for name, send in (("real", real), ("local", there)):
            code, answer = send("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "answers"}},
                                {"Content-Type": "application/json"})
            assert code == 201, answer
            answers[name] = Session(send, "answers").run()
    finally:
        local.stop()
        real("DELETE", "/api/v1/namespaces/answers", None, {})
        wait_for(lambda: real("GET", "/api/v1/namespaces/answers", None, {})[0] == 404, 180, "its objects are gone")
        installed.scale(2)
    assert answers["real"].keys() == answers["local"].keys()
    different = {name: (answers["real"][name], answers["local"][name]) for name in answers["real"]
                 if answers["real"][name] != answers["local"][name] and name not in KNOWN}
    alike = sum(answers["real"][name] == answers["local"][name] for name in answers["real"])
    figures("requests answered alike", f"{alike} of {len(answers['real'])}, known to differ {len(KNOWN)}")
    assert not different, "\n".join(f"{name}:\n  real  {a}\n  local {b}" for name, (a, b) in different.items())
