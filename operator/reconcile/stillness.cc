// See stillness.h.
#include "operator/reconcile/stillness.h"

#include <functional>
#include <map>
#include <string_view>
#include <type_traits>

namespace windlass::reconcile {
namespace {

using topology::NodeLine;
using topology::NodeReport;

class Sum {
 public:
  void Add(std::string_view text) { Mix(std::hash<std::string_view>()(text)); }
  template <typename Number>
    requires std::is_arithmetic_v<Number>
  void Add(Number number) {
    Mix(static_cast<uint64_t>(number));
  }
  void Add(const topology::Address& address) {
    Add(address.host);
    Add(address.port);
  }
  template <typename Key>
  void Add(const std::map<Key, std::string>& fields) {
    Add(fields.size());
    for (const auto& [key, value] : fields) {
      Add(key);
      Add(value);
    }
  }
  void Add(const NodeLine& line);
  uint64_t value() const { return value_; }

 private:
  void Mix(uint64_t value) {
    value_ ^= value + 0x9e3779b97f4a7c15U + (value_ << 6) + (value_ >> 2);
    value_ *= 0xff51afd7ed558ccdU;
    value_ ^= value_ >> 32;
  }

  uint64_t value_ = 0;
};

// All but when it was last heard of.
void Sum::Add(const NodeLine& line) {
  Add(line.id);
  Add(line.address);
  Add(line.bus_port);
  Add(line.hostname);
  Add(line.aux);
  for (const bool flag : {line.master, line.replica, line.pfail, line.fail, line.handshake, line.noaddr, line.nofailover, line.link_connected}) Add(flag);
  Add(line.master_id);
  Add(line.config_epoch);
  Add(line.slots.size());
  for (const slot::SlotRange& range : line.slots) {
    Add(range.first);
    Add(range.last);
  }
  Add(line.migrating);
  Add(line.importing);
}

void AddReplication(const topology::ReplicationReport& said, Sum* sum) {
  sum->Add(said.master);
  sum->Add(said.replication_id);
  sum->Add(said.master_address);
  sum->Add(said.link_up);
  sum->Add(said.sync_in_progress);
}

}  // namespace

std::optional<uint64_t> WhatNodesSay(const std::vector<NodeReport>& reports) {
  Sum sum;
  std::map<const topology::NodeTable*, uint64_t> tables;
  std::map<std::string_view, const NodeReport*> by_id;
  for (const NodeReport& report : reports) {
    if (!report.ok() || report.Loading() || report.Myself() == nullptr) return std::nullopt;
    by_id[report.Myself()->id] = &report;
  }
  for (const NodeReport& report : reports) {
    const auto [table, first] = tables.try_emplace(report.nodes.table().get());
    if (first) {
      // In any order: nodes list each other as they happen to hold them.
      for (const NodeLine& line : report.nodes.table()->lines()) {
        Sum one;
        one.Add(line);
        table->second += one.value();
      }
    }
    sum.Add(report.asked);
    sum.Add(table->second);
    sum.Add(*report.Myself());
    sum.Add(report.ClusterStateOk());
    for (const char* field : {"run_id", "windlass_version", "valkey_version", "redis_version"}) sum.Add(report.Info(field).value_or(""));
    AddReplication(report.replication, &sum);
    const auto master = by_id.find(report.Myself()->master_id);
    const bool follows = !report.Myself()->master && master != by_id.end();
    sum.Add(follows && InStep(master->second->replication.offset - report.replication.offset));
    for (const std::string& target : report.exports_to) sum.Add(target);
    sum.Add(report.keys ? *report.keys != 0 : true);
    sum.Add(report.keys.has_value());
  }
  return sum.value();
}

std::string StampOfObjects(const Caches& caches, const std::string& name_space, const std::string& name) {
  std::string stamp = caches.clusters.VersionOf(name_space + "/" + name);
  if (stamp.empty()) return "";
  for (const informer::Store* store : {&caches.pods, &caches.claims, &caches.services, &caches.config_maps, &caches.secrets, &caches.budgets, &caches.network_policies}) {
    stamp += "/" + store->StampOf(name_space, name);
  }
  // Few of their changes are kept, and those are rare.
  if (caches.nodes != nullptr) stamp += "/" + std::to_string(caches.nodes->changes());
  return stamp;
}

bool MayStandStill(const World& world, const std::optional<Step>& step, const api::Status& status) {
  const api::Spec& spec = world.spec();
  if (step || status.phase != "Ready" || status.updated_nodes != status.nodes) return false;
  if (spec.autoscaling) return false;  // its load is measured at every pass
  if (world.overlap_until_ms != 0 || world.cluster->metadata.rebalance) return false;
  return world.creation_refused.empty() && world.resize_refused.empty() && world.growth_refused.empty() && world.may_create && world.may_grow && !world.moves_rest;
}

}  // namespace windlass::reconcile
