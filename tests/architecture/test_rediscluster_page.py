"""docs/rediscluster.md names every field, condition and event there is, and no other."""
import re
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "rediscluster.md").read_text()
CRD = yaml.safe_load((ROOT / "crds" / "windlass.dev_redisclusters.yaml").read_text())
SCHEMA = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]


def fields(schema, path=""):
    """Every leaf's path and schema."""
    if schema.get("type") == "array":
        yield from fields(schema["items"], path + "[]")
    elif "properties" in schema:
        for name, child in schema["properties"].items():
            yield from fields(child, f"{path}.{name}" if path else name)
    else:
        yield path, schema


def rows(heading):
    """The first table below a heading: first cell, without backticks → the other cells."""
    part = re.split(rf"^{heading}$", PAGE, flags=re.M)[1]
    table = re.search(r"(?:^\|.*\n)+", part, re.M).group(0).splitlines()[2:]
    cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in table]
    return {c[0].strip("| `"): c[1:] for c in cells}


def inner_default(path):
    """The default of a leaf: its own, or that of an object around it."""
    schema, names = SCHEMA["spec"], path.replace("[]", "").split(".")
    given = None
    for name in names:
        schema = schema.get("items", schema)["properties"][name]
        given = given.get(name) if isinstance(given, dict) else None
        given = schema.get("default", given)
    return given


def test_every_field_of_the_spec_has_a_row_with_its_default():
    documented = rows("## spec")
    assert set(documented) == {path for path, _ in fields(SCHEMA["spec"])}
    for path, (meaning, default, example) in documented.items():
        assert meaning and example.strip("`| "), path
        wanted = inner_default(path)
        if wanted is not None:
            assert default.startswith("`"), f"{path}: {default} is said, the CRD has {wanted}"
            assert yaml.safe_load(default.strip("`")) == wanted, f"{path}: {default} is said, the CRD has {wanted}"
        else:
            assert not default.startswith("`"), f"{path}: {default} is said, the CRD has none"


def test_every_field_of_the_status_has_a_row():
    documented = set(rows("## status"))
    wanted = {path for path, _ in fields(SCHEMA["status"]) if not path.startswith("conditions")} | {"conditions"}
    assert documented == wanted


def sources():
    for folder in ("reconcile", "autoscale"):
        for path in sorted((ROOT / "operator" / folder).glob("*.cc")):
            yield path.read_text()


def test_every_condition_and_event_has_a_row():
    code = "\n".join(sources())
    conditions = set(re.findall(r'Say\(world, &status, "(\w+)"', code))
    assert conditions and set(rows("### Conditions")) == conditions
    events = set(re.findall(r'EventType::k\w+, "(\w+)"', code))
    events |= set(re.findall(r'FinishOperation\{"(\w+)"', code))
    events |= set(re.findall(r'changes\.push_back\(\{\w+, "(\w+)"', code))
    assert len(events) > 15 and set(rows("### Events")) == events


def test_phases_are_those_of_the_schema():
    said = rows("## status")["phase"][0]
    assert set(re.findall(r"`(\w+)`", said)) == set(SCHEMA["status"]["properties"]["phase"]["enum"])
