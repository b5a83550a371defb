// Claims grow with the spec. They never shrink, and keep their class: what cannot be
// made so is told.
#include "operator/api/quantity.h"
#include "operator/reconcile/phases.h"

namespace windlass::reconcile {

std::optional<Step> GrowVolumes(const World& world) {
  if (!world.spec().storage || !world.may_grow) return std::nullopt;
  const int64_t wanted = api::ParseQuantity(world.spec().storage->size).value_or(0);
  GrowClaims step;
  step.size = world.spec().storage->size;
  for (const Member& member : world.members) {
    if (member.claim && member.volume.bytes > 0 && member.volume.bytes < wanted) step.names.push_back(member.name);
  }
  if (step.names.empty()) return std::nullopt;
  return step;
}

std::string VolumeDrift(const World& world) {
  for (const Member& member : world.members) {
    if (member.claim && !member.volume.problem.empty()) return member.name + ": " + member.volume.problem;
  }
  if (!world.spec().storage) {
    for (const Member& member : world.members) {
      if (member.claim) return "spec.storage: (unset), but " + member.name + " has a claim; give spec.storage again, or delete the claim";
    }
    return "";
  }
  const api::Storage& storage = *world.spec().storage;
  const int64_t wanted = api::ParseQuantity(storage.size).value_or(0);
  const Member* largest = nullptr;
  for (const Member& member : world.members) {
    if (!member.claim) continue;
    if (!storage.class_name.empty() && member.volume.class_name != storage.class_name) {
      return "spec.storage.className: \"" + storage.class_name + "\" is not the class of " + member.name + "'s claim, \"" +
             member.volume.class_name + "\", and a claim keeps its class: set that";
    }
    if (member.volume.bytes > wanted && (largest == nullptr || member.volume.bytes > largest->volume.bytes)) largest = &member;
  }
  if (largest != nullptr) {
    return "spec.storage.size: " + storage.size + " is less than the " + largest->volume.size + " of " + largest->name +
           "'s claim, and volumes cannot shrink: set " + largest->volume.size + " or more";
  }
  return world.growth_refused;
}

}  // namespace windlass::reconcile
