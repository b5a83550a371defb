"""deploy/operator.yaml is what the chart renders with its own values: it carries the
digest of what it was rendered from, so that a change of the chart alone is seen here.
(That it is what Helm makes of the chart is checked where Helm is: tests/local.)"""
import hashlib
import json
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "helm" / "windlass"
CRD = "windlass.dev_redisclusters.yaml"


def digest():
    whole = hashlib.sha256()
    for path in sorted(p for p in CHART.rglob("*") if p.is_file() and p.relative_to(CHART).parts[:2] != ("files", "crds")):
        whole.update(str(path.relative_to(CHART)).encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def manifests():
    return [d for d in yaml.safe_load_all((ROOT / "deploy" / "operator.yaml").read_text()) if d]


def test_the_manifests_are_of_this_chart():
    said = re.search(r"^# chart: ([0-9a-f]{64})$", (ROOT / "deploy" / "operator.yaml").read_text(), re.M)
    assert said and said.group(1) == digest(), "the chart has changed: run deploy/render.sh"


def test_the_definition_has_one_source():
    assert (CHART / "files" / "crds").resolve() == ROOT / "crds"
    assert yaml.safe_load((ROOT / "deploy" / "kustomization.yaml").read_text())["resources"][0] == "../crds"
    assert yaml.safe_load((ROOT / "crds" / "Kustomization").read_text())["resources"] == [CRD]
    assert not any(m["kind"] == "CustomResourceDefinition" for m in manifests())


def test_the_operator_runs_unprivileged_with_what_it_needs():
    by_kind = {m["kind"]: m for m in manifests()}
    pod = by_kind["Deployment"]["spec"]["template"]["spec"]
    container = pod["containers"][0]
    assert pod["securityContext"]["runAsNonRoot"] and container["securityContext"]["readOnlyRootFilesystem"]
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    wildcards = [rule for m in manifests() for rule in m.get("rules", []) if "*" in json.dumps(rule)]
    assert not wildcards
    assert all(m.get("metadata", {}).get("namespace", "windlass-system") == "windlass-system" for m in manifests())


def test_the_schema_knows_every_value_and_no_other():
    def paths(value, path=()):
        yield path
        if isinstance(value, dict):
            for name, inner in value.items():
                yield from paths(inner, path + (name,))

    def known(schema, path=()):
        yield path
        for name, inner in schema.get("properties", {}).items():
            yield from known(inner, path + (name,))

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())
    free = {path for path, inner in walk(schema) if "properties" not in inner}
    given = {p for p in paths(values) if not any(p[:len(f)] == f and p != f for f in free)}
    assert given == set(known(schema)) - {("global",)}


def walk(schema, path=()):
    yield path, schema
    for name, inner in schema.get("properties", {}).items():
        yield from walk(inner, path + (name,))
