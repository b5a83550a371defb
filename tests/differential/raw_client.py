"""A RESP client that keeps every reply as the bytes that came, so that two
servers can be compared byte by byte, and a reader of such a reply as values."""

import socket


def encode(args):
    out = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if isinstance(arg, bytes) else str(arg).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(out)


class RawClient:
    def __init__(self, host, port, timeout=20):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.start = 0

    def close(self):
        self.socket.close()

    def send(self, commands):
        self.socket.sendall(b"".join(encode(command) for command in commands))

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("the server closed the connection")
        self.buffer = self.buffer[self.start:] + data
        self.start = 0

    def _end_of_reply(self, at):
        """The index behind the reply that begins at `at`, or None: not all is here."""
        line_end = self.buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        kind = self.buffer[at:at + 1]
        after = line_end + 2
        if kind in b"+-:_,#(":
            return after
        length = int(self.buffer[at + 1:line_end])
        if kind in b"$=":
            end = after if length < 0 else after + length + 2
            return end if end <= len(self.buffer) else None
        items = max(length, 0) * (2 if kind == b"%" else 1)
        for _ in range(items):
            after = self._end_of_reply(after)
            if after is None:
                return None
        return after

    def read(self):
        while True:
            end = self._end_of_reply(self.start) if self.start < len(self.buffer) else None
            if end is not None:
                reply = self.buffer[self.start:end]
                self.start = end
                return reply
            self._more()

    def call(self, *args):
        self.send([args])
        return self.read()

    def pipeline(self, commands):
        self.send(commands)
        return [self.read() for _ in commands]


def parse(reply):
    """The reply as a Python value; errors as ("error", text)."""
    value, end = _parse(reply, 0)
    assert end == len(reply), reply
    return value


def _parse(reply, at):
    line_end = reply.index(b"\r\n", at)
    kind, line, after = reply[at:at + 1], reply[at + 1:line_end], line_end + 2
    if kind == b"+":
        return line, after
    if kind == b"-":
        return ("error", line), after
    if kind == b":":
        return int(line), after
    if kind == b"_":
        return None, after
    if kind == b",":
        return float(line), after
    if kind == b"#":
        return line == b"t", after
    length = int(line)
    if kind in b"$=":
        if length < 0:
            return None, after
        return reply[after:after + length], after + length + 2
    if length < 0:
        return None, after
    items = []
    for _ in range(length * (2 if kind == b"%" else 1)):
        item, after = _parse(reply, after)
        items.append(item)
    return items, after
