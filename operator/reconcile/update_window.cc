// See update_window.h.
#include "operator/reconcile/update_window.h"

#include "operator/base/cron.h"
#include "operator/base/time_zone.h"

namespace windlass::reconcile {
namespace {

constexpr int64_t kDayS = 86400;
constexpr int64_t kFarthestS = 4096 * kDayS;  // beyond the eight years between some leap days

// The first time after `now_s`. What is asked of cron is the last one of a stretch: so
// the stretch is widened until there is one, and then narrowed to its first.
int64_t NextAfter(const base::Cron& cron, const base::TimeZone& zone, int64_t now_s) {
  const auto any = [&](int64_t within_s) { return cron.Latest(zone, now_s + within_s, within_s).has_value(); };
  int64_t most = kDayS;
  while (!any(most)) {
    if (most >= kFarthestS) return 0;
    most *= 2;
  }
  int64_t least = 0;
  while (most - least > 1) {
    const int64_t middle = least + (most - least) / 2;
    (any(middle) ? most : least) = middle;
  }
  return now_s + most;
}

}  // namespace

WindowState WindowAt(const api::UpdateWindow& window, int64_t now_ms) {
  const auto cron = base::Cron::Parse(window.cron);
  const base::TimeZone* zone = base::FindTimeZone(window.time_zone);
  if (!cron || zone == nullptr) return {false, 0};
  const int64_t now_s = now_ms / 1000;
  if (cron->Latest(*zone, now_s, window.duration_seconds)) return {};
  return {false, NextAfter(*cron, *zone, now_s) * 1000};
}

}  // namespace windlass::reconcile
