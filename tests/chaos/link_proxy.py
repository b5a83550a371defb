"""The link proxy: carries every packet between two nodes, late or not at all.

A process of its own that holds the far ends of the nodes' TUN devices. A packet
that comes in from one node goes out to the node whose address it bears, after
the delay and with the chance of loss of that path, which is one way. Order
within a path is kept. (Debian's kernels have netem for this; others have not.)

As a program: link_proxy.py COUNT SEED; then lines on standard input,
"path FROM TO DELAY_MS JITTER_MS LOSS_PERCENT" or "clear". It ends with its input.
"""

import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import subprocess
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
FIRST_HOST = 10  # the last byte of node 0's address
MOST_WAITING = 100000
ORDER = itertools.count()  # of packets that are due at the same instant


class LinkProxy:
    """The handle on the process."""

    def __init__(self, count, seed):
        self.process = subprocess.Popen([sys.executable, __file__, str(count), str(seed)], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True, bufsize=1)
        assert self.process.stdout.readline() == "ready\n", "the link proxy did not start"

    def path(self, source, target, delay_ms=0, jitter_ms=0, loss_percent=0):
        self.process.stdin.write(f"path {source} {target} {delay_ms} {jitter_ms} {loss_percent}\n")

    def clear(self):
        self.process.stdin.write("clear\n")

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


class Paths:
    """What is to be done to a packet: pure but for the generator."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.faults = {}
        self.last_due = {}

    def obey(self, line):
        words = line.split()
        if words == ["clear"]:
            self.faults.clear()
        elif words and words[0] == "path":
            source, target, delay, jitter, loss = map(int, words[1:])
            self.faults[source, target] = (delay / 1000, jitter / 1000, loss)

    def due(self, source, target, now):
        """When the packet arrives; None: never."""
        fault = self.faults.get((source, target))
        at = now
        if fault:
            delay, jitter, loss = fault
            if loss and self.random.random() * 100 < loss:
                return None
            at += delay + jitter * self.random.random()
        at = max(at, self.last_due.get((source, target), 0))
        self.last_due[source, target] = at
        return at


def open_tun(number):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", f"tun{number}".encode(), IFF_TUN | IFF_NO_PI))
    return fd


def write_to(fd, packet):
    try:
        os.write(fd, packet)
    except OSError:
        pass  # its queue is full, or the device is down: a network loses such packets


def read_packets(fd, source, paths, count, waiting, deliver):
    for _ in range(64):
        try:
            packet = os.read(fd, 65536)
        except OSError:
            return
        if len(packet) < 20 or packet[0] >> 4 != 4:
            continue
        target = packet[19] - FIRST_HOST
        if not 0 <= target < count or target == source:
            continue
        now = time.monotonic()
        at = paths.due(source, target, now)
        if at is None:
            continue
        if at <= now:
            deliver(target, packet)
        elif len(waiting) < MOST_WAITING:
            heapq.heappush(waiting, (at, next(ORDER), target, packet))


def serve(count, seed):
    tuns = [open_tun(number) for number in range(count)]
    print("ready", flush=True)
    paths, waiting = Paths(seed), []
    sources = {fd: number for number, fd in enumerate(tuns)}
    poll = select.epoll()
    for fd in [0, *tuns]:
        poll.register(fd, select.EPOLLIN)
    pending = b""
    while True:
        rest = -1 if not waiting else max(0, waiting[0][0] - time.monotonic())
        for fd, _ in poll.poll(rest):
            if fd != 0:
                read_packets(fd, sources[fd], paths, count, waiting, lambda to, packet: write_to(tuns[to], packet))
                continue
            chunk = os.read(0, 65536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            for line in lines:
                paths.obey(line.decode())
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            *_, target, packet = heapq.heappop(waiting)
            write_to(tuns[target], packet)


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
