// CONFIG SET at running nodes.
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/reconcile/execute.h"
#include "operator/reconcile/passwords.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

// A directive that is only read at the start, as Redis says it.
bool OnlyAtStart(const redis::Reply& reply) {
  return reply.text.find("can't set immutable config") != std::string::npos ||
         reply.text.find("can't set protected config") != std::string::npos;
}

// The cluster's name keeps it apart from others on the bus (docs/node.md), and is the same
// after it was deleted and made anew on its claims. A server that is not ours has no such thing.
std::string NameCluster(const World& world, redis::RedisAdmin& node) {
  const api::Metadata& metadata = world.cluster->metadata;
  const redis::Reply reply = node.Call({"CONFIG", "SET", "windlass-cluster-id", metadata.name_space + "/" + metadata.name});
  const bool not_ours = reply.text.find("Unknown option") != std::string::npos;
  return reply.error() && !not_ours ? "windlass-cluster-id: " + reply.text : std::string();
}

}  // namespace

void Executor::TellPasswords(const TellSettings& step) {
  for (const auto& commands : {AcceptCommands(admin_), UseCommands(admin_)}) {
    for (const TellSettings::Node& node : step.nodes) {
      if (!node.tell_passwords) continue;
      RequireLease(context_, kStepTime);
      for (const redis::Command& command : commands) pool_.At(node.node.address).Require(command);
    }
  }
}

void Executor::Do(const World& world, const TellSettings& step) {
  TellPasswords(step);
  std::string names, directives;
  for (const TellSettings::Node& node : step.nodes) {
    RequireLease(context_, kStepTime);
    NodeSettings result = node.result;
    std::vector<redis::Command> commands;
    for (const auto& [name, value] : node.changes) commands.push_back({"CONFIG", "SET", name, value});
    const auto replies = commands.empty() ? std::vector<redis::Reply>() : pool_.At(node.node.address).Pipeline(commands);
    std::string told;
    for (size_t i = 0; i < replies.size(); ++i) {
      const std::string& name = node.changes[i].first;
      if (!replies[i].error()) {
        told += (told.empty() ? "" : ", ") + name;
        result.restart_for.erase(name);
      } else if (!OnlyAtStart(replies[i])) {
        result.refused += (result.refused.empty() ? "" : "; ") + name + ": " + replies[i].text;
      } else if (!node.first_telling) {
        result.restart_for.insert(name);
      }
    }
    if (node.first_telling) {
      const std::string refused = NameCluster(world, pool_.At(node.node.address));
      if (!refused.empty()) result.refused += (result.refused.empty() ? "" : "; ") + refused;
    }
    const Json patch = {{"metadata", {{"annotations", {{api::kAnnotationSettings, ToText(result)}}}}}};
    try {
      context_.caches.pods.Observe(context_.client.MergePatch(kube::kPods, world.cluster->metadata.name_space, node.node.name, patch));
    } catch (const kube::KubeError& error) {
      if (!error.not_found()) throw;
      continue;
    }
    if (!result.refused.empty()) Event(world, kube::EventType::kWarning, "SettingRefused", node.node.name + " refused " + result.refused);
    if (node.first_telling || told.empty()) continue;
    names += (names.empty() ? "" : ", ") + node.node.name;
    directives = told;
  }
  if (!names.empty()) Event(world, kube::EventType::kNormal, "SettingsChanged", "set " + directives + " at " + names);
}

}  // namespace windlass::reconcile
