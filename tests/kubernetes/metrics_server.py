"""Serves the metrics APIs of Kubernetes, which a HorizontalPodAutoscaler asks.

It stands for an adapter such as prometheus-adapter or KEDA's, and has no figures of its
own: what is asked for is read at that moment off the Prometheus endpoints that the operator
and the nodes serve. The API server finds it by APIServices and a Service, over TLS:

    external.metrics.k8s.io/v1beta1  series of the operator, by their labels
    custom.metrics.k8s.io/v1beta2    series of the pods that a selector matches
"""

import contextlib
import datetime
import re
import urllib.parse
import urllib.request

import release
from control_plane import HOST_ADDRESS
from json_service import JsonService
from process import wait_for

NAME = "metrics-adapter"
PORT = 10443
EXTERNAL, CUSTOM = ("external.metrics.k8s.io", "v1beta1"), ("custom.metrics.k8s.io", "v1beta2")
NODE_PORT, OPERATOR_PORT = 9121, 8080


def series(address, port, name):
    """labels, value of each sample of that name."""
    with urllib.request.urlopen(f"http://{address}:{port}/metrics", timeout=5) as reply:
        text = reply.read().decode()
    for labels, value in re.findall(rf"^{re.escape(name)}(?:\{{(.*)\}})? (\S+)", text, re.M):
        yield dict(re.findall(r'(\w+)="([^"]*)"', labels)), float(value)


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def quantity(value):
    return f"{round(value * 1000)}m"


class MetricsServer:
    def __init__(self, kubernetes, namespace, folder):
        self.kubernetes, self.namespace = kubernetes, namespace
        self.asked = set()  # (metric, selector), as the API server passed it on
        self.service = JsonService(self._answer, folder, f"DNS:{NAME}.{namespace}.svc", HOST_ADDRESS, PORT)

    def __enter__(self):
        self.service.__enter__()
        try:
            self._register(self.service.authority)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        # First of all: with one that does not answer, no namespace can be deleted.
        for group, version in (EXTERNAL, CUSTOM):
            with contextlib.suppress(OSError):
                self.kubernetes.call("DELETE", f"/apis/apiregistration.k8s.io/v1/apiservices/{version}.{group}")
        self.service.__exit__()

    def _register(self, authority):
        in_space = {"name": NAME, "namespace": self.namespace}
        call = self.kubernetes.call
        call("POST", f"/api/v1/namespaces/{self.namespace}/services",
             {"metadata": in_space, "spec": {"ports": [{"name": "https", "port": 443, "targetPort": PORT}]}})
        call("POST", f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices",
             {"metadata": {**in_space, "labels": {"kubernetes.io/service-name": NAME}}, "addressType": "IPv4",
              "endpoints": [{"addresses": [HOST_ADDRESS], "conditions": {"ready": True}}],
              "ports": [{"name": "https", "port": PORT, "protocol": "TCP"}]})
        for group, version in (EXTERNAL, CUSTOM):
            call("POST", "/apis/apiregistration.k8s.io/v1/apiservices",
                 {"metadata": {"name": f"{version}.{group}"},
                  "spec": {"group": group, "version": version, "groupPriorityMinimum": 100, "versionPriority": 100,
                           "service": {**in_space, "port": 443}, "caBundle": authority}})
        for group, version in (EXTERNAL, CUSTOM):
            wait_for(lambda path=f"/apis/{group}/{version}": call("GET", path)["resources"], 60, f"{group} is served")

    def _answer(self, path, _):
        url = urllib.parse.urlsplit(path)
        asked = dict(urllib.parse.parse_qsl(url.query))
        selector = asked.get("labelSelector", "")
        match urllib.parse.unquote(url.path).strip("/").split("/"):
            case ["apis", group, version] if (group, version) in (EXTERNAL, CUSTOM):
                return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{group}/{version}", "resources": self._resources(group)}
            case ["apis", "external.metrics.k8s.io", "v1beta1", "namespaces", space, metric]:
                self.asked.add((metric, selector))
                return {"kind": "ExternalMetricValueList", "apiVersion": "/".join(EXTERNAL), "metadata": {},
                        "items": list(self._of_operator(space, metric, selector))}
            case ["apis", "custom.metrics.k8s.io", "v1beta2", "namespaces", space, "pods", "*", metric]:
                self.asked.add((metric, selector))
                return {"kind": "MetricValueList", "apiVersion": "/".join(CUSTOM), "metadata": {},
                        "items": list(self._of_pods(space, metric, selector))}
        return None

    @staticmethod
    def _resources(group):
        name, kind = ("windlass_shard_ops_per_second", "ExternalMetricValueList") if group == EXTERNAL[0] else ("pods/redis_memory_used_bytes", "MetricValueList")
        return [{"name": name, "singularName": "", "namespaced": True, "kind": kind, "verbs": ["get"]}]

    def _of_operator(self, space, metric, selector):
        """Whoever leads tells of clusters; the others' answers have none."""
        wanted = dict(part.split("=") for part in selector.split(",") if part)
        for pod in self._pods(release.NAMESPACE, "app.kubernetes.io/name=windlass-operator"):
            for labels, value in series(pod["status"]["podIP"], OPERATOR_PORT, metric):
                if labels.get("namespace") == space and wanted.items() <= labels.items():
                    yield {"metricName": metric, "metricLabels": labels, "timestamp": now(), "value": quantity(value)}

    def _of_pods(self, space, metric, selector):
        for pod in self._pods(space, selector):
            for _, value in series(pod["status"]["podIP"], NODE_PORT, metric):
                yield {"describedObject": {"kind": "Pod", "apiVersion": "v1", "namespace": space, "name": pod["metadata"]["name"]},
                       "metric": {"name": metric}, "timestamp": now(), "value": quantity(value)}

    def _pods(self, space, selector):
        found = self.kubernetes.call("GET", f"/api/v1/namespaces/{space}/pods?labelSelector={urllib.parse.quote(selector)}")["items"]
        return [p for p in found if p["status"].get("podIP") and p["status"].get("phase") == "Running" and "deletionTimestamp" not in p["metadata"]]
