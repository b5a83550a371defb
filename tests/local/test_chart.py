"""The chart without a cluster: linted, and rendered with values that people give."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "windlass"

HELM = os.environ.get("HELM") or shutil.which("helm")
# Debian has no helm; CI's kubectl tier brings one.
pytestmark = pytest.mark.skipif(HELM is None, reason="no helm 3 or newer: set HELM, or run by tests/with-kubectl.sh")


def helm(*arguments):
    return subprocess.run([HELM, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def render(*options, release="windlass"):
    result = helm("template", release, CHART, "--namespace", "here", "--kube-version", "1.30.0", *options)
    assert result.returncode == 0, result.stderr
    return [d for d in yaml.safe_load_all(result.stdout) if d]


def of_kind(objects, kind):
    return [o for o in objects if o["kind"] == kind]


def rules_of(objects):
    """(scope, group, resource, verb) of everything the operator's account may do; scope is a namespace or *."""
    found = set()
    for binding in objects:
        if binding["kind"] not in ("RoleBinding", "ClusterRoleBinding"):
            continue
        role = next(o for o in objects if o["kind"] == binding["roleRef"]["kind"] and o["metadata"]["name"] == binding["roleRef"]["name"])
        scope = binding["metadata"].get("namespace", "*")
        for rule in role["rules"]:
            found |= {(scope, group, resource, verb) for group in rule["apiGroups"] for resource in rule["resources"] for verb in rule["verbs"]}
    return found


def test_lint_has_nothing_to_say():
    result = helm("lint", "--strict", CHART)
    assert result.returncode == 0 and "0 chart(s) failed" in result.stdout, result.stdout + result.stderr


def test_the_defaults():
    objects = render()
    deployment = of_kind(objects, "Deployment")[0]
    assert deployment["spec"]["replicas"] == 2
    args = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "--image=windlass/node:0.1.0" in args and not any(a.startswith("--namespace") for a in args)
    definition = of_kind(objects, "CustomResourceDefinition")[0]
    assert definition["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    source = yaml.safe_load((ROOT / "crds" / "windlass.dev_redisclusters.yaml").read_text())
    assert definition["spec"] == source["spec"]
    assert {o["kind"] for o in objects}.isdisjoint({"ServiceMonitor", "PrometheusRule"})
    assert len(of_kind(objects, "PodDisruptionBudget")) == 1


def test_the_rights_are_those_of_all_namespaces_or_of_one():
    everywhere, one = rules_of(render()), rules_of(render("--set", "watchNamespace=there"))
    assert {(g, r, v) for s, g, r, v in everywhere if s == "*" and r != "nodes"} == {(g, r, v) for s, g, r, v in one if s == "there"}
    assert {(r, v) for s, g, r, v in one if s == "*"} == {("nodes", "list"), ("nodes", "watch")}
    assert {(r, v) for s, g, r, v in one if s == "here"} == {("leases", "create"), ("leases", "get"), ("leases", "update")}
    without = render("--set", "watchNamespace=there,rbac.nodes=false")
    assert not of_kind(without, "ClusterRoleBinding")
    assert "--watch-nodes=false" in of_kind(without, "Deployment")[0]["spec"]["template"]["spec"]["containers"][0]["args"]
    for scope, group, resource, verb in everywhere:
        assert "*" not in (group, resource, verb)
        assert (resource, verb) not in {("secrets", "delete"), ("nodes", "patch"), ("pods/exec", "create")}


def test_everything_switched_on():
    objects = render("--set", "metrics.serviceMonitor.enabled=true,metrics.prometheusRule.enabled=true,metrics.dashboard.enabled=true",
                     "--set", "podLabels.team=a,metrics.serviceMonitor.labels.release=prom", "--set", "networkPolicy.metricsFrom[0].namespaceSelector.matchLabels.a=b")
    monitor = of_kind(objects, "ServiceMonitor")[0]
    service = of_kind(objects, "Service")[0]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["release"] == "prom"
    alerts = of_kind(objects, "PrometheusRule")[0]["spec"]["groups"][0]["rules"]
    assert len(alerts) >= 6 and all({"alert", "expr", "for", "labels", "annotations"} <= a.keys() for a in alerts)
    assert "windlass.json" in of_kind(objects, "ConfigMap")[0]["data"]
    assert of_kind(objects, "NetworkPolicy")[0]["spec"]["ingress"][0]["from"]
    pod = of_kind(objects, "Deployment")[0]["spec"]["template"]
    assert pod["metadata"]["labels"]["team"] == "a"
    assert of_kind(objects, "Deployment")[0]["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


def test_alerts_and_dashboard_ask_for_figures_that_there_are():
    written = "".join(p.read_text() for p in (ROOT / "operator").rglob("*.cc"))
    text = (CHART / "files" / "alerts.yaml").read_text() + (CHART / "files" / "dashboard.json").read_text()
    asked = {w.removesuffix("_bucket") for w in re.findall(r"\b(?:windlass|process)_[a-z_]+", text)}
    assert len(asked) >= 8
    assert not [name for name in asked if f'"{name}"' not in written]


@pytest.mark.parametrize("options, kinds", [
    (["--set", "crds.install=false"], {"CustomResourceDefinition"}),
    (["--set", "rbac.create=false,serviceAccount.create=false"], {"ClusterRole", "Role", "RoleBinding", "ServiceAccount"}),
    (["--set", "replicas=1"], {"PodDisruptionBudget"}),
    (["--set", "networkPolicy.enabled=false"], {"NetworkPolicy"}),
])
def test_what_is_switched_off_is_not_there(options, kinds):
    assert kinds.isdisjoint({o["kind"] for o in render(*options)})


def test_two_releases_do_not_share_a_name():
    def names(release):
        return {(o["kind"], o["metadata"]["name"]) for o in render("--set", "crds.install=false", release=release)}
    assert names("windlass").isdisjoint(names("other"))


def test_nonsense_is_refused():
    for values in ("replicas=-1", "operator.logLevel=loud", "metrics.port=80", "watchNamespace=Not_One", "unknown=1"):
        result = helm("template", "windlass", CHART, "--set", values)
        assert result.returncode != 0, values
