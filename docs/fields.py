#!/usr/bin/env python3
"""Writes the table of spec's fields in docs/rediscluster.md anew, from crds/.

usage: docs/fields.py [--check]    --check: says whether the page is of today's schema
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "rediscluster.md"
BEGIN, END = "<!-- From crds/, by docs/fields.py: -->\n", "<!-- until here. -->\n"


def spec_schema():
    crd = yaml.safe_load((ROOT / "crds" / "windlass.dev_redisclusters.yaml").read_text())
    return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]


def leaves(schema, around=()):
    """Every leaf as the schemas on the way to it: ((name, schema), …); an item's name is []."""
    if schema.get("type") == "array":
        yield from leaves(schema["items"], around + (("[]", schema["items"]),))
    elif "properties" in schema:
        for name, child in schema["properties"].items():
            yield from leaves(child, around + ((name, child),))
    else:
        yield around


def path_of(way):
    return ".".join(name for name, _ in way).replace(".[]", "[]")


# What some fields cannot be without, though the schema has it elsewhere.
NEEDED = {"hibernated": {"storage": {"size": "10Gi"}}}


def with_required(schema, given):
    """An object with what it may not be without, from the examples of that."""
    needed = {name: schema["properties"][name]["example"] for name in schema.get("required", []) if name not in given}
    return {**needed, **given}


def example_of(way):
    """A spec that shows this leaf: the nearest example, in what is around it."""
    depth = max(n for n, (_, schema) in enumerate(way) if "example" in schema)
    value = way[depth][1]["example"]
    for n in range(depth, 0, -1):
        value = with_required(way[n - 1][1], {way[n][0]: value})
    return {**NEEDED.get(path_of(way), {}), way[0][0]: value}


def default_of(way):
    """Its own default, or that of an object around it; what is required has none."""
    given = None
    for name, schema in way:
        given = schema.get("default", given.get(name) if isinstance(given, dict) else None)
    return given


def flow(value):
    return yaml.safe_dump(value, default_flow_style=True, width=10000, sort_keys=False).strip().removesuffix("...").strip()


def values_of(schema):
    if "enum" in schema:
        return ", ".join(f"`{word}`" for word in schema["enum"])
    if "x-kubernetes-int-or-string" in schema:
        return "quantity"
    if "minimum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}" if "maximum" in schema else f"{schema['minimum']} or more"
    if "additionalProperties" in schema:
        return "map of quantities" if "anyOf" in schema["additionalProperties"] else "map of strings"
    return {"boolean": "`true`, `false`"}.get(schema["type"], schema["type"])


def row(way):
    name, schema = way[-1]
    default = default_of(way)
    required = len(way) > 1 and name in way[-2][1].get("required", [])
    said = f"`{flow(default)}`" if default is not None else "required" if required else "none"
    example = flow(example_of(way))[1:-1]
    return f"| `{path_of(way)}` | {schema['description']} | {values_of(schema)} | {said} | `{example}` |\n"


def table():
    return ("| Field | Meaning | Values | Default | Example |\n|---|---|---|---|---|\n"
            + "".join(row(way) for way in leaves(spec_schema())))


def rendered(page):
    head, _, rest = page.partition(BEGIN)
    _, _, tail = rest.partition(END)
    return head + BEGIN + "\n" + table() + "\n" + END + tail


def main():
    page = PAGE.read_text()
    if "--check" in sys.argv[1:]:
        sys.exit(0 if page == rendered(page) else "docs/rediscluster.md is not of this schema: run docs/fields.py")
    PAGE.write_text(rendered(page))


if __name__ == "__main__":
    main()
