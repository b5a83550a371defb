"""CONFIG REWRITE in a pod, on whatever runs the pods: for tests of both control planes."""

import harness


def setting(cluster, pod, name):
    return dict_of(cluster.connect(cluster.addresses()[pod]).execute_command("CONFIG", "GET", name)).get(name)


def dict_of(answer):
    return answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2]))


def replace(cluster, pod, shards, nodes):
    """Deletes a pod; it comes back under its name, with its volume."""
    uid = cluster.pods()[pod]["metadata"]["uid"]
    cluster.delete_pod(pod)
    harness.wait_for(lambda: cluster.pods().get(pod, {"metadata": {"uid": uid}})["metadata"]["uid"] != uid, 90, f"another {pod}")
    harness.wait_for(lambda: pod in cluster.views(), 90, f"{pod} answers")
    cluster.wait_ready(shards, nodes)


def check_kept_settings(cluster, pod, shards, nodes):
    """REQUIRES: a spec with config {hz: "20"} and storage, and the cluster Ready."""
    connection = cluster.connect(cluster.addresses()[pod])
    for name, value in (("slowlog-max-len", "77"), ("hz", "33")):
        connection.execute_command("CONFIG", "SET", name, value)
    assert connection.execute_command("CONFIG", "REWRITE") in ("OK", b"OK", True)
    replace(cluster, pod, shards, nodes)
    assert setting(cluster, pod, "slowlog-max-len") == "77", "kept beside the data"
    assert setting(cluster, pod, "hz") == "20", "what the spec names is the spec's"

    # A change of the spec reaches a pod that is started again, over what was kept there.
    cluster.patch(config={"hz": None, "slowlog-max-len": "55"})
    path = f"{cluster.core}/configmaps/{cluster.name}-config"
    harness.wait_for(lambda: "slowlog-max-len 55" in cluster.call("GET", path)["data"]["redis.conf"], 30, "the ConfigMap says so")
    replace(cluster, pod, shards, nodes)
    assert setting(cluster, pod, "slowlog-max-len") == "55"
    assert setting(cluster, pod, "hz") == "10", "what is no longer in the spec does not linger"
