// See quiet.h.
#include "operator/reconcile/quiet.h"

#include <algorithm>

namespace windlass::reconcile {
namespace {

constexpr int64_t kIdleLeastMs = 1000;
constexpr int64_t kIdleMostMs = 30000;
constexpr int64_t kIdleShare = 4;
constexpr int64_t kBusyLeastMs = 200;
constexpr int64_t kBusyMostMs = 2000;
constexpr int64_t kBusyShare = 20;

}  // namespace

void Quiet::Begin(int64_t now_ms) {
  if (due_ms_ == 0 || now_ms < due_ms_) since_ms_ = now_ms;
}

std::chrono::milliseconds Quiet::After(int64_t now_ms, int64_t least_ms, int64_t most_ms, int64_t share) {
  const int64_t wait_ms = std::clamp((now_ms - since_ms_) / share, least_ms, most_ms);
  due_ms_ = now_ms + wait_ms;
  return std::chrono::milliseconds(wait_ms);
}

std::chrono::milliseconds Quiet::UntilIdleLook(int64_t now_ms) { return After(now_ms, kIdleLeastMs, kIdleMostMs, kIdleShare); }

std::chrono::milliseconds Quiet::UntilBusyLook(int64_t now_ms) { return After(now_ms, kBusyLeastMs, kBusyMostMs, kBusyShare); }

}  // namespace windlass::reconcile
