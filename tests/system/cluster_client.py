"""One RedisCluster as a test sees it: through the API, and from its nodes.

The API is spoken to directly, so that no kubectl is needed. What runs behind it,
the local control plane or a real Kubernetes, is for subclasses to start.
"""

import base64
import json
import urllib.error
import urllib.request

import redis

import harness


def nodes_as_seen(connection):
    return harness.parse_cluster_nodes(connection.execute_command("CLUSTER NODES"))


def half_moved(connection):
    """A node's own slots on their way, and the ranges it is sending."""
    mine = [node for node in nodes_as_seen(connection).values() if "myself" in node["flags"]]
    jobs = [dict(zip(job[::2], job[1::2])) for job in connection.execute_command("CLUSTER", "GETSLOTMIGRATIONS")]
    return sum(len(node["migrating"]) for node in mine) + sum(
        job["operation"] == "EXPORT" and job["state"] not in ("success", "failed", "cancelled") for job in jobs)


def moved_to(connection):
    """The host to which a node sends a client for a key that is not its own."""
    for number in range(100):
        try:
            connection.get(f"key-{number}")
        except redis.ResponseError as error:
            return str(error).split()[2].rsplit(":", 1)[0]  # MOVED slot host:port
    return ""


class ClusterClient:
    def __init__(self, namespace="default", name="demo"):
        self.namespace, self.name = namespace, name
        self.server = self.token = self.trust = None
        self.core = f"/api/v1/namespaces/{namespace}"
        self.clusters = f"/apis/windlass.dev/v1alpha1/namespaces/{namespace}/redisclusters"
        self.path = f"{self.clusters}/{name}"
        self.selector = f"labelSelector=windlass.dev%2Fcluster%3D{name}"

    def operator_log(self):
        return ""

    # The API.

    def call(self, method, path, body=None, content_type="application/json"):
        request = urllib.request.Request(self.server + path, method=method)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        data = None
        if body is not None:
            data = json.dumps(body).encode()
            request.add_header("Content-Type", content_type)
        with urllib.request.urlopen(request, data, timeout=30, context=self.trust) as reply:
            return json.load(reply)

    def apply(self, **spec):
        spec = {"resources": {"limits": {"memory": "256Mi"}}, "failover": {"nodeTimeoutMilliseconds": 2000}, **spec}
        return self.call("POST", self.clusters, {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster",
                                            "metadata": {"name": self.name}, "spec": spec})

    def patch(self, **spec):
        return self.call("PATCH", self.path, {"spec": spec}, "application/merge-patch+json")

    def wipe_status(self):
        """Sets the status to nothing, whatever the operator writes meanwhile."""
        for _ in range(50):
            cluster = self.cluster()
            cluster["status"] = {}
            try:
                return self.call("PUT", self.path + "/status", cluster)
            except urllib.error.HTTPError as error:
                if error.code != 409:
                    raise
        raise AssertionError("the status could not be wiped")

    def cluster(self):
        return self.call("GET", self.path)

    def status(self):
        return self.cluster().get("status", {})

    def pods(self):
        items = self.call("GET", self.core + "/pods?" + self.selector)["items"]
        return {p["metadata"]["name"]: p for p in items if "deletionTimestamp" not in p["metadata"]}

    def condition(self, kind):
        told = self.status().get("conditions", [])
        return next((c for c in told if c["type"] == kind), {"status": "Unknown", "reason": "", "message": ""})

    def delete_pod(self, name, grace_seconds=None):
        body = {} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds}
        self.call("DELETE", f"{self.core}/pods/{name}", body)

    def delete_claim(self, name):
        self.call("DELETE", f"{self.core}/persistentvolumeclaims/{name}", {})

    def events(self):
        return [e["reason"] for e in self.call("GET", self.core + "/events")["items"]
                if e["involvedObject"]["kind"] == "RedisCluster"]

    def password(self):
        secret = self.call("GET", f"{self.core}/secrets/{self.name}-auth")
        return base64.b64decode(secret["data"]["password"]).decode()

    # The nodes.

    def addresses(self):
        return {name: pod["status"]["podIP"] for name, pod in self.pods().items() if pod.get("status", {}).get("podIP")}

    def connect(self, address, password=None):
        return redis.Redis(host=address, port=6379, password=password or self.password(), socket_timeout=2,
                           decode_responses=True)

    def client(self):
        return redis.RedisCluster(host=sorted(self.addresses().values())[0], port=6379, password=self.password(), decode_responses=True)

    def write_keys(self, count=300):
        """key → its slot and its value, written by a client of its own."""
        client = self.client()
        keys = {f"key-{n}": (client.keyslot(f"key-{n}"), str(n)) for n in range(count)}
        for key, (_, value) in keys.items():
            client.set(key, value)
        client.close()
        return keys

    def read_keys(self, keys):
        client = self.client()
        values = {key: client.get(key) for key in keys}
        client.close()
        return values

    def seeds(self):
        return ",".join(f"{address}:6379" for address in sorted(self.addresses().values())[:3])

    def ask_nodes(self, ask):
        """name → ask(connection), for every node that answers."""
        answers = {}
        password = self.password()
        for name, address in self.addresses().items():
            try:
                connection = self.connect(address, password)
                connection.set_response_callback("CLUSTER NODES", lambda text, **_: text)
                answers[name] = ask(connection)
                connection.close()
            except (redis.RedisError, OSError):
                continue
        return answers

    def hosts_told(self, nodes):
        """The hosts that clients are told of, once every node tells one."""
        answers = self.ask_nodes(moved_to)
        return set(answers.values()) if len(answers) == nodes else {"(some node is silent)"}

    def views(self):
        """CLUSTER NODES by every node that answers."""
        return self.ask_nodes(nodes_as_seen)

    def masters(self):
        """name → slots, by each node's own word."""
        found = {}
        for name, nodes in self.views().items():
            me = next(n for n in nodes.values() if "myself" in n["flags"])
            if "master" in me["flags"]:
                found[name] = me["slot_count"]
        return found

    def open_slots(self):
        """Slots half moved: open ones, and ranges of migrations that have not ended."""
        return sum(self.ask_nodes(half_moved).values())

    def wait_ready(self, shards, nodes=None, timeout=90):
        def ready():
            cluster = self.cluster()
            status = cluster.get("status", {})
            current = status.get("observedGeneration") == cluster["metadata"]["generation"]
            right = status.get("phase") == "Ready" and status.get("shards") == shards
            return current and right and (nodes is None or status.get("nodes") == nodes == status.get("readyNodes"))
        try:
            harness.wait_for(ready, timeout, f"{shards} shards ready", interval=0.2)
        except AssertionError as error:
            raise AssertionError(f"{error}\nstatus: {json.dumps(self.status(), indent=1)}\n{self.operator_log()[-3000:]}")

    def check_whole(self):
        """Every slot has one owner by its own word, all agree, and no slot is half moved."""
        def whole():
            views = self.views()
            maps = {json.dumps(sorted((i, n["slots"]) for i, n in nodes.items() if n["slots"])) for nodes in views.values()}
            return len(maps) == 1 and sum(self.masters().values()) == 16384 and self.open_slots() == 0
        try:
            harness.wait_for(whole, 20, "one map of 16384 slots")
        except AssertionError as error:
            told = [f"{name}: {[n for n in nodes.values() if n['slots'] or n['migrating'] or n['importing']]}"
                    for name, nodes in self.views().items()]
            raise AssertionError(f"{error}\n" + "\n".join(told) + self.operator_log()[-3000:])

    def followers(self):
        """Replica → its master's address, of those whose link is up and that are in step, by their own word."""
        found = {}
        for name, address in self.addresses().items():
            try:
                info = self.connect(address).info("replication")
            except (redis.RedisError, OSError):
                continue
            if info["role"] == "slave" and info["master_link_status"] == "up" and not info["master_sync_in_progress"]:
                found[name] = info["master_host"]
        return found
