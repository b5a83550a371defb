"""A stock kubectl against the local API server: it behaves as on Kubernetes."""

import json
import signal
import time

import pytest

from api_server_process import CLUSTER, CRD, ApiServer


@pytest.fixture
def server(tmp_path):
    instance = ApiServer(tmp_path)
    yield instance
    instance.stop()


@pytest.fixture
def crd_server(server):
    server.kubectl("apply", "-f", str(CRD.parent))
    server.kubectl("wait", "--for=condition=Established", "crd/redisclusters.windlass.dev", "--timeout=10s")
    return server


def apply(server, name="demo", spec="shards: 3", check=True, extra=()):
    return server.kubectl("apply", *extra, "-f", "-", stdin=CLUSTER.format(name=name, spec=spec), check=check)


def field(server, path, name="demo"):
    return server.out("get", "rdc", name, "-o", f"jsonpath={{{path}}}")


def test_kubectl_is_recent_and_knows_the_server(server):
    client = json.loads(server.out("version", "-o", "json"))
    assert int(client["clientVersion"]["minor"].rstrip("+")) >= 30
    assert client["serverVersion"]["major"] == "1"


def test_api_resources_name_built_in_and_custom_kinds(crd_server):
    text = crd_server.out("api-resources")
    for word in ("pods", "services", "poddisruptionbudgets", "leases", "redisclusters", "rdc", "persistentvolumeclaims"):
        assert word in text
    assert "windlass.dev/v1alpha1" in crd_server.out("api-versions")


def test_a_protected_cluster_is_not_deleted(crd_server):
    apply(crd_server, spec="deletionProtection: true")
    for what in (["demo"], ["--all"]):
        result = crd_server.kubectl("delete", "rdc", *what, "--wait=false", check=False)
        assert result[0] != 0 and "spec.deletionProtection is true: set it to false to delete the cluster" in "".join(map(str, result[1:])), result
    apply(crd_server, spec="deletionProtection: false")
    crd_server.kubectl("delete", "rdc", "demo", "--wait=false")


def test_apply_again_changes_nothing_and_another_spec_is_configured(crd_server):
    assert "created" in apply(crd_server)[1]
    assert "unchanged" in apply(crd_server)[1]
    assert "configured" in apply(crd_server, spec="shards: 4")[1]
    assert field(crd_server, ".spec.shards") == "4"
    assert field(crd_server, ".metadata.generation") == "2"


@pytest.mark.parametrize("spec, message", [
    ("shards: 0", 'The RedisCluster "demo" is invalid: spec.shards: Invalid value: 0: '
                  'spec.shards in body should be greater than or equal to 1'),
    ("shards: two", 'The RedisCluster "demo" is invalid: spec.shards: Invalid value: "string": '
                    'spec.shards in body must be of type integer: "string"'),
    ("shards: 3, shardz: 3", 'strict decoding error: unknown field "spec.shardz"'),
    ("shards: 2000", 'The RedisCluster "demo" is invalid: spec.shards: Invalid value: 2000: '
                     'spec.shards in body should be less than or equal to 1000'),
    ("memory: {evictionPolicy: some}", 'spec.memory.evictionPolicy: Unsupported value: "some"'),
    ("storage: {}", "spec.storage.size: Required value"),
])
def test_a_bad_spec_is_refused_by_field_and_changes_nothing(crd_server, spec, message):
    code, _, errors = apply(crd_server, spec=spec, check=False)
    assert code != 0 and message in errors
    assert crd_server.kubectl("get", "rdc", "demo", check=False)[0] != 0
    apply(crd_server)
    before = crd_server.out("get", "rdc", "demo", "-o", "json")
    code, _, errors = apply(crd_server, spec=spec, check=False)
    assert code != 0 and message in errors
    assert crd_server.out("get", "rdc", "demo", "-o", "json") == before


def test_get_watch_prints_each_change(crd_server):
    apply(crd_server)
    follower = crd_server.follow("get", "redisclusters", "-w")
    try:
        follower.wait_for(lambda line: line.startswith("demo"))
        crd_server.kubectl("patch", "rdc", "demo", "--subresource=status", "--type=merge",
                           "-p", '{"status":{"phase":"Forming"}}')
        follower.wait_for(lambda line: "Forming" in line)
        apply(crd_server, name="second")
        follower.wait_for(lambda line: line.startswith("second"))
        assert follower.lines[0].split()[:3] == ["NAME", "PHASE", "SHARDS"]
    finally:
        follower.stop()


def test_scale_moves_the_spec_and_its_generation(crd_server):
    apply(crd_server)
    assert "scaled" in crd_server.out("scale", "rediscluster/demo", "--replicas=5")
    assert field(crd_server, ".spec.shards") == "5"
    assert field(crd_server, ".metadata.generation") == "2"
    code, _, errors = crd_server.kubectl("scale", "rediscluster/demo", "--replicas=5000", check=False)
    assert code != 0 and "less than or equal to 1000" in errors
    code, _, errors = crd_server.kubectl("scale", "rediscluster/demo", "--replicas=4", "--current-replicas=9", check=False)
    assert code != 0 and "Expected replicas to be 9" in errors
    assert field(crd_server, ".spec.shards") == "5"


def test_wait_for_a_condition_of_the_status(crd_server):
    apply(crd_server)
    waiting = crd_server.follow("wait", "--for=condition=Ready", "rdc/demo", "--timeout=30s")
    try:
        crd_server.kubectl("patch", "rdc", "demo", "--subresource=status", "--type=merge", "-p", json.dumps(
            {"status": {"conditions": [{"type": "Ready", "status": "True", "reason": "Formed", "message": "",
                                        "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}))
        waiting.wait_for(lambda line: "condition met" in line)
    finally:
        waiting.stop()
    assert field(crd_server, ".metadata.generation") == "1"


def test_describe_shows_spec_and_events(crd_server):
    apply(crd_server)
    uid = field(crd_server, ".metadata.uid")
    code, _ = crd_server.request("POST", "/api/v1/namespaces/default/events", {
        "metadata": {"name": "demo.1"}, "type": "Normal", "reason": "Formed", "message": "cluster is whole",
        "involvedObject": {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "namespace": "default",
                           "name": "demo", "uid": uid},
        "firstTimestamp": "2026-01-01T00:00:00Z", "lastTimestamp": "2026-01-01T00:00:00Z", "count": 1,
        "source": {"component": "windlass-operator"}})
    assert code == 201
    text = crd_server.out("describe", "rediscluster/demo")
    assert "Shards:" in text and "cluster is whole" in text
    assert "cluster is whole" in crd_server.out("get", "events")
    assert "cluster is whole" in crd_server.out("events", "--for", "rediscluster/demo")


def test_delete_waits_for_finalizers(crd_server):
    apply(crd_server)
    crd_server.kubectl("patch", "rdc", "demo", "--type=merge", "-p", '{"metadata":{"finalizers":["windlass.dev/x"]}}')
    deleting = crd_server.follow("delete", "rdc", "demo")
    try:
        deleting.wait_for(lambda line: "deleted" in line)
        time.sleep(0.5)
        assert deleting.process.poll() is None, "kubectl delete did not wait"
        assert field(crd_server, ".metadata.deletionTimestamp")
        crd_server.kubectl("patch", "rdc", "demo", "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
        assert deleting.process.wait(timeout=20) == 0
    finally:
        deleting.stop()
    assert crd_server.kubectl("get", "rdc", "demo", check=False)[2].startswith("Error from server (NotFound)")


def test_label_annotate_and_patch_of_each_kind(crd_server):
    apply(crd_server)
    crd_server.kubectl("label", "rdc", "demo", "team=a")
    crd_server.kubectl("annotate", "rdc", "demo", "note=b")
    assert "demo" in crd_server.out("get", "rdc", "-l", "team in (a,b)", "-o", "name")
    assert crd_server.out("get", "rdc", "-l", "team notin (a)", "-o", "name") == ""
    crd_server.kubectl("label", "rdc", "demo", "team-")
    crd_server.kubectl("patch", "rdc", "demo", "--type=json", "-p", '[{"op":"replace","path":"/spec/shards","value":6}]')
    assert field(crd_server, ".spec.shards") == "6"
    assert field(crd_server, ".metadata.labels") == ""
    pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"a","image":"x"},{"name":"b","image":"y"}]}}'
    crd_server.kubectl("apply", "-f", "-", stdin=pod)
    crd_server.kubectl("set", "image", "pod/p", "b=z:2")
    assert crd_server.out("get", "pod", "p", "-o", "jsonpath={.spec.containers[*].image}") == "x z:2"


def test_edit_changes_what_the_editor_changed(crd_server, tmp_path):
    apply(crd_server)
    editor = tmp_path / "editor"
    editor.write_text("#!/bin/sh\nsed -i 's/shards: 3/shards: 7/' \"$1\"\n")
    editor.chmod(0o755)
    environment = dict(crd_server.environment(), KUBE_EDITOR=str(editor))
    crd_server.environment = lambda: environment
    assert "edited" in crd_server.out("edit", "rdc", "demo")
    assert field(crd_server, ".spec.shards") == "7"


def test_explain_reads_the_definitions_schema(crd_server):
    text = crd_server.out("explain", "rediscluster.spec.shards")
    assert "Masters that own slots" in text and "<integer>" in text
    assert "containerPort" in crd_server.out("explain", "pod.spec.containers.ports")


def test_diff_and_dry_run_change_nothing(crd_server):
    apply(crd_server)
    code, text, _ = crd_server.kubectl("diff", "-f", "-", stdin=CLUSTER.format(name="demo", spec="shards: 4"), check=False)
    assert code == 1 and "+  shards: 4" in text
    apply(crd_server, spec="shards: 9", extra=("--dry-run=server",))
    crd_server.kubectl("delete", "rdc", "demo", "--dry-run=server")
    assert field(crd_server, ".spec.shards") == "3"


def test_server_side_apply_names_manager_and_field(crd_server):
    apply(crd_server, extra=("--server-side", "--field-manager=one"))
    code, _, errors = apply(crd_server, spec="shards: 5", check=False, extra=("--server-side", "--field-manager=two"))
    assert code != 0 and 'conflict with "one": .spec.shards' in errors
    apply(crd_server, spec="shards: 5", extra=("--server-side", "--field-manager=two", "--force-conflicts"))
    managers = json.loads(crd_server.out("get", "rdc", "demo", "-o", "json", "--show-managed-fields"))["metadata"]["managedFields"]
    owners = [m["manager"] for m in managers if "f:shards" in m["fieldsV1"].get("f:spec", {})]
    assert owners == ["two"]


def test_typed_create_commands_work(server):
    server.kubectl("create", "namespace", "apps")
    server.kubectl("create", "configmap", "c", "-n", "apps", "--from-literal=k=v")
    server.kubectl("create", "secret", "generic", "s", "-n", "apps", "--from-literal=password=secret")
    server.kubectl("create", "serviceaccount", "robot", "-n", "apps")
    server.kubectl("create", "poddisruptionbudget", "b", "-n", "apps", "--selector=a=b", "--min-available=1")
    assert server.out("get", "cm", "c", "-n", "apps", "-o", "jsonpath={.data.k}") == "v"
    assert server.out("get", "secret", "s", "-n", "apps", "-o", "jsonpath={.data.password}") == "c2VjcmV0"
    assert server.out("get", "pdb", "b", "-n", "apps", "-o", "jsonpath={.spec.minAvailable}") == "1"
    server.kubectl("delete", "namespace", "apps", "--timeout=20s")
    assert server.kubectl("get", "namespace", "apps", check=False)[0] != 0


def test_what_is_not_there_is_refused(server):
    code, _, errors = server.kubectl("create", "deployment", "d", "--image=x", check=False)
    assert code != 0 and "could not find the requested resource" in errors
    assert server.request("GET", "/apis/apps/v1/deployments")[0] == 404
    assert server.request("POST", "/api/v1/namespaces/default/pods/p/exec")[0] == 404
    assert server.request("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {})[0] == 404
    assert server.request("DELETE", "/api/v1/nodes/none")[0] == 404
    assert server.request("POST", "/api/v1/nodes/none", {})[0] == 405
    assert server.request("GET", "/api/v1/pods", accept="application/xml")[0] == 406
    assert server.request("POST", "/api/v1/nodes", {}, content_type="application/cbor")[0] == 415


def test_everything_acknowledged_survives_a_kill(crd_server):
    for number in range(20):
        crd_server.request("POST", "/api/v1/namespaces/default/configmaps",
                           {"metadata": {"name": f"c{number}"}, "data": {"n": str(number)}})
    apply(crd_server)
    before = crd_server.request("GET", "/api/v1/configmaps")[1]
    cluster = crd_server.out("get", "rdc", "demo", "-o", "json")
    crd_server.stop(signal.SIGKILL)
    crd_server.start()
    assert crd_server.request("GET", "/api/v1/configmaps")[1]["items"] == before["items"]
    assert crd_server.out("get", "rdc", "demo", "-o", "json") == cluster
    apply(crd_server, name="after")
    revision = int(crd_server.out("get", "rdc", "after", "-o", "jsonpath={.metadata.resourceVersion}"))
    assert revision > int(before["metadata"]["resourceVersion"])


def test_a_watch_goes_on_over_a_restart_from_where_it_was(crd_server):
    apply(crd_server)
    revision = field(crd_server, ".metadata.resourceVersion")
    crd_server.kubectl("scale", "rediscluster/demo", "--replicas=5")
    crd_server.stop()
    crd_server.start()
    import urllib.request
    with urllib.request.urlopen(f"{crd_server.url}/apis/windlass.dev/v1alpha1/redisclusters?watch=true&timeoutSeconds=2"
                                f"&resourceVersion={revision}", timeout=20) as reply:
        event = json.loads(reply.readline())
    assert event["type"] == "MODIFIED" and event["object"]["spec"]["shards"] == 5


def test_history_is_bounded_and_older_is_gone(tmp_path):
    server = ApiServer(tmp_path, "--history", "10")
    try:
        first = server.request("GET", "/api/v1/configmaps")[1]["metadata"]["resourceVersion"]
        for number in range(15):
            server.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": f"c{number}"}})
        code, status = server.request("GET", f"/api/v1/configmaps?watch=true&timeoutSeconds=1&resourceVersion={first}")
        assert code == 410 and status["reason"] == "Expired"
    finally:
        server.stop()


def test_a_token_is_asked_for(tmp_path):
    server = ApiServer(tmp_path, "--token", "open-sesame")
    try:
        assert server.request("GET", "/api/v1/pods")[0] == 401
        assert server.request("GET", "/api/v1/pods", headers={"Authorization": "Bearer open-sesame"})[0] == 200
    finally:
        server.stop()


def test_a_web_page_is_refused(server):
    pod = {"metadata": {"name": "evil"}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    pods = "/api/v1/namespaces/default/pods"
    assert server.request("POST", pods, pod, headers={"Origin": "https://example.com"})[0] == 403
    assert server.request("POST", pods, pod, headers={"Host": "rebound.example.com"})[0] == 403
    assert server.request("GET", pods)[1]["items"] == []


def test_a_second_server_cannot_take_the_same_data(server, tmp_path):
    import subprocess
    from api_server_process import apiserver_binary
    done = subprocess.run([apiserver_binary(), "--data-dir", str(tmp_path / "data")], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1 and "in use by another API server" in done.stderr


def test_it_stops_at_once_with_watches_open(server):
    follower = server.follow("get", "pods", "-w")
    try:
        time.sleep(0.5)
        started = time.monotonic()
        assert server.stop() == 0
        assert time.monotonic() - started < 5
    finally:
        follower.stop()
