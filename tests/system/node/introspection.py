"""Replies as Python values that keep their types, and COMMAND's replies by name."""

import socket

# Ours of Valkey 9, newer than the peers that are asked.
OF_VALKEY_9 = {"cluster|cancelslotmigrations", "cluster|getslotmigrations", "cluster|migrateslots", "cluster|syncslots"}


class Connection:
    """One command, one reply; what else arrives (published messages) comes as replies too."""

    def __init__(self, host, port, timeout=20):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.file = self.socket.makefile("rb")

    def close(self):
        self.file.close()
        self.socket.close()

    def send(self, *words):
        data = [str(word).encode() for word in words]
        self.socket.sendall(b"".join([b"*%d\r\n" % len(data), *(b"$%d\r\n%s\r\n" % (len(d), d) for d in data)]))

    def call(self, *words):
        self.send(*words)
        return self.read()

    def read(self):
        """Maps as dicts, sets as ("set", sorted items), arrays as lists, errors as ("error", text)."""
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("the server closed the connection")
        kind, rest = chr(line[0]), line[1:-2].decode(errors="replace")
        if kind == "+":
            return rest
        if kind == "-":
            return "error", rest
        if kind == ":":
            return int(rest)
        if kind == ",":
            return float(rest)
        if kind == "_" or rest == "-1":
            return None
        if kind in "$=":
            return self.file.read(int(rest) + 2)[:-2].decode(errors="replace")
        items = [self.read() for _ in range(int(rest) * (2 if kind == "%" else 1))]
        if kind == "%":
            return dict(zip(items[::2], items[1::2]))
        return ("set", sorted(items, key=repr)) if kind == "~" else items


def caller(node, protocol=3):
    connection = Connection(node.host, node.port)
    connection.call("HELLO", protocol)
    return connection.call


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
