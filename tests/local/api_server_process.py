"""windlass-apiserver as a process, and a real kubectl that talks to it.

Binaries: $WINDLASS_BIN (a folder) if set, else build/dev/bin or build/release/bin.
kubectl: $KUBECTL, else the one on PATH. Debian 12's is too old for the Kubernetes that is
supported: with that, or without any, the tests are skipped, and say what runs them.
"""

import functools
import json
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

OLDEST_MINOR = 30
ROOT = Path(__file__).resolve().parents[2]
CRD = ROOT / "crds" / "windlass.dev_redisclusters.yaml"
CLUSTER = """\
apiVersion: windlass.dev/v1alpha1
kind: RedisCluster
metadata: {{name: {name}}}
spec: {{{spec}}}
"""


def apiserver_binary():
    if os.environ.get("WINDLASS_BIN"):
        folders = [Path(os.environ["WINDLASS_BIN"])]
    else:
        folders = [ROOT / "build" / preset / "bin" for preset in ("dev", "release")]
    for folder in folders:
        if os.access(folder / "windlass-apiserver", os.X_OK):
            return str(folder / "windlass-apiserver")
    raise AssertionError("windlass-apiserver has not been built")


@functools.lru_cache
def minor_version(kubectl):
    told = subprocess.run([kubectl, "version", "--client", "-o", "json"], capture_output=True, text=True, timeout=20)
    return int(json.loads(told.stdout)["clientVersion"]["minor"].rstrip("+")) if told.returncode == 0 else 0


def kubectl_binary():
    given = os.environ.get("KUBECTL")
    found = given or shutil.which("kubectl")
    if not given and (not found or minor_version(found) < OLDEST_MINOR):
        what = f"{found} is 1.{minor_version(found)}" if found else "none is here"
        pytest.skip(f"needs a kubectl of 1.{OLDEST_MINOR} or newer, {what}: tests/with-kubectl.sh tests/run.sh --only local fetches one")
    return found


class ApiServer:
    """One server process on a data directory; restart() keeps the directory and the port."""

    def __init__(self, folder, *flags):
        self.folder = Path(folder)
        self.flags = flags
        self.kubeconfig = self.folder / "kubeconfig"
        self.process = None
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [apiserver_binary(), "--data-dir", self.folder / "data", "--port", str(self.port),
             "--kubeconfig", self.kubeconfig, *self.flags],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("serving on http://"), line + (self.process.stdout.read() if self.process.poll() else "")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])

    def stop(self, how=signal.SIGTERM):
        if self.process is None:
            return None
        self.process.send_signal(how)
        code = self.process.wait(timeout=20)
        self.process = None
        return code

    def request(self, method, path, body=None, content_type="application/json", accept="application/json",
                headers=()):
        """(HTTP code, body as JSON or else as text) of a plain request."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method,
                                         headers={"Content-Type": content_type, "Accept": accept, **dict(headers)})
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, json.loads(reply.read())
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            return error.code, json.loads(text) if text.startswith("{") else text

    def kubectl(self, *arguments, stdin=None, check=True, timeout=60):
        """Runs kubectl; returns (exit code, stdout, stderr)."""
        done = subprocess.run([kubectl_binary(), *arguments], input=stdin, text=True, capture_output=True,
                              timeout=timeout, env=self.environment())
        if check:
            assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stdout}{done.stderr}"
        return done.returncode, done.stdout, done.stderr

    def out(self, *arguments, **options):
        return self.kubectl(*arguments, **options)[1]

    def environment(self):
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "KUBECONFIG": str(self.kubeconfig)}

    def follow(self, *arguments):
        return Follower([kubectl_binary(), *arguments], self.environment())


class Follower:
    """A kubectl that goes on, and the lines it has printed so far."""

    def __init__(self, command, environment):
        self.lines = []
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                        env=environment)
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, wanted, timeout=20):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if any(wanted(line) for line in self.lines):
                return
            time.sleep(0.05)
        raise AssertionError(f"not printed within {timeout} s; printed so far: {self.lines}")

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=10)
        self.thread.join(timeout=10)
