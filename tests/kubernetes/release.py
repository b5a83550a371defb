"""The operator as the chart installs it, and its pods."""

import contextlib
import datetime
import os
import time

import harness
from leaving import Leaving
from process import wait_for

NAMESPACE = "windlass-system"
NAME = "windlass"
CHART = harness.ROOT / "helm" / "windlass"


def now():
    """As the audit log writes a time: texts that are ordered as the times are."""
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class Release:
    def __init__(self, kubernetes):
        self.kubernetes = kubernetes
        self.chart = os.environ.get("WINDLASS_CHART", str(CHART))
        self.core = f"/api/v1/namespaces/{NAMESPACE}"
        self.leaving = Leaving()
        self.without_roles = []  # from, to: times as the audit log writes them

    def install(self, *options):
        self.kubernetes.helm("upgrade", "--install", NAME, self.chart, "--namespace", NAMESPACE, "--create-namespace",
                             "--set", "image.operator.repository=windlass/operator,image.operator.tag=dev",
                             "--set", "image.node.repository=windlass/node,image.node.tag=dev",
                             "--set", "image.operator.pullPolicy=Never,image.node.pullPolicy=Never", *options)
        wait_for(self.available, 180, "the operator is available")

    def uninstall(self):
        with self.taken_away():
            self.kubernetes.helm("uninstall", NAME, "--namespace", NAMESPACE, "--wait", "--timeout", "180s")

    @contextlib.contextmanager
    def taken_away(self):
        """Around whatever uninstalls or narrows: roles go while the pods that need them, told to
        end, are still there. What those are refused then says nothing about what the chart allows."""
        self.leaving.wait()
        began, before = now(), {p["metadata"]["uid"] for p in self._operators()}
        yield
        wait_for(lambda: before.isdisjoint(p["metadata"]["uid"] for p in self._operators()), 180, "the pods of before are gone")
        self.without_roles.append((began, now()))

    @contextlib.contextmanager
    def roles_unread(self):
        """Around a restart of the API server: until it has read the roles it forbids everyone
        everything, which says nothing about what the chart allows either."""
        began = now()
        yield
        self.without_roles.append((began, now()))

    def deployment(self):
        found = self.kubernetes.call("GET", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments")["items"]
        return next(d for d in found if "operator" in d["metadata"]["name"] or d["metadata"]["name"] == NAME)

    def available(self):
        deployment = self.deployment()
        status = deployment["status"]
        return (status.get("observedGeneration") == deployment["metadata"]["generation"]
                and status.get("availableReplicas") == deployment["spec"]["replicas"] == status.get("updatedReplicas"))

    def scale(self, replicas):
        name = self.deployment()["metadata"]["name"]
        self.kubernetes.kubectl("scale", "deployment", name, "-n", NAMESPACE, f"--replicas={replicas}")
        if replicas == 0:  # one that is told to end acts until it has
            wait_for(lambda: not self._operators(), 180, "no pod of the operator is left")

    def _operators(self):
        """Every pod of the operator, those that are about to end included."""
        return [p for p in self.kubernetes.call("GET", f"{self.core}/pods")["items"]
                if p["metadata"].get("labels", {}).get("app.kubernetes.io/name") == "windlass-operator"]

    def pods(self):
        items = self.kubernetes.call("GET", f"{self.core}/pods")["items"]
        owner = self.deployment()["metadata"]["name"]
        return sorted(p["metadata"]["name"] for p in items
                      if p["metadata"]["name"].startswith(owner) and "deletionTimestamp" not in p["metadata"])

    def lease(self):
        leases = self.kubernetes.call("GET", f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases")["items"]
        return leases[0]["spec"] if leases else {}

    def leader(self):
        """The pod that holds the lease, of those that run."""
        holder = self.lease().get("holderIdentity") or ""
        return next((name for name in self.pods() if holder.startswith(name)), None)

    def wait_leader(self, other_than=None, timeout=180):
        """The new leader, and how long it took."""
        begin = time.monotonic()
        leader = wait_for(lambda: (lambda l: l if l != other_than else None)(self.leader()), timeout, "somebody leads")
        return leader, time.monotonic() - begin

    def kill(self, pod):
        """As if its machine had lost power: no time to say good-bye."""
        self.kubernetes.kubectl("delete", "pod", pod, "-n", NAMESPACE, "--grace-period=0", "--force")

    def log(self, pod=None):
        names = [pod] if pod else self.pods()
        return "\n".join(self.kubernetes.kubectl("logs", "-n", NAMESPACE, name, "--tail=200", check=False).stdout
                         for name in names)

    def refusals(self):
        """What the API server's authorization forbade any account of the operator's namespace, and
        what else was answered 403. Admission has that number too, where no permission would help:
        a quota, a namespace that is being deleted, a class whose volumes cannot grow."""
        forbidden, other = [], []
        for entry in self.kubernetes.audited():
            status = entry.get("responseStatus", {})
            if status.get("code") != 403:
                continue
            text = (f"{entry['verb']} {entry['requestURI']} by {entry['user']['username']} at "
                    f"{entry['requestReceivedTimestamp']}: {status.get('message')}")
            if entry.get("annotations", {}).get("authorization.k8s.io/decision") == "allow":
                if not any(words in text for words in ("exceeded quota", "because it is being terminated", "must support resize")):
                    other.append(text)
            elif not any(begin <= entry["requestReceivedTimestamp"] <= end for begin, end in self.without_roles):
                forbidden.append(text)
        return forbidden + other
