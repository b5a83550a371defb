"""A RESP3 reply as Python values that keep its types, and COMMAND's replies by name."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "differential"))
from raw_client import RawClient  # noqa: E402


def values(reply):
    """Maps as dicts, sets as ("set", sorted items), arrays as lists, errors as ("error", text)."""
    value, _ = _value(reply.decode(errors="replace"), 0)
    return value


def _value(reply, at):
    end = reply.index("\r\n", at)
    kind, line, after = reply[at], reply[at + 1:end], end + 2
    if kind == "+":
        return line, after
    if kind == "-":
        return ("error", line), after
    if kind == ":":
        return int(line), after
    if kind == ",":
        return float(line), after
    if kind == "_" or line == "-1":
        return None, after
    if kind in "$=":
        return reply[after:after + int(line)], after + int(line) + 2
    items = []
    for _ in range(int(line) * (2 if kind == "%" else 1)):
        item, after = _value(reply, after)
        items.append(item)
    if kind == "%":
        return dict(zip(items[::2], items[1::2])), after
    return (("set", sorted(items, key=repr)) if kind == "~" else items), after


def caller(node, protocol=3):
    client = RawClient(node.host, node.port)
    client.call("HELLO", protocol)
    return lambda *words: values(client.call(*words))


def infos(call):
    """COMMAND INFO by name, subcommands beside their containers."""
    found = {}

    def add(rows):
        for row in rows if isinstance(rows, list) else []:
            found[row[0]] = row
            add(row[9])

    add(call("COMMAND", "INFO"))
    return found


def docs(call):
    """COMMAND DOCS by name, subcommands beside their containers."""
    found = {}

    def add(pages):
        for name, page in pages.items():
            found[name] = page
            add(page.get("subcommands", {}))

    add(call("COMMAND", "DOCS"))
    return found
