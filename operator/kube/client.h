// The Kubernetes verbs on JSON objects, over a Transport.
//
// Answers of the API server that are not success become KubeError; a Get of
// what does not exist is an empty optional. Thread-safe if the transport is.
#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <stop_token>
#include <string>

#include "operator/kube/error.h"
#include "operator/kube/transport.h"

namespace windlass::kube {

using Json = nlohmann::json;

// A kind as its path names it.
struct Kind {
  const char* api_version;  // "v1", "windlass.dev/v1alpha1"
  const char* kind;
  const char* plural;
};

inline constexpr Kind kRedisClusters{"windlass.dev/v1alpha1", "RedisCluster", "redisclusters"};
inline constexpr Kind kPods{"v1", "Pod", "pods"};
inline constexpr Kind kClaims{"v1", "PersistentVolumeClaim", "persistentvolumeclaims"};
inline constexpr Kind kServices{"v1", "Service", "services"};
inline constexpr Kind kConfigMaps{"v1", "ConfigMap", "configmaps"};
inline constexpr Kind kSecrets{"v1", "Secret", "secrets"};
inline constexpr Kind kBudgets{"policy/v1", "PodDisruptionBudget", "poddisruptionbudgets"};
inline constexpr Kind kNetworkPolicies{"networking.k8s.io/v1", "NetworkPolicy", "networkpolicies"};
inline constexpr Kind kPodMonitors{"monitoring.coreos.com/v1", "PodMonitor", "podmonitors"};
inline constexpr Kind kAutoscalers{"autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"};
inline constexpr Kind kNodes{"v1", "Node", "nodes"};
inline constexpr Kind kEvents{"v1", "Event", "events"};
inline constexpr Kind kLeases{"coordination.k8s.io/v1", "Lease", "leases"};

struct DeleteOptions {
  std::string uid;  // if not empty, delete only this incarnation
  std::optional<int> grace_seconds;
};

struct WatchOptions {
  std::string label_selector;
  std::string resource_version;
  std::chrono::seconds timeout{290};
};

class Client {
 public:
  // An event's type ("ADDED", "MODIFIED", "DELETED", "BOOKMARK", "ERROR") and
  // its object; false ends the watch.
  using EventSink = std::function<bool(const std::string& type, const Json& object)>;

  explicit Client(Transport& transport) : transport_(transport) {}

  // An empty name_space means all of them (List and Watch only).
  std::optional<Json> Get(const Kind& kind, const std::string& name_space, const std::string& name);
  // Page by page, object by object, without its managedFields; what is returned is the
  // version where a watch can start.
  using ObjectSink = std::function<void(const Json& object)>;
  std::string List(const Kind& kind, const std::string& name_space, const std::string& label_selector, const ObjectSink& sink);
  Json Create(const Kind& kind, const std::string& name_space, const Json& object);
  // Replaces; with metadata.resourceVersion in the object, only that version.
  Json Update(const Kind& kind, const std::string& name_space, const Json& object,
              const std::string& subresource = "");
  Json MergePatch(const Kind& kind, const std::string& name_space, const std::string& name,
                  const Json& patch, const std::string& subresource = "");
  // False if it was not there.
  bool Delete(const Kind& kind, const std::string& name_space, const std::string& name,
              const DeleteOptions& options = {});
  // Returns when the server has ended the watch, the sink said false or stop was requested.
  void Watch(const Kind& kind, const std::string& name_space, const WatchOptions& options,
             const EventSink& sink, std::stop_token stop);

 private:
  Json Expect(const HttpRequest& request);

  Transport& transport_;
};

}  // namespace windlass::kube
