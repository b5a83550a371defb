// Conditions: one of each type, with the time its status last changed.
#include "operator/api/redis_cluster.h"

namespace windlass::api {

bool SetCondition(Status* status, Condition condition, const std::string& now) {
  for (Condition& existing : status->conditions) {
    if (existing.type != condition.type) continue;
    const bool changed = existing.status != condition.status;
    condition.last_transition_time = changed || existing.last_transition_time.empty() ? now : existing.last_transition_time;
    existing = std::move(condition);
    return changed;
  }
  condition.last_transition_time = now;
  status->conditions.push_back(std::move(condition));
  return true;
}

const Condition* FindCondition(const Status& status, const std::string& type) {
  for (const Condition& condition : status.conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

}  // namespace windlass::api
