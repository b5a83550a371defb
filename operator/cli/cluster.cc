// Reading and waiting; cluster_check.cc prints.
#include "operator/cli/cluster.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "operator/redis/observe.h"
#include "operator/redis/parse.h"

namespace windlass::cli {
namespace {

redis::ObserveOptions Options(const Session& session) {
  redis::ObserveOptions options;
  options.admin = session.admin;
  options.deadline_ms = 5000;
  return options;
}

Cluster Read(Session& session, const topology::Address& seed) {
  Cluster cluster;
  cluster.seed = seed;
  cluster.view = redis::ObserveClusterFrom(seed, Options(session));
  const auto& reports = cluster.view.reports();
  const auto own = std::find_if(reports.begin(), reports.end(),
                                [&seed](const topology::NodeReport& r) { return r.asked == seed; });
  const topology::NodeLine* myself = own->Myself();
  cluster.nodes.push_back(cluster.view.Find(myself->id));
  for (const topology::NodeLine& line : own->nodes) {
    const topology::Node* node = cluster.view.Find(line.id);
    if (!line.myself && node != nullptr) cluster.nodes.push_back(node);
  }
  return cluster;
}

bool Settled(const Cluster& cluster) {
  // A node that has just joined says "fail" for two seconds, and takes no key.
  for (const topology::NodeReport& report : cluster.view.reports()) {
    if (report.ok() && !report.ClusterStateOk()) return false;
  }
  return cluster.view.SlotsAgree() && cluster.view.FullyMeshed();
}

}  // namespace

std::vector<const topology::Node*> Cluster::masters() const {
  std::vector<const topology::Node*> found;
  for (const topology::Node* node : nodes) {
    if (node->master) found.push_back(node);
  }
  return found;
}

void SleepMs(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

Cluster ReadCluster(Session& session, const topology::Address& seed) {
  Cluster cluster = Read(session, seed);
  for (const topology::NodeReport* silent : cluster.view.Silent()) {
    session.Warning("Could not connect to Redis at " + silent->error);
  }
  return cluster;
}

Cluster RequireHealthy(Session& session, const topology::Address& seed, const std::string& before_what) {
  Cluster cluster = ReadCluster(session, seed);
  for (int i = 0; i < 30 && !Settled(cluster); ++i) {
    SleepMs(200);
    cluster = Read(session, seed);
    if (i % 5 == 4) session.out << "." << std::flush;
  }
  if (!Check(session, cluster)) {
    throw base::Failure("Please fix your cluster problems before " + before_what +
                        " (windlassctl fix " + topology::ToString(seed) + ")");
  }
  return cluster;
}

bool WaitAgreement(Session& session, const topology::Address& seed, int64_t timeout_ms) {
  for (int64_t waited = 0;; waited += 200) {
    if (Settled(Read(session, seed))) return true;
    if (waited >= timeout_ms) return false;
    if (waited % 1000 == 0) session.out << "." << std::flush;
    SleepMs(200);
  }
}

void RequireEmptyNode(redis::NodePool& pool, const topology::Address& address) {
  const std::string name = topology::ToString(address);
  redis::RedisAdmin& node = pool.At(address);
  const auto info = redis::ParseInfo(node.Require({"INFO"}).text);
  const auto enabled = info.find("cluster_enabled");
  if (enabled == info.end() || enabled->second != "1") {
    throw base::Failure("Node " + name + " is not configured as a cluster node (cluster-enabled yes is missing)");
  }
  const auto nodes = redis::ParseClusterNodes(node.Require({"CLUSTER", "NODES"}).text);
  if (!nodes) throw base::Failure(name + ": " + nodes.error());
  const bool alone = nodes->size() == 1 && nodes->front().slots.empty();
  if (!alone || info.count("db0") != 0) {
    throw base::Failure("Node " + name +
                        " is not empty. Either the node already knows other nodes (check with CLUSTER NODES) or "
                        "contains some key in database 0.");
  }
}

const topology::Node* MasterWithFewestReplicas(const Cluster& cluster, const std::string& except) {
  const topology::Node* best = nullptr;
  for (const topology::Node* master : cluster.masters()) {
    if (master->id == except || master->slots.empty() || !master->reported) continue;
    if (best == nullptr ||
        cluster.view.ReplicasOf(master->id).size() < cluster.view.ReplicasOf(best->id).size()) {
      best = master;
    }
  }
  return best;
}

const topology::Node* FindNode(const Cluster& cluster, const std::string& id) {
  const topology::Node* found = nullptr;
  for (const topology::Node* node : cluster.nodes) {
    if (node->id == id) return node;
    if (id.size() < 6 || node->id.compare(0, id.size(), id) != 0) continue;
    if (found != nullptr) return nullptr;
    found = node;
  }
  return found;
}

std::string ResolveHost(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* raw = nullptr;
  if (const int error = getaddrinfo(host.c_str(), nullptr, &hints, &raw); error != 0) {
    throw base::Failure("could not resolve " + host + ": " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, &freeaddrinfo);
  char numeric[NI_MAXHOST];
  if (getnameinfo(found->ai_addr, found->ai_addrlen, numeric, sizeof(numeric), nullptr, 0, NI_NUMERICHOST) != 0) {
    throw base::Failure("could not resolve " + host);
  }
  return numeric;
}

void Replicate(redis::NodePool& pool, const topology::Address& replica, const std::string& master_id) {
  for (int i = 0;; ++i) {
    const redis::Reply reply = pool.At(replica).Call({"CLUSTER", "REPLICATE", master_id});
    if (!reply.error()) return;
    const bool may_pass = reply.text.find("Unknown node") != std::string::npos ||
                          reply.text.find("only replicate a master") != std::string::npos;
    if (!may_pass || i == 150) {
      throw redis::RefusedFailure(topology::ToString(replica) + " does not replicate " + master_id + ": " + reply.text,
                                  reply.text);
    }
    SleepMs(100);
  }
}

}  // namespace windlass::cli
