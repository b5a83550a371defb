// windlass-operator: wires client, caches, queue, lease, reconciler and health, and
// runs until it is told to stop or has lost its lease.
#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <malloc.h>
#include <nlohmann/json.hpp>
#include <sys/resource.h>
#include <unistd.h>

#include "node/base/random.h"
#include "operator/api/names.h"
#include "operator/base/log.h"
#include "operator/base/version.h"
#include "operator/controller/controller.h"
#include "operator/health/http_server.h"
#include "operator/health/pass_times.h"
#include "operator/health/process_usage.h"
#include "operator/informer/informer.h"
#include "operator/kube/rest_transport.h"
#include "operator/lease/leader_elector.h"
#include "operator/reconcile/cluster_figures.h"
#include "operator/reconcile/kept.h"
#include "operator/reconcile/reconciler.h"

namespace windlass {
namespace {

using base::kVersion;
constexpr int kHttpThreads = 4;

struct Options {
  std::string kubeconfig;
  std::string name_space;  // to watch; empty: all
  std::string image = std::string("windlass-node:") + kVersion;
  std::string pull_policy;
  bool check = false;
  int workers = 4;
  bool leader_elect = true;
  std::string lease_namespace;
  int lease_seconds = 15;
  bool watch_nodes = true;
  int health_port = 0;  // 0: none
  std::string log_level = "info";
};

class LeaseFence final : public reconcile::Fence {
 public:
  LeaseFence(const lease::LeaderElector& elector, bool needed) : elector_(elector), needed_(needed) {}
  bool HeldFor(std::chrono::milliseconds margin) const override { return !needed_ || elector_.HeldFor(margin); }

 private:
  const lease::LeaderElector& elector_;
  const bool needed_;
};

base::LogLevel LevelOf(const std::string& name) {
  if (name == "debug") return base::LogLevel::kDebug;
  if (name == "warning") return base::LogLevel::kWarning;
  if (name == "error") return base::LogLevel::kError;
  return base::LogLevel::kInfo;
}

// Connections to nodes are kept: there may be as many files open as this process is allowed.
void RaiseFileLimit() {
  rlimit files{};
  if (getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
}

std::string Identity() {
  char host[256] = {};
  if (gethostname(host, sizeof host - 1) != 0) host[0] = 0;
  return std::string(host) + "_" + base::Random::FromEntropy().Hex(12);
}

// The names of clusters that a change of an object is about.
std::string ClusterKeyOf(const nlohmann::json& object) {
  const auto& metadata = object.at("metadata");
  const std::string name = metadata.value("labels", nlohmann::json::object()).value(api::kLabelCluster, "");
  return name.empty() ? "" : metadata.value("namespace", "") + "/" + name;
}

// Every informer, and the queue they feed.
class Watches {
 public:
  Watches(kube::Client& client, const std::string& name_space, bool watch_nodes, workqueue::WorkQueue& queue)
      : clusters(client, {kube::kRedisClusters, name_space, ""}, [&queue](const auto& object) { queue.Add(informer::KeyOf(object)); }),
        pods(client, Owned(kube::kPods, name_space, reconcile::KeptOfPod), ForOwned(queue)),
        claims(client, Owned(kube::kClaims, name_space), ForOwned(queue)),
        services(client, Owned(kube::kServices, name_space), ForOwned(queue)),
        config_maps(client, Owned(kube::kConfigMaps, name_space), ForOwned(queue)),
        secrets(client, Owned(kube::kSecrets, name_space), ForOwned(queue)),
        budgets(client, Owned(kube::kBudgets, name_space), ForOwned(queue)),
        network_policies(client, Owned(kube::kNetworkPolicies, name_space), ForOwned(queue)) {
    if (!watch_nodes) return;
    informer::Informer::Options options{kube::kNodes, "", ""};
    options.trim = reconcile::KeptOfMachine;
    nodes.emplace(client, options, [this, &queue](const nlohmann::json& node) { OnMachine(node, queue); });
  }

  void Start() {
    for (informer::Informer* informer : All()) informer->Start();
  }
  // A pass must not take a cache that was never filled for an empty cluster.
  bool Synced() {
    for (informer::Informer* informer : All()) {
      if (!informer->store().synced()) return false;
    }
    return true;
  }
  reconcile::Caches Caches() {
    return {clusters.store(),    pods.store(),    claims.store(),  services.store(),
            config_maps.store(), secrets.store(), budgets.store(), network_policies.store(), nodes ? &nodes->store() : nullptr};
  }

  std::map<std::string, nlohmann::json> machines;  // as seen last; of the thread that watches them
  informer::Informer clusters, pods, claims, services, config_maps, secrets, budgets, network_policies;
  std::optional<informer::Informer> nodes;

 private:
  static informer::Informer::OnChange ForOwned(workqueue::WorkQueue& queue) {
    return [&queue](const nlohmann::json& object) {
      if (const std::string key = ClusterKeyOf(object); !key.empty()) queue.Add(key);
    };
  }
  static informer::Informer::Options Owned(const kube::Kind& kind, const std::string& name_space, informer::Store::Trim trim = nullptr) {
    informer::Informer::Options options{kind, name_space, api::kManagedSelector};
    options.trim = trim;
    options.label = api::kLabelCluster;
    return options;
  }
  // Its status changes often; only what is kept of it concerns the clusters that have pods there.
  void OnMachine(const nlohmann::json& node, workqueue::WorkQueue& queue) {
    const nlohmann::json kept = reconcile::KeptOfMachine(node);
    const std::string name = kept["metadata"].value("name", "");
    const auto [seen, first] = machines.try_emplace(name, kept);
    if (first || seen->second == kept) return;
    seen->second = kept;
    for (const informer::Object& pod : pods.store().All()) {
      if (pod->at("spec").value("nodeName", "") == name) queue.Add(ClusterKeyOf(*pod));
    }
  }
  std::vector<informer::Informer*> All() {
    std::vector<informer::Informer*> all = {&clusters, &pods, &claims, &services, &config_maps, &secrets, &budgets, &network_policies};
    if (nodes) all.push_back(&*nodes);
    return all;
  }
};

// Passes, counted and timed.
class MeasuredReconciler final : public controller::Reconciler {
 public:
  MeasuredReconciler(controller::Reconciler& inner, health::PassTimes& times) : inner_(inner), times_(times) {}
  controller::Outcome Reconcile(const std::string& key) override {
    const auto began = std::chrono::steady_clock::now();
    try {
      const controller::Outcome outcome = inner_.Reconcile(key);
      times_.Add(std::chrono::steady_clock::now() - began, true);
      return outcome;
    } catch (...) {
      times_.Add(std::chrono::steady_clock::now() - began, false);
      throw;
    }
  }

 private:
  controller::Reconciler& inner_;
  health::PassTimes& times_;
};

// What the health server says. Called on its thread.
class Health {
 public:
  Health(Watches& watches, const workqueue::WorkQueue& queue, const health::PassTimes& times, const reconcile::ShardFigures& shards,
         const std::atomic<bool>& leading)
      : watches_(watches), queue_(queue), times_(times), shards_(shards), leading_(leading) {}

  // The main loop says so at every turn.
  void Alive() { last_turn_ = std::chrono::steady_clock::now().time_since_epoch(); }

  health::HttpServer::Handlers Handlers() {
    return {{"/healthz", [this] { return Healthy(); }}, {"/readyz", [this] { return Ready(); }}, {"/metrics", [this] { return Metrics(); }}};
  }

 private:
  health::Answer Healthy() const {
    const auto silence = std::chrono::steady_clock::now().time_since_epoch() - last_turn_.load();
    return silence < std::chrono::seconds(30) ? health::Answer{200, "ok\n"} : health::Answer{503, "the main loop stands still\n"};
  }
  // A bystander is ready too: it is there to take over.
  health::Answer Ready() const {
    return watches_.Synced() ? health::Answer{200, "ok\n"} : health::Answer{503, "caches are not filled\n"};
  }
  health::Answer Metrics() const {
    health::MetricText text;
    text.Family("windlass_build_info", "gauge", "Version of the operator");
    text.Sample("windlass_build_info", {{"version", kVersion}}, 1);
    text.Family("windlass_leader", "gauge", "1 while this process is the one that acts");
    text.Sample("windlass_leader", {}, leading_ ? 1 : 0);
    text.Family("windlass_workqueue_depth", "gauge", "Clusters that wait for a pass");
    text.Sample("windlass_workqueue_depth", {}, static_cast<double>(queue_.ready_count()));
    times_.WriteTo(&text);
    // Of the one that acts only, so that sums over pods are right.
    if (leading_) {
      reconcile::WriteClusterFigures(watches_.clusters.store(), &text);
      shards_.WriteTo(&text);
    }
    health::WriteProcessUsage(&text);
    return {200, text.text()};
  }

  Watches& watches_;
  const workqueue::WorkQueue& queue_;
  const health::PassTimes& times_;
  const reconcile::ShardFigures& shards_;
  const std::atomic<bool>& leading_;
  std::atomic<std::chrono::steady_clock::duration> last_turn_{std::chrono::steady_clock::now().time_since_epoch()};
};

// The signals that end us, taken by sigtimedwait() in the main thread.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A heap for each thread holds on to what its busiest moment took. Two are enough, as
// threads mostly wait for the network; and what is free is given back now and then.
constexpr int kHeaps = 2;
constexpr int kOwnMapBytes = 256 * 1024;  // from this size a block is a mapping of its own, and gone when freed
constexpr std::chrono::seconds kTrimEvery{10};

void KeepHeapsSmall() {
  mallopt(M_ARENA_MAX, kHeaps);
  mallopt(M_MMAP_THRESHOLD, kOwnMapBytes);
}

// True once a signal has come; waits at most so long.
bool SignalWithin(const sigset_t& signals, int milliseconds) {
  const timespec timeout{milliseconds / 1000, (milliseconds % 1000) * 1000000L};
  return sigtimedwait(&signals, nullptr, &timeout) > 0;
}

std::string LeaseNamespace(const Options& options, const kube::Access& access) {
  return options.lease_namespace.empty() ? access.name_space : options.lease_namespace;
}

// Whether this account may read RedisClusters here, and somebody runs them.
int Check(const Options& options) {
  kube::StartHttpThreads(kHttpThreads);
  const kube::Access access = kube::FindAccess(options.kubeconfig);
  kube::RestTransport transport(access);
  kube::Client client(transport);
  size_t clusters = 0;
  client.List(kube::kRedisClusters, options.name_space, "", [&clusters](const nlohmann::json&) { ++clusters; });
  std::cout << clusters << " RedisClusters\n";
  const auto lease = client.Get(kube::kLeases, LeaseNamespace(options, access), lease::LeaderElector::Options().name);
  const std::string holder = lease ? lease->value("spec", nlohmann::json::object()).value("holderIdentity", "") : "";
  std::cout << (holder.empty() ? "nobody holds the lease" : "the lease is held by " + holder) << "\n";
  return holder.empty() ? EXIT_FAILURE : EXIT_SUCCESS;
}

int Run(const Options& options) {
  const sigset_t signals = BlockSignals();
  kube::StartHttpThreads(kHttpThreads);
  const kube::Access access = kube::FindAccess(options.kubeconfig);
  kube::RestTransport transport(access);
  kube::Client client(transport);
  const std::string identity = Identity();
  kube::EventRecorder events(client, "windlass-operator", identity);
  workqueue::WorkQueue queue;
  Watches watches(client, options.name_space, options.watch_nodes, queue);

  std::atomic<bool> held{!options.leader_elect};
  std::atomic<bool> lost{false};
  lease::LeaderElector::Options lease_options;
  lease_options.name_space = LeaseNamespace(options, access);
  lease_options.identity = identity;
  lease_options.duration = std::chrono::seconds(options.lease_seconds);
  lease_options.renew_every = lease_options.duration / 5;
  lease::LeaderElector elector(client, lease_options, [&](bool now_held) {
    base::Log(base::LogLevel::kInfo, now_held ? "lease taken" : "lease lost", {{"identity", identity}});
    (now_held ? held : lost) = true;
  });
  const LeaseFence fence(elector, options.leader_elect);
  reconcile::ClusterReconciler reconciler({client, watches.Caches(), events, fence, options.image, options.pull_policy});
  health::PassTimes times;
  MeasuredReconciler measured(reconciler, times);
  controller::Controller controller(queue, measured);
  Health health(watches, queue, times, reconciler.shard_figures(), held);
  std::optional<health::HttpServer> health_server;
  if (options.health_port > 0) health_server.emplace(options.health_port, health.Handlers());

  base::Log(base::LogLevel::kInfo, "windlass-operator starts", {{"version", kVersion}, {"server", access.server}, {"identity", identity}});
  watches.Start();
  if (options.leader_elect) elector.Start();
  bool started = false;
  bool told = false;
  auto trimmed = std::chrono::steady_clock::now();
  while (!lost && !told) {
    told = SignalWithin(signals, started ? 500 : 50);
    health.Alive();
    if (const auto now = std::chrono::steady_clock::now(); now - trimmed >= kTrimEvery) {
      malloc_trim(0);
      trimmed = now;
    }
    if (!started && held && watches.Synced()) {
      started = true;
      controller.Start(options.workers);
      base::Log(base::LogLevel::kInfo, "caches are filled, working");
    }
  }
  controller.Stop();
  elector.Stop();
  // Another holds the lease now: start over, as a bystander.
  if (lost) base::Log(base::LogLevel::kError, "the lease was lost, ending");
  return lost ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace windlass

int main(int argc, char** argv) {
  windlass::Options options;
  CLI::App app("Runs the RedisClusters of a Kubernetes cluster.", "windlass-operator");
  app.set_version_flag("--version", std::string("windlass-operator ") + windlass::base::kVersion);
  app.add_option("--kubeconfig", options.kubeconfig, "Kubeconfig file; else $KUBECONFIG, else the pod's service account");
  app.add_option("--namespace", options.name_space, "Watch this namespace only; else all");
  app.add_option("--image", options.image, "Image of nodes whose spec names none")->capture_default_str();
  app.add_option("--image-pull-policy", options.pull_policy, "Of nodes; else what Kubernetes takes by the image's tag")->check(CLI::IsMember({"Always", "IfNotPresent", "Never"}));
  app.add_flag("--check", options.check, "Say whether RedisClusters can be read here and somebody holds the lease, and end");
  app.add_option("--workers", options.workers, "Clusters looked at side by side")->capture_default_str()->check(CLI::Range(1, 64));
  app.add_option("--leader-elect", options.leader_elect, "Act only while holding the lease")->capture_default_str();
  app.add_option("--lease-namespace", options.lease_namespace, "Namespace of the lease; else that of the kubeconfig's context or the pod");
  app.add_option("--lease-seconds", options.lease_seconds, "How long the lease is held after the last renewal")->capture_default_str()->check(CLI::Range(5, 300));
  app.add_option("--watch-nodes", options.watch_nodes, "See which nodes are cordoned, and move masters off them")->capture_default_str();
  app.add_option("--health-port", options.health_port, "Port of /healthz, /readyz and /metrics; 0: none")->capture_default_str()->check(CLI::Range(0, 65535));
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")->capture_default_str()->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  CLI11_PARSE(app, argc, argv);
  windlass::KeepHeapsSmall();
  windlass::RaiseFileLimit();
  windlass::base::SetLogLevel(windlass::LevelOf(options.log_level));
  try {
    return options.check ? windlass::Check(options) : windlass::Run(options);
  } catch (const std::exception& error) {
    std::cerr << "windlass-operator: " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}
