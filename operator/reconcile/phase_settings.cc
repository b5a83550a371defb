// Running nodes are told what has changed in the spec.
#include "operator/api/directives.h"
#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

constexpr char kNoFailover[] = "cluster-replica-no-failover";
constexpr char kMaxmemory[] = "maxmemory";

// What this node is to be told. A pod of another template may have another
// memory limit, and maxmemory is a share of that: it changes with the pod.
SettingMap SettingsFor(const World& world, const Member& member) {
  SettingMap settings = world.settings;
  const PodFact& pod = *member.pod;
  if (pod.fenced) settings[kNoFailover] = "yes";
  if (pod.template_hash.empty() || pod.template_hash == world.template_hash) return settings;
  const auto before = pod.settings.told.find(kMaxmemory);
  if (before == pod.settings.told.end()) {
    settings.erase(kMaxmemory);
  } else {
    settings[kMaxmemory] = before->second;
  }
  return settings;
}

// Directives that the spec no longer has go back to their default, if that is known.
void AddRemoved(const NodeSettings& before, TellSettings::Node* node) {
  node->result.restart_for = before.restart_for;
  for (const auto& [name, value] : before.told) {
    if (node->result.told.count(name) != 0) continue;
    if (const auto initial = api::DirectiveDefault(name)) {
      node->changes.emplace_back(name, *initial);
    } else {
      node->result.restart_for.insert(name);
    }
  }
}

}  // namespace

std::optional<Step> ApplySettings(const World& world) {
  TellSettings step;
  for (const Member& member : world.members) {
    if (!member.running() || !member.answers || member.loading || member.run_id.empty()) continue;
    const NodeSettings& before = member.pod->settings;
    TellSettings::Node node;
    node.node = RefOf(member);
    node.result.run_id = member.run_id;
    node.result.told = SettingsFor(world, member);
    node.result.passwords = world.passwords;
    const bool same_start = before.run_id == member.run_id;
    node.tell_passwords = !same_start || before.passwords != world.passwords;
    if (same_start && !node.tell_passwords && before.told == node.result.told) continue;
    for (const auto& [name, value] : node.result.told) {
      const auto known = before.told.find(name);
      if (!same_start || known == before.told.end() || known->second != value) node.changes.emplace_back(name, value);
    }
    if (same_start) AddRemoved(before, &node);
    node.first_telling = !same_start;
    step.nodes.push_back(std::move(node));
  }
  if (step.nodes.empty()) return std::nullopt;
  return step;
}

}  // namespace windlass::reconcile
