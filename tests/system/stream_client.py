"""A RESP client that takes what comes one by one, asked for or not: for subscribers,
monitors and whoever waits. What it reads stays the bytes that came; `parse` makes a value."""

import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "differential"))
from raw_client import encode, end_of_reply, parse  # noqa: E402, F401


class StreamClient:
    def __init__(self, host, port, timeout=20):
        self.socket = socket.create_connection((host, port), timeout=timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def close(self):
        self.socket.close()

    def send(self, commands):
        self.socket.sendall(b"".join(map(encode, commands)))

    def read(self):
        """The next reply or push."""
        while True:
            try:
                end = end_of_reply(self.buffer, 0)
            except (ValueError, IndexError):
                end = None
            if end is not None and end <= len(self.buffer):
                reply, self.buffer = self.buffer[:end], self.buffer[end:]
                return reply
            part = self.socket.recv(1 << 20)
            if not part:
                raise ConnectionError("the server closed the connection")
            self.buffer += part

    def call(self, *args):
        self.send([args])
        return self.read()

    def pipeline(self, commands):
        self.send(commands)
        return [self.read() for _ in commands]
