// Steps on pods and claims.
#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/reconcile/execute.h"
#include "operator/reconcile/retire.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

// True if it was made; false if one of the name is there already.
bool CreateUnlessThere(const Context& context, const kube::Kind& kind, informer::Store* store,
                       const std::string& space, const Json& object) {
  try {
    store->Observe(context.client.Create(kind, space, object));
    return true;
  } catch (const kube::KubeError& error) {
    if (!error.already_exists()) throw;
    return false;
  }
}

void DeletePod(const Context& context, const std::string& space, const std::string& name, const std::string& uid) {
  kube::DeleteOptions options;
  options.uid = uid;
  context.client.Delete(kube::kPods, space, name, options);
}

// Takes the claim out of use before its pod goes: a pass that is cut short
// after this must not bring the node back.
void RetireClaim(const Context& context, const std::string& space, const RemoveNodes::Victim& victim) {
  const char* mark = victim.delete_claim ? kRetiredDelete : kRetiredRetain;
  const Json patch = {{"metadata", {{"labels", {{api::kLabelShard, nullptr}}}, {"annotations", {{kAnnotationRetired, mark}}}}}};
  try {
    context.caches.claims.Observe(context.client.MergePatch(kube::kClaims, space, victim.node.name, patch));
  } catch (const kube::KubeError& error) {
    if (!error.not_found()) throw;
  }
}

}  // namespace

std::string Executor::Do(const World& world, const CreateNodes& step) {
  const std::string& space = world.cluster->metadata.name_space;
  std::string names, refused;
  try {
    for (const resources::NodeIdentity& node : step.nodes) {
      RequireLease(context_, kStepTime);
      if (world.spec().storage) {
        CreateUnlessThere(context_, kube::kClaims, &context_.caches.claims, space, resources::BuildClaim(*world.cluster, node));
      }
      const Json pod = resources::BuildPod(*world.cluster, node, {world.image, context_.image_pull_policy});
      if (CreateUnlessThere(context_, kube::kPods, &context_.caches.pods, space, pod)) {
        names += (names.empty() ? "" : ", ") + node.name;
      }
    }
  } catch (const kube::KubeError& error) {
    // A quota, a limit range or a policy of the namespace: for a person to change.
    if (error.status() != 403) throw;
    refused = error.what();
  }
  if (!names.empty()) Event(world, kube::EventType::kNormal, "NodesCreated", "created " + names);
  if (!refused.empty() && refused != world.creation_refused) Event(world, kube::EventType::kWarning, "CreationRefused", refused);
  return refused;
}

void Executor::Do(const World& world, const DeletePods& step) {
  for (const auto& [name, uid] : step.pods) {
    RequireLease(context_, kStepTime);
    DeletePod(context_, world.cluster->metadata.name_space, name, uid);
    const std::string what = "deleted pod " + name + ": " + step.why;
    if (step.to_return) Event(world, kube::EventType::kNormal, "PodReplaced", what);
    if (!step.to_return) Event(world, kube::EventType::kNormal, "PodStopped", what);
  }
}

std::string Executor::Do(const World& world, const ResizePods& step) {
  const std::string& space = world.cluster->metadata.name_space;
  const std::string wanted = resources::ResourcesText(world.spec().resources);
  const auto note = [&](const std::string& name, const Json& annotations) {
    context_.caches.pods.Observe(context_.client.MergePatch(kube::kPods, space, name, {{"metadata", {{"annotations", annotations}}}}));
  };
  try {
    for (const NodeRef& node : step.ask) {
      RequireLease(context_, kStepTime);
      auto pod = context_.client.Get(kube::kPods, space, node.name);
      if (!pod || pod->at("metadata").value("uid", "") != world.FindMember(node.name)->pod->uid) continue;
      pod->at("spec").at("containers").at(0)["resources"] = resources::ResourcesJson(world.spec().resources);
      context_.client.Update(kube::kPods, space, *pod, "resize");
      note(node.name, {{api::kAnnotationResizeTo, wanted}});
    }
  } catch (const kube::KubeError& error) {
    // An API server without it, one that does not let us, or a change that it cannot make.
    if (error.status() != 400 && error.status() != 403 && error.status() != 404 && error.status() != 405 && error.status() != 422) throw;
    Event(world, kube::EventType::kNormal, "ResizeRefused", std::string("pods are not resized as they run, but rolled: ") + error.what());
    return error.what();
  }
  std::string names;
  for (const NodeRef& node : step.confirm) {
    RequireLease(context_, kStepTime);
    note(node.name, {{api::kAnnotationTemplate, world.template_hash}, {api::kAnnotationResources, wanted}, {api::kAnnotationResizeTo, nullptr}});
    names += (names.empty() ? "" : ", ") + node.name;
  }
  if (!names.empty()) Event(world, kube::EventType::kNormal, "NodesResized", "resized as they run: " + names);
  return "";
}

std::string Executor::Do(const World& world, const GrowClaims& step) {
  const Json patch = {{"spec", {{"resources", {{"requests", {{"storage", step.size}}}}}}}};
  std::string names, refused;
  for (const std::string& name : step.names) {
    RequireLease(context_, kStepTime);
    try {
      context_.caches.claims.Observe(context_.client.MergePatch(kube::kClaims, world.cluster->metadata.name_space, name, patch));
      names += (names.empty() ? "" : ", ") + name;
    } catch (const kube::KubeError& error) {
      // Its class does not allow it, or a quota: for a person to change.
      if (error.status() != 403 && error.status() != 422) throw;
      refused = "the claim " + name + " cannot grow to " + step.size + ": " + error.what();
    }
  }
  if (!names.empty()) Event(world, kube::EventType::kNormal, "VolumesGrow", "claims are to be " + step.size + " now: " + names);
  if (!refused.empty() && refused != world.growth_refused) Event(world, kube::EventType::kWarning, "GrowthRefused", refused);
  return refused;
}

void Executor::Do(const World& world, const RemoveNodes& step) {
  RequireLease(context_, kStepTime);
  const std::string& space = world.cluster->metadata.name_space;
  // Forgotten first, by everybody who stays, so that no client is sent to a
  // node that is about to go; the bus does not take it back for a minute.
  for (const RemoveNodes::Victim& victim : step.victims) {
    if (victim.node.id.empty()) continue;
    for (const NodeRef& survivor : step.survivors) {
      const redis::Reply reply = pool_.At(survivor.address).Call({"CLUSTER", "FORGET", victim.node.id});
      const bool unknown = reply.error() && reply.text.find("Unknown node") != std::string::npos;
      if (reply.error() && !unknown) {
        throw redis::RefusedFailure(survivor.name + " refused to forget " + victim.node.name + ": " + reply.text, reply.text);
      }
    }
  }
  for (const RemoveNodes::Victim& victim : step.victims) {
    RequireLease(context_, kStepTime);
    if (world.spec().storage) RetireClaim(context_, space, victim);
    if (!victim.pod_uid.empty()) DeletePod(context_, space, victim.node.name, victim.pod_uid);
    Event(world, kube::EventType::kNormal, "NodeRemoved", "removed " + victim.node.name + ": " + step.why);
  }
}

}  // namespace windlass::reconcile
