// Concurrent observation: a few threads take addresses from one list until it
// is empty or the deadline has passed.
#include "operator/redis/observe.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "operator/redis/atomic_mover.h"
#include "operator/redis/parse.h"
#include "operator/topology/move_way.h"

namespace windlass::redis {
namespace {

using topology::NodeReport;

int64_t UnixMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int64_t MonotonicMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Command InfoCommand(const std::vector<std::string>& sections) {
  Command info{"INFO"};
  info.insert(info.end(), sections.begin(), sections.end());
  return info;
}

NodeReport AskOne(const Address& address, const ObserveOptions& options, int64_t end_ms) {
  NodeReport report;
  report.asked = address;
  const int64_t left = end_ms - MonotonicMs();
  if (left <= 0) {
    report.error = topology::ToString(address) + ": the observation's deadline passed before it was asked";
  } else {
    try {
      AdminOptions admin = options.admin;
      admin.connect_ms = std::min(admin.connect_ms, left);
      admin.command_ms = std::min(admin.command_ms, left);
      RedisAdmin node(address, admin);
      node.Connect();
      return ObserveNode(node, options.info_sections, std::max<int64_t>(1, end_ms - MonotonicMs()));
    } catch (const base::Failure& failure) {
      report.error = failure.what();
    }
  }
  report.observed_at_ms = UnixMs();
  return report;
}

}  // namespace

NodeReport ObserveNode(RedisAdmin& admin, const std::vector<std::string>& info_sections, int64_t deadline_ms) {
  NodeReport report;
  report.asked = admin.address();
  const std::string name = topology::ToString(report.asked);
  try {
    std::vector<Reply> replies = admin.Pipeline(
        {{"CLUSTER", "NODES"}, {"CLUSTER", "INFO"}, InfoCommand(info_sections), {"DBSIZE"}}, deadline_ms);
    report.observed_at_ms = UnixMs();
    if (replies[2].error() && info_sections.size() > 1) replies[2] = admin.Call({"INFO"}, deadline_ms);
    for (size_t i = 0; i < 3; ++i) {
      if (replies[i].error()) {
        const char* const what[] = {"CLUSTER NODES", "CLUSTER INFO", "INFO"};
        report.error = name + ": " + what[i] + " was refused: " + replies[i].text;
        return report;
      }
    }
    auto nodes = ParseClusterNodes(replies[0].text);
    if (!nodes) {
      report.error = name + ": " + nodes.error();
      return report;
    }
    report.nodes = std::move(*nodes);
    report.cluster_info = ParseInfo(replies[1].text);
    report.info = ParseInfo(replies[2].text);
    report.replication = ParseReplication(report.info);
    if (replies[3].type == Reply::kInteger) report.keys = replies[3].integer;
    if (topology::KnowsAtomicMoves(report)) {
      for (const SlotExport& job : ParseSlotExports(admin.Call({"CLUSTER", "GETSLOTMIGRATIONS"}, deadline_ms))) {
        if (!job.over()) report.exports_to.push_back(job.target_id);
      }
    }
  } catch (const base::Failure& failure) {
    report.observed_at_ms = UnixMs();
    report.error = failure.what();
  }
  return report;
}

std::vector<NodeReport> ObserveNodes(const std::vector<Address>& addresses, const ObserveOptions& options) {
  const int64_t end_ms = MonotonicMs() + options.deadline_ms;
  std::vector<NodeReport> reports(addresses.size());
  std::atomic<size_t> next{0};
  const auto work = [&] {
    for (size_t i = next++; i < addresses.size(); i = next++) {
      reports[i] = AskOne(addresses[i], options, end_ms);
    }
  };
  std::vector<std::thread> threads;
  const size_t count = std::min(addresses.size(), static_cast<size_t>(std::max(1, options.threads)));
  for (size_t i = 1; i < count; ++i) threads.emplace_back(work);
  work();
  for (std::thread& thread : threads) thread.join();
  return reports;
}

topology::ClusterView ObserveClusterFrom(const Address& seed, const ObserveOptions& options) {
  RedisAdmin node(seed, options.admin);
  node.Connect();
  std::vector<NodeReport> reports{ObserveNode(node, options.info_sections, options.deadline_ms)};
  if (!reports.front().ok()) throw base::Failure(reports.front().error);
  std::vector<Address> others;
  for (const topology::NodeLine& line : reports.front().nodes) {
    if (!line.myself && !line.handshake && !line.noaddr && !line.address.empty()) others.push_back(line.address);
  }
  for (NodeReport& report : ObserveNodes(others, options)) reports.push_back(std::move(report));
  return topology::ClusterView(std::move(reports));
}

}  // namespace windlass::redis
