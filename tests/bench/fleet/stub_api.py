"""An API server over TLS that keeps objects in memory and is its own kubelet: a pod
that is created has an address and runs at once, as a node of stub_nodes.

It knows what the operator asks for: list by pages, watch with bookmarks, create, get,
replace, merge patch, delete, 409 for another version. Objects are made as large as
those of a real server: with the fields that say who manages what.
"""

import asyncio
import collections
import json
import ssl
import time
import urllib.parse
import uuid

from stub_nodes import Nodes

BOOKMARK_EVERY = 60
# As kubectl shows it with --show-managed-fields: about four kilobytes for a pod.
MANAGED = {"manager": "windlass-operator", "operation": "Update", "apiVersion": "v1", "time": "2026-01-01T00:00:00Z",
           "fieldsType": "FieldsV1", "fieldsV1": {f"f:field{i}": {"f:name": {}, "f:value": {f"k:{i}": {}}} for i in range(48)}}


def merge(target, patch):
    if not isinstance(patch, dict) or not isinstance(target, dict):
        return patch
    merged = dict(target)
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge(merged.get(name, {}), value)
    return merged


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def running(pod):
    """The pod as a kubelet would have it, on a machine and with an address."""
    space, name = pod["metadata"]["namespace"], pod["metadata"]["name"]
    node = Nodes.add(space, name)
    pod["spec"]["nodeName"] = f"machine-{hash(name) % 6}"
    true = [{"type": kind, "status": "True", "lastProbeTime": None, "lastTransitionTime": now()}
            for kind in ("PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled")]
    container = {"name": "node", "ready": True, "started": True, "restartCount": 0, "image": "windlass-node:0.1.0",
                 "imageID": "sha256:" + "0" * 64, "containerID": "containerd://" + "0" * 64, "lastState": {},
                 "state": {"running": {"startedAt": now()}}, "resources": pod["spec"]["containers"][0].get("resources", {}),
                 "volumeMounts": [{"name": v["name"], "mountPath": v["mountPath"]} for v in pod["spec"]["containers"][0]["volumeMounts"]]}
    pod["status"] = {"phase": "Running", "podIP": node.address, "podIPs": [{"ip": node.address}], "hostIP": "10.0.0.1",
                     "hostIPs": [{"ip": "10.0.0.1"}], "startTime": now(), "qosClass": "Burstable", "conditions": true,
                     "containerStatuses": [container]}


class Store:
    def __init__(self):
        self.version = 1000
        self.objects = collections.defaultdict(dict)  # plural → {(namespace, name): object}
        self.watchers = collections.defaultdict(list)
        self.log = collections.defaultdict(lambda: collections.deque(maxlen=50000))
        self.calls = collections.Counter()

    def put(self, kind, plural, obj, what):
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        if what == "DELETED":
            self.objects[plural].pop(key, None)
        else:
            self.objects[plural][key] = obj
        event = json.dumps({"type": what, "object": {**kind, **obj}}, separators=(",", ":")).encode() + b"\n"
        labels = obj["metadata"].get("labels", {})
        self.log[plural].append((self.version, key[0], labels, event))
        for watcher in self.watchers[plural]:
            watcher.tell(key[0], labels, event)
        return obj

    def create(self, kind, plural, space, obj):
        key = (space, obj["metadata"]["name"])
        if key in self.objects[plural]:
            return 409, {"reason": "AlreadyExists", "message": f"{plural} {key[1]} already exists"}
        obj = {name: value for name, value in obj.items() if name not in ("apiVersion", "kind")}
        obj["metadata"] = {**obj["metadata"], "namespace": space, "uid": str(uuid.uuid4()), "creationTimestamp": now(), "generation": 1}
        if plural not in ("leases", "secrets"):
            obj["metadata"]["managedFields"] = [MANAGED]
        if plural == "persistentvolumeclaims":
            obj["status"] = {"phase": "Bound", "capacity": {"storage": obj["spec"]["resources"]["requests"]["storage"]}}
        if plural == "pods":
            running(obj)
        return 201, self.put(kind, plural, obj, "ADDED")

    def change(self, kind, plural, old, new):
        asked = new["metadata"].get("resourceVersion")
        if asked and asked != old["metadata"]["resourceVersion"]:
            return 409, {"reason": "Conflict", "message": "the object has been modified"}
        new["metadata"] = dict(new["metadata"])
        if new.get("spec") != old.get("spec"):
            new["metadata"]["generation"] = old["metadata"].get("generation", 1) + 1
        return 200, self.put(kind, plural, new, "MODIFIED")

    def delete(self, kind, plural, key):
        obj = self.objects[plural].get(key)
        if obj is None:
            return 404, {"reason": "NotFound"}
        if plural == "pods":
            Nodes.remove(*key)
        self.put(kind, plural, {**obj, "metadata": dict(obj["metadata"])}, "DELETED")
        return 200, {"status": "Success"}


def selects(selector, labels):
    for term in filter(None, (selector or "").split(",")):
        name, _, value = term.partition("=")
        if labels.get(name) != value:
            return False
    return True


class Watcher:
    def __init__(self, write, space, selector):
        self.write, self.space, self.selector = write, space, selector

    def tell(self, space, labels, event):
        if (not self.space or space == self.space) and selects(self.selector, labels):
            self.write(b"%x\r\n%s\r\n" % (len(event), event))


class Api:
    def __init__(self):
        self.store = Store()

    async def serve(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server = await asyncio.start_server(self.on_link, "127.0.0.1", 0, ssl=context, limit=1 << 20)
        return server, server.sockets[0].getsockname()[1]

    async def on_link(self, reader, writer):
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
                method, target, _ = head[0].split(" ")
                headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                url = urllib.parse.urlsplit(target)
                query = dict(urllib.parse.parse_qsl(url.query))
                if query.get("watch") in ("1", "true"):
                    await self.watch(url.path, query, reader, writer)
                    return
                status, answer = self.answer(method, url.path, query, json.loads(body) if body else None)
                data = json.dumps(answer, separators=(",", ":")).encode()
                writer.write(b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(data)) + data)
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    @staticmethod
    def parse(path):
        """apiVersion and kind, plural, namespace, name, subresource."""
        words = path.strip("/").split("/")
        words = words[2:] if words[0] == "api" else words[3:]
        space = ""
        if words[0] == "namespaces" and len(words) > 2:
            space, words = words[1], words[2:]
        return words[0], space, words[1] if len(words) > 1 else "", words[2] if len(words) > 2 else ""

    def answer(self, method, path, query, body):
        plural, space, name, sub = self.parse(path)
        store = self.store
        store.calls[(method, plural)] += 1
        if plural in ("events", "podmonitors"):  # not kept
            return (201, body) if method != "GET" else (404, {"reason": "NotFound"})
        if not name:
            return self.list(plural, space, query) if method == "GET" else store.create({}, plural, space, body)
        old = store.objects[plural].get((space, name))
        if old is None:
            return 404, {"reason": "NotFound", "message": f"{plural} {name} not found"}
        if method == "GET":
            return 200, old
        if method == "DELETE":
            return store.delete({}, plural, (space, name))
        new = body if method == "PUT" else merge(old, body)
        new = {k: v for k, v in new.items() if k not in ("apiVersion", "kind")}
        if sub == "status":
            new = {**old, "status": new.get("status", {}), "metadata": {**old["metadata"], "resourceVersion": new["metadata"]["resourceVersion"]}}
        if "resourceVersion" not in (body or {}).get("metadata", {}):
            new["metadata"] = {**new["metadata"], "resourceVersion": old["metadata"]["resourceVersion"]}
        return store.change({}, plural, old, new)

    def list(self, plural, space, query):
        chosen = [key for key, obj in self.store.objects[plural].items()
                  if (not space or key[0] == space) and selects(query.get("labelSelector"), obj["metadata"].get("labels", {}))]
        at, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or len(chosen)
        metadata = {"resourceVersion": str(self.store.version)}
        if at + limit < len(chosen):
            metadata["continue"] = str(at + limit)
        return 200, {"metadata": metadata, "items": [self.store.objects[plural][key] for key in chosen[at:at + limit]]}

    async def watch(self, path, query, reader, writer):
        plural, space, _, _ = self.parse(path)
        self.store.calls[("WATCH", plural)] += 1
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        watcher = Watcher(writer.write, space, query.get("labelSelector"))
        for version, of_space, labels, event in self.store.log[plural]:
            if version > int(query.get("resourceVersion") or 0):
                watcher.tell(of_space, labels, event)
        self.store.watchers[plural].append(watcher)
        try:
            end = time.monotonic() + float(query.get("timeoutSeconds", 300))
            while (left := end - time.monotonic()) > 0:
                try:
                    await asyncio.wait_for(reader.read(1), min(left, BOOKMARK_EVERY))
                    return  # closed by the other side
                except asyncio.TimeoutError:
                    mark = json.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(self.store.version)}}}).encode() + b"\n"
                    writer.write(b"%x\r\n%s\r\n" % (len(mark), mark))
            writer.write(b"0\r\n\r\n")
        finally:
            self.store.watchers[plural].remove(watcher)
