"""Network namespaces: one for the harness and its clients, one for each node.

Everything is made inside an unnamed namespace in which the program is started
again for each seed: nothing of it is seen outside, nothing leaves it, and all ends
with that process.

Two networks lead to a node. Its address, 10.77.1.x, lies on a TUN device whose
other end the link proxy holds: by it the nodes reach each other. The clients of
the harness reach the same address over a bridge, past the proxy: they are never
cut off, so what they saw is known.
"""

import os
import subprocess
import sys

INSIDE = "WINDLASS_CHAOS_INSIDE"
HUB = "10.77.0.1"


def is_inside():
    return bool(os.environ.get(INSIDE))


def run_inside(*words, output=None):
    """Runs a program in namespaces of its own, with all it starts; its exit status. Its
    processes end with it, and the networks with them. `output`: where it prints, a file."""
    if os.geteuid() != 0:
        sys.exit("chaos: namespaces are made by root; run this as root")
    return subprocess.run(["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                           "--propagation", "private", *words], env={**os.environ, INSIDE: "1"},
                          stdout=output, stderr=output and subprocess.STDOUT, check=False).returncode


def run(*words):
    subprocess.run([str(word) for word in words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def prepare_hub():
    os.makedirs("/run/netns", exist_ok=True)
    run("mount", "-t", "tmpfs", "none", "/run/netns")
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "br0", "type", "bridge")
    run("ip", "addr", "add", f"{HUB}/24", "dev", "br0")
    run("ip", "link", "set", "br0", "up")


def address_of(number):
    return f"10.77.1.{10 + number}"


class Namespace:
    """The place of one node. The TUN device `tun<number>` must be there: the proxy makes it."""

    def __init__(self, number):
        self.number = number
        self.name = f"n{number}"
        self.address = address_of(number)
        self.blocked = set()
        bridge_address = f"10.77.0.{10 + number}"
        inside = ("ip", "-n", self.name)
        run("ip", "netns", "add", self.name)
        run("ip", "link", "add", f"v{number}", "type", "veth", "peer", "name", "eth0", "netns", self.name)
        run("ip", "link", "set", f"v{number}", "master", "br0", "up")
        run(*inside, "addr", "add", f"{bridge_address}/24", "dev", "eth0")
        run(*inside, "link", "set", "eth0", "up")
        run(*inside, "link", "set", "lo", "up")
        run("ip", "link", "set", f"tun{number}", "netns", self.name)
        run(*inside, "addr", "add", f"{self.address}/24", "dev", f"tun{number}")
        run(*inside, "link", "set", f"tun{number}", "mtu", "16000", "up")
        run("ip", "route", "add", f"{self.address}/32", "via", bridge_address)

    def inside(self, *words):
        """The words of a command that runs here and keeps its process id."""
        return ["nsenter", f"--net=/run/netns/{self.name}", *words]

    def block_from(self, other):
        """Nothing that `other` says arrives here; the other way it does."""
        if other.number in self.blocked:
            return
        self.blocked.add(other.number)
        run(*self.inside("iptables", "-w", "-A", "INPUT", "-s", other.address, "-j", "DROP"))

    def unblock_from(self, other):
        if other.number not in self.blocked:
            return
        self.blocked.discard(other.number)
        run(*self.inside("iptables", "-w", "-D", "INPUT", "-s", other.address, "-j", "DROP"))

    def unblock_all(self):
        self.blocked.clear()
        run(*self.inside("iptables", "-w", "-F", "INPUT"))
