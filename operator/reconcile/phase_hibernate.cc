// No pod runs. Replicas go first: a master that ends while they are there would hand
// over to one of them, and each of them to the next.
#include "operator/reconcile/phases.h"

namespace windlass::reconcile {
namespace {

DeletePods Ending(const World& world, bool masters) {
  DeletePods step;
  step.why = "the cluster is put to sleep";
  step.to_return = false;
  for (const Member& member : world.members) {
    if (!member.pod || member.pod->terminating) continue;
    // By its own word where it answers, else by its label.
    const bool master = member.answers ? member.master && member.slots > 0 : member.pod->role == "master";
    if (master == masters) step.pods.emplace_back(member.pod->name, member.pod->uid);
  }
  return step;
}

}  // namespace

std::optional<Step> Hibernate(const World& world) {
  for (const Member& member : world.members) {
    if (member.running() && !member.claim) return Wait{member.name + " has no claim of its own: what it holds would be gone"};
  }
  for (const bool masters : {false, true}) {
    DeletePods step = Ending(world, masters);
    if (!step.pods.empty()) return step;
    for (const Member& member : world.members) {
      if (member.pod && member.pod->terminating) return Wait{member.name + " is ending"};
    }
  }
  return Wait{"spec.hibernated: no pod runs"};
}

}  // namespace windlass::reconcile
