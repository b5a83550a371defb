// What is seen, as status says it. Pure.
#pragma once

#include <string>
#include <vector>

#include "operator/reconcile/execute.h"
#include "operator/reconcile/world.h"

namespace windlass::reconcile {

// The new status after a pass: the old one with what was seen and done.
api::Status Summarize(const World& world, const StepResult& result, const std::string& waiting_for);

// For an object that cannot be acted on: says why, and keeps what was known.
api::Status SummarizeInvalid(const api::RedisCluster& cluster, const std::string& why, int64_t now_ms);

// What an event is to say of the difference: trouble that came or went, and
// masters that are others than before.
struct Happening {
  bool warning = false;
  std::string reason;
  std::string message;
};
std::vector<Happening> Changes(const api::Status& before, const api::Status& after);

// Whether the difference must be written at once; if not, it is progress, and
// is written now and then.
bool WorthWritingNow(const api::Status& before, const api::Status& after);

}  // namespace windlass::reconcile
