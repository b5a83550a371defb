// See gather.h.
#include "operator/plugin/gather.h"

#include "operator/api/names.h"
#include "operator/base/failure.h"
#include "operator/kube/rest_transport.h"

namespace windlass::plugin {
namespace {

constexpr char kLease[] = "windlass-operator";
constexpr int kMetricsPort = 8080;  // of a pod that does not name one

std::vector<Json> ListOf(kube::Client& client, const kube::Kind& kind, const Target& target) {
  std::vector<Json> found;
  client.List(kind, target.name_space, std::string(api::kLabelCluster) + "=" + target.name, [&found](const Json& object) { found.push_back(object); });
  return found;
}

// Without them zones are left out.
std::map<std::string, std::string> ZonesOf(kube::Client& client) {
  std::map<std::string, std::string> zones;
  try {
    client.List(kube::kNodes, "", "", [&zones](const Json& node) { zones[NameOf(node)] = Label(node, "topology.kubernetes.io/zone"); });
  } catch (const kube::KubeError&) {
    zones.clear();
  }
  return zones;
}

int MetricsPortOf(const Json& pod) {
  const Json* containers = At(pod, {"spec", "containers"});
  if (containers == nullptr) return kMetricsPort;
  for (const Json& container : *containers) {
    for (const Json& port : container.value("ports", Json::array())) {
      if (port.value("name", "") == "metrics") return port.value("containerPort", kMetricsPort);
    }
  }
  return kMetricsPort;
}

// The path of the figures of the operator that acts.
std::string PathOfFigures(kube::Client& client) {
  std::string space, holder;
  client.List(kube::kLeases, "", "", [&](const Json& lease) {
    if (NameOf(lease) != kLease) return;
    space = TextAt(lease, {"metadata", "namespace"});
    holder = TextAt(lease, {"spec", "holderIdentity"});
  });
  const std::string name = holder.substr(0, holder.rfind('_'));
  if (name.empty()) throw base::Failure("no operator holds the lease");
  const auto pod = client.Get(kube::kPods, space, name);
  if (!pod) throw base::Failure("the operator is no pod; say by --metrics where its figures are");
  return "/api/v1/namespaces/" + space + "/pods/" + name + ":" + std::to_string(MetricsPortOf(*pod)) + "/proxy/metrics";
}

std::string ReadFigures(kube::Transport& transport, const std::string& path) {
  kube::HttpRequest request;
  request.path = path;
  const kube::HttpResponse answer = transport.Send(request);
  if (answer.status != 200) throw base::Failure("the operator's figures: HTTP " + std::to_string(answer.status));
  return answer.body;
}

void AddFigures(kube::Client& client, kube::Transport& transport, const Target& target, const std::string& url, Seen* seen) {
  try {
    std::string text;
    if (url.empty()) {
      text = ReadFigures(transport, PathOfFigures(client));
    } else {
      kube::Access access;
      access.server = url;
      kube::RestTransport direct(access);
      text = ReadFigures(direct, "/metrics");
    }
    seen->figures = FiguresFrom(text, target.name_space, target.name);
  } catch (const base::Failure& failure) {
    seen->no_figures = failure.what();
  }
}

// Whether the secret is there is known to those who may read it.
void AddSecret(kube::Client& client, const Target& target, Seen* seen) {
  const std::string secret = TextAt(seen->cluster, {"spec", "auth", "secretName"});
  if (secret.empty()) return;
  try {
    seen->auth_secret_there = client.Get(kube::kSecrets, target.name_space, secret).has_value();
  } catch (const kube::KubeError&) {
    seen->auth_secret_there.reset();
  }
}

}  // namespace

Json ClusterOf(kube::Client& client, const Target& target) {
  auto cluster = client.Get(kube::kRedisClusters, target.name_space, target.name);
  if (!cluster) throw base::Failure("there is no RedisCluster " + target.name + " in namespace " + target.name_space);
  return *cluster;
}

Seen Gather(kube::Client& client, kube::Transport& transport, const Target& target, const std::string& metrics_url) {
  Seen seen;
  seen.cluster = ClusterOf(client, target);
  seen.pods = ListOf(client, kube::kPods, target);
  seen.zones = ZonesOf(client);
  try {
    seen.claims = ListOf(client, kube::kClaims, target);
  } catch (const kube::KubeError&) {
    seen.claims.clear();
  }
  AddSecret(client, target, &seen);
  AddFigures(client, transport, target, metrics_url, &seen);
  return seen;
}

}  // namespace windlass::plugin
