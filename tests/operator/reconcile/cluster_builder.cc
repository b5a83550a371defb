// See cluster_builder.h.
#include "tests/operator/reconcile/cluster_builder.h"

#include "operator/api/names.h"
#include "operator/resources/builders.h"
#include "operator/topology/planner.h"

namespace windlass::reconcile {

ClusterBuilder ClusterBuilder::Even(int shards) {
  ClusterBuilder builder;
  const auto ranges = topology::EvenSplit(shards);
  for (int i = 0; i < shards; ++i) {
    const std::string master = "demo-" + std::to_string(2 * i);
    TestNode node;
    node.shard = ShardName(i);
    node.slots = {ranges[static_cast<size_t>(i)]};
    node.keys = 10;
    node.epoch = static_cast<uint64_t>(i) + 1;
    builder.Add(master, node);
    TestNode replica;
    replica.shard = node.shard;
    replica.master = master;
    replica.keys = 10;
    builder.Add("demo-" + std::to_string(2 * i + 1), replica);
  }
  builder.spec().shards = shards;
  return builder;
}

std::string ClusterBuilder::Hash() const { return resources::TemplateHash(cluster_); }

topology::Address ClusterBuilder::AddressOf(const std::string& name) const {
  return {"10.0.0." + std::to_string(1 + api::NodeOrdinal("demo", name).value()), api::kRedisPort};
}

topology::NodeReport ClusterBuilder::Report(const std::string& name) {
  topology::NodeReport report;
  const TestNode& reporter = nodes_.at(name);
  report.asked = AddressOf(name);
  if (!reporter.answers) {
    report.error = "no answer";
    return report;
  }
  std::vector<topology::NodeLine> lines;
  for (const auto& [other, node] : nodes_) {
    if (other != name && (!reporter.known || !node.known)) continue;
    topology::NodeLine line;
    line.id = IdOf(other);
    line.address = AddressOf(node.linked && !node.named.empty() ? node.named : other);
    if (node.hostname) line.hostname = node.named.empty() ? other : node.named;
    line.myself = other == name;
    const std::string& master = line.myself ? node.master : node.named_master.value_or(node.master);
    line.master = master.empty();
    line.replica = !line.master;
    line.master_id = master.empty() || master == "-" ? "" : IdOf(master);
    line.config_epoch = node.epoch;
    line.link_connected = line.myself || node.linked || (node.pod && node.answers);
    if (node.moved && !line.myself) {
      line.address.host = "10.9.9.9";
      line.link_connected = line.pfail = node.suspected;
    }
    line.slots = line.myself || node.named_slots.empty() ? node.slots : node.named_slots;
    if (line.myself) {
      for (const auto& [slot, peer] : node.migrating) line.migrating[slot] = IdOf(peer);
      for (const auto& [slot, peer] : node.importing) line.importing[slot] = IdOf(peer);
    }
    lines.push_back(line);
    if (!node.being_met || line.myself) continue;
    topology::NodeLine handshake;
    handshake.id = IdOf("handshake-with-" + other);
    handshake.address = AddressOf(other);
    handshake.handshake = true;
    lines.push_back(handshake);
  }
  report.nodes = std::move(lines);
  report.keys = reporter.keys;
  report.info["run_id"] = reporter.run_id;
  report.info["used_memory"] = std::to_string(reporter.used_memory);
  report.cluster_info["cluster_state"] = reporter.serves ? "ok" : "fail";
  report.replication.master = reporter.master.empty();
  report.replication.replication_id = reporter.master.empty() ? IdOf(name) : IdOf(reporter.master);
  report.replication.offset = reporter.offset;
  report.replication.link_up = reporter.link_up;
  report.replication.sync_in_progress = reporter.copying;
  if (!reporter.master.empty()) report.replication.master_address = AddressOf(reporter.master);
  return report;
}

World ClusterBuilder::Build(int target_shards) {
  Observation seen;
  seen.cluster = &cluster_;
  seen.image = "image";
  seen.target_shards = target_shards;
  seen.creation_refused = refused_;
  seen.may_create = refused_.empty();
  seen.resize_refused = resize_refused_;
  seen.now_ms = 1'700'000'000'000;
  for (const std::string& name : orphans_) seen.claims[name].orphan = true;
  for (const auto& [name, node] : nodes_) {
    if (node.claim) {
      seen.claims[name] = node.volume;
      seen.claims[name].shard = node.shard;
    }
    if (!node.pod) continue;
    PodFact pod;
    pod.name = name;
    pod.uid = "uid-" + name;
    pod.ip = AddressOf(name).host;
    pod.shard = node.shard;
    pod.node_id = node.answers ? "" : IdOf(name);
    pod.terminating = node.terminating;
    pod.finished = node.finished;
    pod.cordoned = node.cordoned;
    pod.zone = node.zone;
    pod.fenced = node.fenced;
    pod.take_over = node.take_over;
    pod.resources = node.resources;
    pod.resize_to = node.resize_to;
    pod.resized = node.resized;
    pod.resize_problem = node.resize_problem;
    pod.placed = node.placed;
    pod.problem = node.problem;
    pod.created_ms = pod.started_ms = seen.now_ms - node.age_ms;
    pod.restarts = node.restarts;
    if (node.out_of_reach_for_ms > 0) pod.out_of_reach_ms = seen.now_ms - node.out_of_reach_for_ms;
    pod.template_hash = node.template_hash.empty() ? resources::TemplateHash(cluster_) : node.template_hash;
    pod.settings = node.settings;
    if (pod.settings == NodeSettings()) pod.settings = {node.run_id, resources::Settings(cluster_.spec), "", {}, ""};
    seen.pods.push_back(pod);
    seen.reports.push_back(Report(name));
  }
  return BuildWorld(std::move(seen));
}

}  // namespace windlass::reconcile
