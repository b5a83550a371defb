"""The chart over its life: tested, upgraded, rolled back, cut down to one namespace."""

import shutil
import subprocess
import time

import pytest

import harness
from redis_cluster import STORAGE, only_redirects
from release import NAME, NAMESPACE

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/redisclusters.windlass.dev"


def columns(kubernetes):
    return [c["name"] for c in kubernetes.call("GET", CRD)["spec"]["versions"][0]["additionalPrinterColumns"]]


@pytest.mark.timeout(300)
def test_helm_test_passes(kubernetes, release):
    release.wait_leader()
    result = kubernetes.helm("test", NAME, "--namespace", NAMESPACE, "--timeout", "180s")
    assert "Succeeded" in result.stdout
    log = kubernetes.kubectl("logs", "-n", NAMESPACE, f"{NAME}-test").stdout
    assert "RedisClusters" in log and "the lease is held by windlass-operator-" in log


@pytest.mark.timeout(900)
def test_an_upgrade_and_a_rollback_under_load_cost_no_pod_and_no_write(cluster, kubernetes, release, tmp_path, figures):
    cluster.apply(shards=3, storage=STORAGE)
    cluster.settle(3)
    uids = {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
    revision = kubernetes.helm("history", NAME, "-n", NAMESPACE, "--max", "1", "-o", "json").stdout.split('"revision":')[1].split(",")[0]
    # The next version of the chart knows one more column.
    newer = tmp_path / "windlass"
    shutil.copytree(release.chart, newer, symlinks=False)
    definition = newer / "files" / "crds" / "windlass.dev_redisclusters.yaml"
    definition.write_text(definition.read_text().replace("additionalPrinterColumns:\n", "additionalPrinterColumns:\n"
                          "        - {name: Newer, type: string, jsonPath: .status.clusterID, priority: 1}\n", 1))
    assert "Newer" not in columns(kubernetes)
    with cluster.ledger(tmp_path) as ledger:
        ledger.wait_for_keys(5000)
        ledger.phase("upgrade")
        begin = time.monotonic()
        usual, release.chart = release.chart, str(newer)
        try:
            release.install("--set", "operator.logLevel=debug,operator.workers=2")
        finally:
            release.chart = usual
        figures("upgraded in", f"{time.monotonic() - begin:.1f} s")
        assert "Newer" in columns(kubernetes), "the definition goes with the chart"
        cluster.patch(shards=4)
        cluster.settle(4)
        ledger.phase("rollback")
        begin = time.monotonic()
        kubernetes.helm("rollback", NAME, revision.strip(), "-n", NAMESPACE)
        harness.wait_for(release.available, 180, "the operator is available")
        figures("rolled back in", f"{time.monotonic() - begin:.1f} s")
        assert "Newer" not in columns(kubernetes)
        assert "--log-level=info" in str(release.deployment())
        cluster.patch(shards=3)
        cluster.settle(3)
        cluster.close(ledger)
    kept = {name: pod["metadata"]["uid"] for name, pod in cluster.pods().items()}
    assert uids.items() == kept.items(), "a new operator restarts no node"
    only_redirects(ledger)


@pytest.mark.timeout(600)
def test_an_operator_of_one_namespace_needs_nothing_beyond_it(cluster, kubernetes, release, figures):
    with release.taken_away():
        release.install("--set", f"watchNamespace={cluster.namespace}")
    try:
        account = f"system:serviceaccount:{NAMESPACE}:windlass-operator"

        def may(verb, resource, namespace):
            return kubernetes.kubectl("auth", "can-i", verb, resource, "-n", namespace, f"--as={account}", check=False).stdout.strip()

        assert may("create", "pods", cluster.namespace) == "yes"
        assert [may(verb, kind, "default") for verb, kind in (("create", "pods"), ("get", "secrets"), ("list", "redisclusters"))] == ["no"] * 3
        cluster.apply(shards=3, replicasPerShard=0)
        figures("Ready after", f"{cluster.settle(3, 3):.1f} s")
    finally:
        release.install()


@pytest.mark.timeout(300)
def test_values_that_cannot_be_are_refused(kubernetes, release):
    for values, words in (("replicas=many", "replicas"), ("operator.logLevel=loud", "logLevel"), ("imgae.node.tag=x", "imgae")):
        result = kubernetes.helm("template", NAME, release.chart, "--set", values, check=False)
        assert result.returncode != 0 and words in result.stderr, result.stderr


@pytest.mark.timeout(300)
def test_the_plain_manifests_are_what_the_chart_renders(kubernetes):
    rendered = subprocess.run([harness.ROOT / "deploy" / "render.sh", "--stdout"], capture_output=True, text=True, timeout=50)
    assert rendered.returncode == 0, rendered.stderr
    assert rendered.stdout == (harness.ROOT / "deploy" / "operator.yaml").read_text()
    # And the API server takes them as they are.
    applied = kubernetes.kubectl("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-k", harness.ROOT / "deploy", check=False)
    lines = applied.stdout.splitlines()
    assert "deployment.apps/windlass-operator serverside-applied (server dry run)" in lines, applied.stdout + applied.stderr
    assert len(lines) >= 12 and applied.returncode == 0, applied.stdout + applied.stderr
