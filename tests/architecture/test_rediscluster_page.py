"""docs/rediscluster.md names every field, condition and event there is, and no other."""
import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "docs"))
import fields as page_fields  # noqa: E402

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


def test_the_table_of_the_spec_is_of_this_schema():
    assert PAGE == page_fields.rendered(PAGE), "the schema has changed: run docs/fields.py"
    assert set(rows("## spec")) == {path for path, _ in fields(SCHEMA["spec"])}


def test_every_field_of_the_spec_says_what_it_is_and_has_an_example_of_its_own():
    for way in page_fields.leaves(SCHEMA["spec"]):
        path = page_fields.path_of(way)
        assert way[-1][1].get("description"), path
        example = page_fields.example_of(way)
        for name, _ in way:  # it is in its own example, and there is not what is there anyway
            example = example[0] if name == "[]" else example[name]
        assert example != page_fields.default_of(way) or path == "autoscaling.metrics[].type", path


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
    conditions = set(re.findall(r'(?:Say\(world, &status, |api::Condition(?: condition)?\{)"(\w+)"', code))
    assert conditions and set(rows("### Conditions")) == conditions
    events = set(re.findall(r'EventType::k\w+, "(\w+)"', code))
    events |= set(re.findall(r'FinishOperation\{"(\w+)"', code))
    events |= set(re.findall(r'changes\.push_back\(\{\w+, "(\w+)"', code))
    assert len(events) > 15 and set(rows("### Events")) == events


def test_phases_are_those_of_the_schema():
    said = rows("## status")["phase"][0]
    assert set(re.findall(r"`(\w+)`", said)) == set(SCHEMA["status"]["properties"]["phase"]["enum"])
