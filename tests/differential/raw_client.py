"""A RESP client that keeps every reply as the bytes that came, so that servers can
be compared byte by batch of bytes, and a reader of such a reply as values."""

import socket

# Ends each batch: the stream up to its reply is the batch's replies, whatever they are.
MARK = b"end-of-batch-5f3759df"
_MARK_COMMAND = b"*2\r\n$4\r\nECHO\r\n$%d\r\n%s\r\n" % (len(MARK), MARK)
_MARK_REPLY = b"$%d\r\n%s\r\n" % (len(MARK), MARK)


def as_bytes(word):
    return word if type(word) is bytes else str(word).encode()


def encode(args):
    out = [b"*%d\r\n" % len(args)]
    for arg in args:
        data = arg if type(arg) is bytes else str(arg).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(data), data))
    return b"".join(out)


def encode_batch(commands):
    return b"".join(map(encode, commands)) + _MARK_COMMAND


def end_of_reply(data, at):
    """The index behind the reply that begins at `at`."""
    pending = 1
    while pending:
        line_end = data.index(b"\r\n", at)
        kind = data[at]
        pending -= 1
        if kind in b"$=":
            length = int(data[at + 1:line_end])
            at = line_end + 2 + (length + 2 if length >= 0 else 0)
        elif kind in b"*~>":
            pending += max(int(data[at + 1:line_end]), 0)
            at = line_end + 2
        elif kind in b"%|":
            pending += 2 * int(data[at + 1:line_end]) + (kind == ord("|"))
            at = line_end + 2
        else:
            at = line_end + 2
    return at


def split(data):
    """The replies in `data`, which holds whole ones only."""
    replies, at = [], 0
    while at < len(data):
        end = end_of_reply(data, at)
        replies.append(data[at:end])
        at = end
    return replies


class RawClient:
    def __init__(self, host, port, timeout=20):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self):
        self.socket.close()

    def send_batch(self, encoded):
        """Sends what encode_batch() made; read_batch() must follow."""
        self.socket.sendall(encoded)

    def read_batch(self):
        """The bytes of all replies of the batch."""
        data = bytearray()
        while not data.endswith(_MARK_REPLY):
            part = self.socket.recv(1 << 20)
            if not part:
                raise ConnectionError(f"the server closed the connection after {bytes(data[-200:])!r}")
            data += part
        return bytes(data[:-len(_MARK_REPLY)])

    def pipeline(self, commands):
        self.send_batch(encode_batch(commands))
        replies = split(self.read_batch())
        assert len(replies) == len(commands), (len(replies), len(commands))
        return replies

    def call(self, *args):
        """One command and its one reply: nothing else is sent, so it goes within MULTI too."""
        self.socket.sendall(encode(args))
        data = bytearray()
        while True:
            part = self.socket.recv(1 << 16)
            if not part:
                raise ConnectionError(f"the server closed the connection after {bytes(data[-200:])!r}")
            data += part
            try:
                if end_of_reply(data, 0) <= len(data):
                    return bytes(data)
            except (ValueError, IndexError):
                pass  # not whole yet


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


def parts(reply):
    """The replies that an aggregate reply is made of, as bytes."""
    line_end = reply.index(b"\r\n")
    return split(reply[line_end + 2:]) if reply[:1] in b"*~%>" else []
