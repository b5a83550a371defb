"""What the show asks the control plane and the nodes."""
import base64
import json
import os
import signal
import urllib.error
import urllib.request

import redis


class ClusterApi:
    def __init__(self, kubeconfig, name):
        with open(kubeconfig) as file:
            config = json.load(file)  # the local control plane writes JSON, which is YAML too
        self.server = config["clusters"][0]["cluster"]["server"]
        self.token = config["users"][0]["user"].get("token")
        self.name = name
        self._password = None

    def get(self, path):
        request = urllib.request.Request(self.server + path)
        if self.token:
            request.add_header("Authorization", "Bearer " + self.token)
        try:
            with urllib.request.urlopen(request, timeout=5) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise

    def cluster(self):
        return self.get(f"/apis/windlass.dev/v1alpha1/namespaces/default/redisclusters/{self.name}")

    def status(self):
        return self.cluster().get("status", {})

    def generation(self):
        return self.cluster().get("metadata", {}).get("generation")

    def pods(self):
        """(name, ip, labels) of the pods that run."""
        pods = self.get("/api/v1/namespaces/default/pods").get("items", [])
        return [(p["metadata"]["name"], p["status"]["podIP"], p["metadata"].get("labels", {})) for p in pods
                if p.get("status", {}).get("podIP") and "deletionTimestamp" not in p["metadata"]]

    def events(self):
        items = self.get("/api/v1/namespaces/default/events").get("items", [])
        return [f"{e.get('reason', '')}: {e.get('message', '')}" for e in items
                if e.get("involvedObject", {}).get("kind") == "RedisCluster"]

    def password(self):
        if self._password is None:
            secret = self.get(f"/api/v1/namespaces/default/secrets/{self.name}-auth")
            self._password = base64.b64decode(secret["data"]["password"]).decode() if secret else ""
        return self._password

    def any_node(self):
        return self.pods()[0][1] + ":6379"

    def connect(self, address):
        return redis.Redis(host=address, port=6379, password=self.password() or None, socket_timeout=1,
                           socket_connect_timeout=1, decode_responses=True)

    def info(self, address):
        try:
            connection = self.connect(address)
            try:
                return connection.info()
            finally:
                connection.connection_pool.disconnect()
        except (redis.RedisError, OSError):
            return None

    def a_master(self):
        for name, address, _ in self.pods():
            info = self.info(address)
            if info and info.get("role") == "master" and info.get("connected_slaves", 0) > 0:
                return name, address
        raise RuntimeError("no master with a replica answers")

    def kill(self, address):
        """SIGKILL to the node at this address; False if none answers there now."""
        info = self.info(address)
        if not info:
            return False
        os.kill(info["process_id"], signal.SIGKILL)
        return True

    def topology(self):
        """Masters with their slots and keys, from the nodes themselves."""
        rows = []
        for name, address, _ in self.pods():
            try:
                connection = self.connect(address)
                try:
                    nodes = connection.execute_command("CLUSTER NODES")
                    keys = connection.dbsize()
                finally:
                    connection.connection_pool.disconnect()
            except (redis.RedisError, OSError):
                rows.append({"name": name, "state": "down", "ranges": [], "keys": 0})
                continue
            mine = next((n for a, n in nodes.items() if "myself" in n["flags"]), None)
            if mine is None:
                continue
            ranges = [(int(s[0]), int(s[-1])) for s in mine.get("slots", []) if s and not s[0].startswith("[")]
            rows.append({"name": name, "state": "master" if "master" in mine["flags"] else "replica",
                         "ranges": ranges, "keys": keys})
        return rows
