"""Scripted requests with which two API servers are compared, and what of an answer counts.

`Session(send, namespace)` runs them through `send(method, path, body, headers)`, which
gives (status, JSON or text). Every request has a name; its outcome is what clients act
on: the status code, the reason, the fields blamed, and for objects the parts that a
server, not the client, decides.
"""

import json
import time

GROUP = "/apis/windlass.dev/v1alpha1"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
SPEC = {"shards": 3, "resources": {"limits": {"memory": "256Mi"}}}


def rdc(name, spec=None, **metadata):
    return {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "metadata": {"name": name, **metadata},
            "spec": SPEC if spec is None else spec}


def config_map(name, data=None, **metadata):
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data or {"a": "1"}}


def pod(name, labels=None):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": labels or {}},
            "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "x"}]}}


class Session:
    def __init__(self, send, namespace):
        self.send, self.namespace = send, namespace
        self.outcomes = {}
        self.clusters = f"{GROUP}/namespaces/{namespace}/redisclusters"
        self.core = f"/api/v1/namespaces/{namespace}"

    def ask(self, name, method, path, body=None, content_type="application/json", accept="application/json", **extra):
        code, answer = self.send(method, path, body, {"Content-Type": content_type, "Accept": accept})
        self.outcomes[name] = (code, self.digest(answer), *(f"{k}={v(answer)}" for k, v in sorted(extra.items())))
        return answer

    @staticmethod
    def digest(answer):
        if not isinstance(answer, dict):
            return "text"
        if answer.get("kind") == "Status":
            details = answer.get("details", {})
            fields = sorted((c.get("reason"), c.get("field")) for c in details.get("causes", []) if c.get("field"))
            return ("Status", answer.get("status"), answer.get("reason"), details.get("name"), details.get("kind"), fields)
        meta = answer.get("metadata", {})
        return (answer.get("kind"), meta.get("name"), meta.get("generation"), sorted(meta.get("labels", {}).items()),
                "deletionTimestamp" in meta, sorted(set(meta) & {"uid", "creationTimestamp", "resourceVersion", "selfLink"}))

    def run(self):
        for part in (self.reading, self.creating, self.updating, self.patching, self.applying, self.scaling, self.listing,
                     self.tables, self.watching, self.deleting, self.built_in, self.evicting):
            part()
        return self.outcomes

    def reading(self):
        self.ask("missing object", "GET", f"{self.clusters}/none")
        self.ask("missing resource", "GET", f"{GROUP}/namespaces/{self.namespace}/nothings")
        self.ask("missing group", "GET", "/apis/none.dev/v1/things")
        self.ask("missing version", "GET", f"/apis/windlass.dev/v9/namespaces/{self.namespace}/redisclusters")
        self.ask("wrong verb", "POST", f"{self.clusters}/none", rdc("none"))

    def creating(self):
        spec = lambda a: a["spec"]["replicasPerShard"]  # noqa: E731
        self.ask("create", "POST", self.clusters, rdc("one"), defaulted=spec)
        self.ask("create again", "POST", self.clusters, rdc("one"))
        self.ask("create dry", "POST", f"{self.clusters}?dryRun=All", rdc("dry"))
        self.ask("dry left nothing", "GET", f"{self.clusters}/dry")
        self.ask("below minimum", "POST", self.clusters, rdc("bad", {"shards": 0}))
        self.ask("wrong type", "POST", self.clusters, rdc("bad", {"shards": "three"}))
        self.ask("not of the enum", "POST", self.clusters, rdc("bad", {"auth": {"mode": "Some"}}))
        self.ask("required missing", "POST", self.clusters, rdc("bad", {"storage": {}}))
        self.ask("two faults", "POST", self.clusters, rdc("bad", {"shards": 0, "replicasPerShard": 9}))
        self.ask("unknown field, strict", "POST", f"{self.clusters}?fieldValidation=Strict", rdc("bad", {"shardz": 3}))
        self.ask("unknown field, ignored", "POST", f"{self.clusters}?fieldValidation=Ignore", rdc("pruned", {"shardz": 3}),
                 pruned=lambda a: "shardz" not in a["spec"])
        self.ask("no name", "POST", self.clusters, {**rdc("x"), "metadata": {}})
        self.ask("bad name", "POST", self.clusters, rdc("Not_A_Name"))
        self.ask("wrong kind", "POST", self.clusters, {**rdc("x"), "kind": "Other"})
        self.ask("wrong namespace", "POST", self.clusters, rdc("x", namespace="other"))
        self.ask("namespace that is not there", "POST", f"{GROUP}/namespaces/nowhere/redisclusters", rdc("x"))
        self.ask("bad label", "POST", self.clusters, rdc("x", labels={"a": "not a label!"}))
        self.ask("not JSON", "POST", self.clusters, b"{")
        self.ask("form as body", "POST", self.clusters, rdc("x"), content_type="text/plain")

    def updating(self):
        path = f"{self.clusters}/one"
        first = self.ask("get", "GET", path)
        self.ask("update spec", "PUT", path, {**first, "spec": {**first["spec"], "shards": 4}})
        self.ask("update of an old version", "PUT", path, {**first, "spec": {**first["spec"], "shards": 5}})
        current = self.ask("get after", "GET", path, shards=lambda a: a["spec"]["shards"])
        self.ask("update that changes nothing", "PUT", path, current,
                 same_version=lambda a: a["metadata"]["resourceVersion"] == current["metadata"]["resourceVersion"])
        self.ask("update under another name", "PUT", path, rdc("two"))
        self.ask("update of another uid", "PUT", path, {**current, "metadata": {**current["metadata"], "uid": "1-2"}})
        self.ask("update of what is not there", "PUT", f"{self.clusters}/none", rdc("none", resourceVersion="1"))
        self.ask("update without a version", "PUT", path, {**current, "metadata": {"name": "one"}})
        self.ask("status by the main path is passed over", "PUT", path,
                 {**current, "metadata": {"name": "one"}, "status": {"phase": "Ready"}}, status=lambda a: a.get("status"))
        self.ask("status", "PUT", f"{path}/status", {**current, "metadata": {"name": "one"}, "status": {"phase": "Ready"},
                                                     "spec": {**current["spec"], "shards": 9}},
                 phase=lambda a: a["status"]["phase"], shards=lambda a: a["spec"]["shards"])
        self.ask("bad status", "PATCH", f"{path}/status", {"status": {"phase": "Weird"}}, MERGE)

    def patching(self):
        path = f"{self.clusters}/one"
        self.ask("merge", "PATCH", path, {"spec": {"shards": 6}}, MERGE, shards=lambda a: a["spec"]["shards"])
        same = self.ask("merge nothing", "PATCH", path, {"spec": {"shards": 6}}, MERGE)
        self.ask("merge with an old version", "PATCH", path, {"metadata": {"resourceVersion": "1"}, "spec": {"shards": 7}}, MERGE)
        self.ask("merge away a default", "PATCH", path, {"spec": {"replicasPerShard": None}}, MERGE,
                 default_again=lambda a: a["spec"]["replicasPerShard"])
        self.ask("merge that is invalid", "PATCH", path, {"spec": {"shards": 0}}, MERGE)
        self.ask("merge labels", "PATCH", path, {"metadata": {"labels": {"team": "a"}}}, MERGE,
                 generation_kept=lambda a: a["metadata"]["generation"] == same["metadata"]["generation"])
        self.ask("json patch", "PATCH", path, [{"op": "replace", "path": "/spec/shards", "value": 5}], JSON_PATCH,
                 shards=lambda a: a["spec"]["shards"])
        self.ask("json patch whose test fails", "PATCH", path, [{"op": "test", "path": "/spec/shards", "value": 99}], JSON_PATCH)
        self.ask("json patch of nothing there", "PATCH", path, [{"op": "remove", "path": "/spec/none"}], JSON_PATCH)
        self.ask("strategic of a custom resource", "PATCH", path, {"spec": {"shards": 5}}, STRATEGIC)
        self.ask("unknown patch", "PATCH", path, {"spec": {"shards": 5}}, "application/patch")
        self.ask("patch of what is not there", "PATCH", f"{self.clusters}/none", {"spec": {"shards": 5}}, MERGE)

    def applying(self):
        managers = lambda a: sorted((m["manager"], m["operation"], m.get("subresource")) for m in a["metadata"]["managedFields"])  # noqa: E731
        path = f"{self.clusters}/applied"
        wanted = rdc("applied", {"shards": 3, "resources": {"limits": {"memory": "256Mi"}}})
        self.ask("apply creates", "PATCH", f"{path}?fieldManager=a", wanted, APPLY, managers=managers)
        self.ask("apply again", "PATCH", f"{path}?fieldManager=a", wanted, APPLY, managers=managers)
        other = rdc("applied", {"shards": 5})
        self.ask("apply against another", "PATCH", f"{path}?fieldManager=b", other, APPLY)
        self.ask("apply by force", "PATCH", f"{path}?fieldManager=b&force=true", other, APPLY, managers=managers,
                 shards=lambda a: a["spec"]["shards"])
        self.ask("apply without a manager", "PATCH", path, wanted, APPLY)
        self.ask("apply beside: a label", "PATCH", f"{path}?fieldManager=c",
                 {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "metadata": {"name": "applied", "labels": {"x": "y"}}}, APPLY,
                 managers=managers)
        self.ask("what is applied no more is gone", "PATCH", f"{path}?fieldManager=c",
                 {"apiVersion": "windlass.dev/v1alpha1", "kind": "RedisCluster", "metadata": {"name": "applied"}}, APPLY,
                 labels=lambda a: a["metadata"].get("labels"))
        self.ask("apply something invalid", "PATCH", f"{path}?fieldManager=b&force=true", rdc("applied", {"shards": 0}), APPLY)
        self.ask("apply a name that is another", "PATCH", f"{path}?fieldManager=b", rdc("other", {"shards": 5}), APPLY)

    def scaling(self):
        path = f"{self.clusters}/one/scale"
        scale = self.ask("get scale", "GET", path, replicas=lambda a: a["spec"].get("replicas"))
        self.ask("put scale", "PUT", path, {**scale, "spec": {"replicas": 7}}, replicas=lambda a: a["spec"]["replicas"])
        self.ask("patch scale", "PATCH", path, {"spec": {"replicas": 4}}, MERGE, replicas=lambda a: a["spec"]["replicas"])
        self.ask("scale to nothing", "PATCH", path, {"spec": {"replicas": 0}}, MERGE)
        self.ask("scale of an old version", "PUT", path, {**scale, "spec": {"replicas": 9}})
        self.ask("scaled", "GET", f"{self.clusters}/one", shards=lambda a: a["spec"]["shards"])
        self.ask("scale of what is not there", "GET", f"{self.clusters}/none/scale")

    def listing(self):
        names = lambda a: [i["metadata"]["name"] for i in a.get("items", [])]  # noqa: E731
        self.ask("list", "GET", self.clusters, names=names)
        page = self.ask("first page", "GET", f"{self.clusters}?limit=2", names=names,
                        more=lambda a: (bool(a["metadata"].get("continue")), a["metadata"].get("remainingItemCount")))
        self.ask("next page", "GET", f"{self.clusters}?limit=2&continue={page['metadata'].get('continue', '')}", names=names)
        self.ask("by label", "GET", f"{self.clusters}?labelSelector=team%3Da", names=names)
        self.ask("by label, in", "GET", f"{self.clusters}?labelSelector=team%20in%20(a,b)", names=names)
        self.ask("without label", "GET", f"{self.clusters}?labelSelector=!team", names=names)
        self.ask("by name", "GET", f"{self.clusters}?fieldSelector=metadata.name%3Done", names=names)
        self.ask("by a field that is none", "GET", f"{self.clusters}?fieldSelector=spec.shards%3D3")
        self.ask("selector that is none", "GET", f"{self.clusters}?labelSelector=a%3D%3D%3Db")
        self.ask("page that is none", "GET", f"{self.clusters}?limit=2&continue=nonsense")
        self.ask("everywhere", "GET", f"{GROUP}/redisclusters?labelSelector=team%3Da", names=names)

    def tables(self):
        columns = lambda a: [c["name"] for c in a.get("columnDefinitions", [])]  # noqa: E731
        self.ask("table", "GET", self.clusters, accept=TABLE, columns=columns, rows=lambda a: len(a["rows"]),
                 cells=lambda a: a["rows"][0]["cells"][0])
        self.ask("table of one", "GET", f"{self.clusters}/one", accept=TABLE, columns=columns)
        self.ask("unknown format", "GET", self.clusters, accept="text/html")

    def watching(self):
        version = self.ask("list to watch from", "GET", self.clusters)["metadata"]["resourceVersion"]
        self.ask("watched: made", "POST", self.clusters, rdc("watched", labels={"w": "1"}))
        self.ask("watched: changed", "PATCH", f"{self.clusters}/watched", {"spec": {"shards": 4}}, MERGE)
        self.ask("watched: label gone", "PATCH", f"{self.clusters}/watched", {"metadata": {"labels": {"w": None}}}, MERGE)
        self.ask("watched: deleted", "DELETE", f"{self.clusters}/watched")
        for name, query in (("watch", ""), ("watch by label", "&labelSelector=w%3D1"), ("watch by name", "&fieldSelector=metadata.name%3Done")):
            path = f"{self.clusters}?watch=true&resourceVersion={version}&timeoutSeconds=2{query}"
            code, text = self.send("GET", path, None, {"Accept": "application/json"})
            lines = [json.loads(line) for line in (text if isinstance(text, str) else json.dumps(text)).splitlines() if line.strip()]
            self.outcomes[name] = (code, [(e["type"], e["object"]["metadata"].get("name"), e["object"].get("spec", {}).get("shards")) for e in lines])
        # Without a version a watch begins with what is there.
        code, text = self.send("GET", f"{self.clusters}?watch=true&timeoutSeconds=1&labelSelector=team%3Da", None, {"Accept": "application/json"})
        events = [json.loads(line) for line in (text if isinstance(text, str) else json.dumps(text)).splitlines() if line.strip()]
        self.outcomes["watch from now"] = (code, [(e["type"], e["object"]["metadata"]["name"]) for e in events])
        self.ask("watch of a version that is none", "GET", f"{self.clusters}?watch=true&resourceVersion=nonsense&timeoutSeconds=1")

    def deleting(self):
        made = self.ask("to be deleted", "POST", self.clusters, rdc("gone"))
        self.ask("delete another uid", "DELETE", f"{self.clusters}/gone", {"preconditions": {"uid": "1-2"}})
        self.ask("delete another version", "DELETE", f"{self.clusters}/gone", {"preconditions": {"resourceVersion": "1"}})
        self.ask("delete dry", "DELETE", f"{self.clusters}/gone?dryRun=All")
        self.ask("still there", "GET", f"{self.clusters}/gone")
        self.ask("delete this uid", "DELETE", f"{self.clusters}/gone", {"preconditions": {"uid": made["metadata"]["uid"]}})
        self.ask("deleted", "GET", f"{self.clusters}/gone")
        self.ask("delete again", "DELETE", f"{self.clusters}/gone")
        self.ask("with a finalizer", "POST", self.clusters, rdc("held", finalizers=["windlass.dev/test"]))
        self.ask("delete the held", "DELETE", f"{self.clusters}/held")
        self.ask("held while it has one", "GET", f"{self.clusters}/held", finalizers=lambda a: a["metadata"]["finalizers"])
        self.ask("no finalizer is added now", "PATCH", f"{self.clusters}/held", {"metadata": {"finalizers": ["windlass.dev/test", "a.b/c"]}}, MERGE)
        self.ask("let go", "PATCH", f"{self.clusters}/held", {"metadata": {"finalizers": []}}, MERGE)
        self.ask("gone then", "GET", f"{self.clusters}/held")
        self.ask("delete all with a label", "DELETE", f"{self.clusters}?labelSelector=team%3Da", items=lambda a: len(a.get("items", [])))
        self.ask("one is gone with it", "GET", f"{self.clusters}/one")

    def built_in(self):
        path = f"{self.core}/configmaps"
        self.ask("config map", "POST", path, config_map("c", {"a": "1", "b": "2"}))
        self.ask("config map again", "POST", path, config_map("c"))
        self.ask("strategic", "PATCH", f"{path}/c", {"data": {"a": "9", "b": None}}, STRATEGIC, data=lambda a: a["data"])
        self.ask("config map of numbers", "POST", path, config_map("n", {"a": 1}))
        self.ask("secret", "POST", f"{self.core}/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "v"}},
                 data=lambda a: a["data"], type=lambda a: a["type"])
        self.ask("secret that is no base64", "POST", f"{self.core}/secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t"}, "data": {"k": "%"}})
        self.ask("pod without containers", "POST", f"{self.core}/pods", {**pod("p"), "spec": {"containers": []}})
        self.ask("pod", "POST", f"{self.core}/pods", pod("p", {"app": "x"}), policy=lambda a: a["spec"]["restartPolicy"],
                 phase=lambda a: a["status"]["phase"])
        self.ask("pod's image is changed", "PATCH", f"{self.core}/pods/p", {"spec": {"containers": [{"name": "c", "image": "y"}]}}, STRATEGIC,
                 image=lambda a: a["spec"]["containers"][0]["image"])
        self.ask("pod's node is changed", "PATCH", f"{self.core}/pods/p", {"spec": {"hostname": "other"}}, MERGE)
        self.ask("service", "POST", f"{self.core}/services", {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "v"},
                                                              "spec": {"clusterIP": "None", "selector": {"app": "x"}, "ports": [{"port": 80}]}},
                 port=lambda a: a["spec"]["ports"][0]["targetPort"], type=lambda a: a["spec"]["type"])
        lease = f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases"
        made = self.ask("lease", "POST", lease, {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"},
                                                 "spec": {"holderIdentity": "a", "leaseDurationSeconds": 15}})
        self.ask("lease renewed", "PUT", f"{lease}/l", {**made, "spec": {**made["spec"], "holderIdentity": "b"}})
        self.ask("lease renewed too late", "PUT", f"{lease}/l", {**made, "spec": {**made["spec"], "holderIdentity": "c"}})

    def evicting(self):
        budgets = f"/apis/policy/v1/namespaces/{self.namespace}/poddisruptionbudgets"
        eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p", "namespace": self.namespace}}

        def budget(name):
            return {"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "metadata": {"name": name},
                    "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "x"}}}}

        self.ask("evict what is not there", "POST", f"{self.core}/pods/none/eviction", {**eviction, "metadata": {"name": "none"}})
        self.ask("ready", "PATCH", f"{self.core}/pods/p/status",
                 {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}, MERGE)
        self.ask("a budget", "POST", budgets, budget("one"))
        end = time.monotonic() + 15
        while time.monotonic() < end:  # the controller counts in its own time
            seen = self.send("GET", f"{budgets}/one", None, {})[1].get("status", {})
            if seen.get("observedGeneration") == 1 and seen.get("currentHealthy") == 1:
                break
            time.sleep(0.1)
        self.outcomes["the budget's count"] = tuple(seen.get(k) for k in ("currentHealthy", "desiredHealthy", "disruptionsAllowed", "expectedPods"))
        self.ask("evict within a budget", "POST", f"{self.core}/pods/p/eviction", eviction)
        self.ask("a second budget", "POST", budgets, budget("two"))
        self.ask("evict with two budgets", "POST", f"{self.core}/pods/p/eviction", eviction)
        for name in ("one", "two"):
            self.ask(f"budget {name} deleted", "DELETE", f"{budgets}/{name}")
        self.ask("evict without one", "POST", f"{self.core}/pods/p/eviction", eviction)
