"""A RedisCluster in a namespace of its own, for one test."""

import contextlib
import time
import urllib.error

import harness
from cluster_client import ClusterClient
from ledger_process import Ledger

RESOURCES = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
STORAGE = {"size": "1Gi"}


class RedisCluster(ClusterClient):
    def __init__(self, kubernetes, release, namespace):
        super().__init__(namespace)
        self.kubernetes, self.release = kubernetes, release
        self.server, self.token, self.trust = kubernetes.server, kubernetes.credentials.admin_token, kubernetes.trust
        self.call("POST", "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})
        # Kubernetes gives it an account for pods a moment later, and until then admits none.
        harness.wait_for(self.has_account, 60, f"namespace {namespace} has its service account")

    def has_account(self):
        try:
            return self.call("GET", f"/api/v1/namespaces/{self.namespace}/serviceaccounts/default")
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise
            return None

    def apply(self, **spec):
        return super().apply(**{"resources": RESOURCES, **spec})

    def kubectl(self, *arguments, **options):
        return self.kubernetes.kubectl("-n", self.namespace, *arguments, **options)

    def operator_log(self):
        return self.release.log()

    def delete(self):
        """The cluster, then its namespace with whatever is left."""
        with contextlib.suppress(urllib.error.HTTPError):
            self.call("DELETE", self.path, {})
        harness.wait_for(self.gone, 180, f"{self.name} in {self.namespace} is gone")
        self.call("DELETE", f"/api/v1/namespaces/{self.namespace}", {})

    def gone(self):
        try:
            self.cluster()
            return False
        except urllib.error.HTTPError as error:
            return error.code == 404
        except OSError:  # the next test has the API server restarted
            return False

    def claims(self):
        items = self.call("GET", f"{self.core}/persistentvolumeclaims")["items"]
        return {c["metadata"]["name"]: c for c in items}

    def condition(self, kind):
        return next((c for c in self.status().get("conditions", []) if c["type"] == kind), {})

    def half_way(self):
        """Slots are on their way, or the plan of moves is written: the next pass begins it."""
        return self.open_slots() or (self.status().get("operation") or {}).get("moves")

    def masters_with_slots(self):
        return sorted(name for name, slots in self.masters().items() if slots)

    def seeds(self):
        """Some nodes, and the Service: whoever goes by it finds nodes whose addresses have all changed."""
        service = self.call("GET", f"{self.core}/services/{self.name}")["spec"]["clusterIP"]
        return f"{super().seeds()},{service}:6379"

    def followed(self, replicas):
        """Waits until so many replicas follow in step."""
        harness.wait_for(lambda: len(self.followers()) == replicas, 180, f"{replicas} replicas in step")

    def settle(self, shards, nodes=None, timeout=300):
        """Ready, replicas in step, one map; how long that took."""
        begin = time.monotonic()
        nodes = nodes or 2 * shards
        self.wait_ready(shards, nodes, timeout=timeout)
        took = time.monotonic() - begin
        self.followed(nodes - shards)
        self.check_whole()
        return took

    def ledger(self, folder, **options):
        return Ledger(self.seeds(), folder, password=self.password(), **{"keys": 5000, "rate": 800, **options})

    def close(self, ledger):
        """Closes the books against a node that is there now."""
        ledger.close(self.seeds().split(",")[0])


def only_redirects(ledger):
    """No phase that was planned may show a client more than redirects."""
    for phase in ledger.phases:
        if phase["planned"]:
            assert phase["clusterdown"] == phase["readonly"] == phase["loading"] == phase["failed"] == 0, phase
