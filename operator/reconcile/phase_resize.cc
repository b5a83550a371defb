// More CPU or memory without a restart: the pod is asked to become what the spec says,
// and noted to be of that template when Kubernetes has done so. maxmemory follows then,
// as a setting. Where the API server cannot, the pod is rolled like any other.
#include "operator/reconcile/phases.h"
#include "operator/resources/builders.h"

namespace windlass::reconcile {

std::optional<Step> ResizeInPlace(const World& world) {
  if (world.spec().update.mode != api::Update::Mode::kRolling) return std::nullopt;
  const std::string wanted = resources::ResourcesText(world.spec().resources);
  ResizePods step;
  const Member* waited_for = nullptr;
  for (const Member& member : world.members) {
    if (!member.running() || !member.resizable || member.fenced()) continue;
    if (member.pod->resize_to != wanted) {
      step.ask.push_back(RefOf(member));
    } else if (member.pod->resized) {
      step.confirm.push_back(RefOf(member));
    } else {
      waited_for = &member;
    }
  }
  if (!step.ask.empty() || !step.confirm.empty()) return step;
  if (waited_for != nullptr) return Wait{"waiting for Kubernetes to resize " + waited_for->name};
  return std::nullopt;
}

}  // namespace windlass::reconcile
