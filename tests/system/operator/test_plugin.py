"""kubectl windlass: looking, asking, and a pod that is fenced."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import harness
from ledger_process import Ledger

PLUGIN = "kubectl-windlass"


def run(cluster, *words, check=True):
    command = [harness.binary(PLUGIN), *words, "--kubeconfig", str(cluster.data / "kubeconfig"), "-n", cluster.namespace]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result


def annotate(cluster, pod, value):
    cluster.call("PATCH", f"{cluster.core}/pods/{pod}", {"metadata": {"annotations": {"windlass.dev/fenced": value}}},
                 "application/merge-patch+json")


def only_redirects(ledger):
    for phase in ledger.phases:
        assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase


@pytest.mark.timeout(240)
def test_status_plan_slots_doctor_pause_failover_and_rebalance(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"}, rebalance={"mode": "Manual"})
    local_cluster.wait_ready(3, 6)
    status = run(local_cluster, "status", "demo").stdout
    assert "demo  Ready  3 of 3 shards, 6 of 6 nodes ready" in status
    assert all(name in status for name in local_cluster.pods())
    assert run(local_cluster, "plan", "demo").stdout == "nothing is under way\n"
    assert run(local_cluster, "slots", "demo").stdout.count("33 %") == 3
    assert run(local_cluster, "doctor", "demo").stdout == "Nothing is wrong.\n"
    assert "no RedisCluster other" in run(local_cluster, "status", "other", check=False).stderr

    run(local_cluster, "pause", "demo")
    harness.wait_for(lambda: local_cluster.status()["phase"] == "Paused", 20, "paused")
    run(local_cluster, "pause", "demo", "--off")
    local_cluster.wait_ready(3, 6)

    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
        ledger.wait_for_keys(3000)
        ledger.phase("failover")
        heir = sorted(name for name, slots in local_cluster.masters().items() if slots)[0]
        refused = run(local_cluster, "failover", heir, check=False)
        assert refused.returncode == 1 and "is not a replica" in refused.stderr
        heir = sorted(local_cluster.followers())[0]
        run(local_cluster, "failover", heir)
        harness.wait_for(lambda: local_cluster.masters().get(heir), 30, "it has taken over")
        local_cluster.wait_ready(3, 6)
        annotations = lambda: local_cluster.pods()[heir]["metadata"]["annotations"]  # noqa: E731
        harness.wait_for(lambda: "windlass.dev/take-over" not in annotations(), 20, "once is enough")
        ledger.phase("rebalance")
        shards = local_cluster.masters()
        source, target = sorted(name for name, slots in shards.items() if slots)[:2]
        addresses = local_cluster.addresses()
        ids = {name: local_cluster.connect(addresses[name]).execute_command("CLUSTER MYID") for name in (source, target)}
        subprocess.run([harness.binary("windlassctl"), "reshard", f"{addresses[source]}:6379", "-a", local_cluster.password(), "--from", ids[source],
                        "--to", ids[target], "--slots", "300", "--yes"], check=True, timeout=60, capture_output=True)
        even = lambda: max(local_cluster.masters().values()) - min(n for n in local_cluster.masters().values() if n) <= 1  # noqa: E731
        assert not even()
        run(local_cluster, "rebalance", "demo")
        harness.wait_for(even, 60, "slots are even again")
        local_cluster.wait_ready(3, 6)
        asked = lambda: "windlass.dev/rebalance" in local_cluster.cluster()["metadata"].get("annotations", {})  # noqa: E731
        harness.wait_for(lambda: not asked(), 20, "once is enough")
        ledger.close(local_cluster.seeds().split(",")[0])
    only_redirects(ledger)


KUBECTL = os.environ.get("KUBECTL") or shutil.which("kubectl")


@pytest.mark.skipif(KUBECTL is None, reason="no kubectl: set KUBECTL, or run by tests/with-kubectl.sh")
@pytest.mark.timeout(240)
def test_by_kubectl_the_cluster_is_drawn_and_what_is_wrong_is_found(local_cluster):
    cluster = local_cluster
    port = harness.free_ports(1)[0]
    cluster.stop_operator()
    cluster.operator_options = ["--health-port", str(port)]
    cluster.start_operator()
    cluster.apply(shards=3)
    cluster.wait_ready(3, 6)
    env = {**os.environ, "PATH": f"{Path(harness.binary(PLUGIN)).parent}:{os.environ['PATH']}", "KUBECONFIG": str(cluster.data / "kubeconfig")}

    def kubectl(*words):
        return subprocess.run([KUBECTL, "windlass", *words], capture_output=True, text=True, timeout=60, env=env)

    # The operator is no pod here: its figures are where it is told.
    cluster.write_keys(300)
    drawn = lambda: kubectl("status", "demo", "--metrics", f"http://127.0.0.1:{port}").stdout  # noqa: E731
    harness.wait_for(lambda: drawn().count("% of") == 3, 40, "memory of three shards")
    text = drawn()
    assert re.search(r"^0 0{21}[01]1{20,21}[12]2{21,} 16383$", text, re.M), text
    assert len(re.findall(r"^[012] shard-[012]  slots \[###\.+\] 546\d  memory \[#*\.*\] \d+ % of .*  ops \[.{10}\] \d+/s  1 of 1 replicas in step$", text, re.M)) == 3, text
    assert "no zone known\n  local\n" in text and all(f"    {name}  " in text for name in cluster.pods()), text
    assert "memory and ops are not known: the operator is no pod" in kubectl("status", "demo").stdout

    assert kubectl("doctor", "demo").stdout == "Nothing is wrong.\n"
    cluster.patch(image="nosuch:1", replicasPerShard=2)
    found = lambda: kubectl("doctor", "demo")  # noqa: E731
    harness.wait_for(lambda: "its image cannot be had" in found().stdout, 60, "the image is named")
    result = found()
    assert result.returncode == 1, result.stdout
    remedy = next(line.strip() for line in result.stdout.splitlines() if "kubectl patch" in line and '"image": null' in line)
    subprocess.run(remedy.replace("kubectl", KUBECTL, 1), shell=True, check=True, env=env, timeout=60, capture_output=True)
    subprocess.run([KUBECTL, "patch", "rediscluster", "demo", "--type=merge", "-p", '{"spec": {"replicasPerShard": 1}}'], check=True, env=env, timeout=60, capture_output=True)
    cluster.wait_ready(3, 6)
    assert kubectl("doctor", "demo").returncode == 0


@pytest.mark.timeout(240)
def test_a_fenced_master_hands_over_and_is_kept_beside_the_node_that_stands_in(local_cluster, tmp_path):
    local_cluster.apply(shards=3, storage={"size": "1Gi", "onDelete": "Delete"})
    local_cluster.wait_ready(3, 6)
    fenced = sorted(name for name, slots in local_cluster.masters().items() if slots)[0]
    uid = local_cluster.pods()[fenced]["metadata"]["uid"]
    with Ledger(local_cluster.seeds(), tmp_path, password=local_cluster.password(), keys=3000, rate=500) as ledger:
        ledger.wait_for_keys(3000)
        ledger.phase("fence")
        annotate(local_cluster, fenced, "true")
        harness.wait_for(lambda: len(local_cluster.pods()) == 7 and not local_cluster.masters().get(fenced), 60, "another stands in for it")
        local_cluster.wait_ready(3, 7)
        setting = local_cluster.connect(local_cluster.addresses()[fenced]).config_get("cluster-replica-no-failover")
        assert setting["cluster-replica-no-failover"] == "yes"
        doctor = run(local_cluster, "doctor", "demo", check=False)
        assert doctor.returncode == 1 and f"left alone, and no masters: {fenced}" in doctor.stdout
        assert local_cluster.pods()[fenced]["metadata"]["uid"] == uid
        annotate(local_cluster, fenced, None)
        local_cluster.wait_ready(3, 6)
        local_cluster.check_whole()
        ledger.close(local_cluster.seeds().split(",")[0])
    only_redirects(ledger)
