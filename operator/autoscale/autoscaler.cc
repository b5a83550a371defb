// See autoscaler.h.
#include "operator/autoscale/autoscaler.h"

#include <algorithm>
#include <cstdio>

#include "operator/autoscale/schedule.h"
#include "operator/base/time.h"

namespace windlass::autoscale {
namespace {

// A shard is not taken away if the load, by its trend, needs it back within so many
// times the window that judged it to be low.
constexpr int kScaleInHorizons = 4;

bool Urgent(const Input& input, const History& history) {
  // A cache that evicts is always full, and well.
  if (history.samples().empty() || input.evicts) return false;
  for (const ShardLoad& load : history.samples().back().shards) {
    if (load.memory_percent.value_or(0) >= input.spec.scale_out.urgent_memory_percent) return true;
  }
  return false;
}

void Change(const Input& input, int desired, int cooldown_seconds, const std::string& message, api::AutoscalingStatus* status) {
  status->reason = desired > status->desired_shards ? "ScaleOut" : "ScaleIn";
  status->message = message + ": " + std::to_string(status->desired_shards) + " to " + std::to_string(desired) + " shards";
  status->desired_shards = desired;
  status->last_scale_time = base::Rfc3339(input.now_ms);
  status->cooldown_until = base::Rfc3339(input.now_ms + int64_t{cooldown_seconds} * 1000);
}

// What is asked for, and in which words.
struct Demand {
  int shards = 0;
  std::string message;
};

// Nothing if nothing asks for more shards than there are.
std::optional<Demand> DemandForMore(const Input& input, const History& history, bool urgent) {
  const api::ScaleOut& out = input.spec.scale_out;
  const auto measured = OverWindow(input, history, urgent ? 0 : out.stabilization_seconds, 1.0, true);
  Demand demand;
  if (measured) demand = {measured->shards, Describe(*measured)};
  // Urgent by one full shard, though the mean may be below its target.
  if (urgent) demand = {std::max(demand.shards, input.current_shards + 1), "a shard's memory is urgent"};
  if (demand.shards <= input.current_shards && out.predict_seconds > 0) {
    if (const auto expected = ByTrend(input, history, out.predict_seconds, out.predict_seconds, 1, 1.0)) {
      char when[64];
      std::snprintf(when, sizeof when, ", by its trend in %.0f seconds", expected->in_seconds);
      demand = {expected->recommendation.shards, Describe(expected->recommendation) + when};
    }
  }
  if (demand.shards <= input.current_shards) return std::nullopt;
  return demand;
}

std::string OfSchedule(const std::string& name) { return name.empty() ? "" : " by schedule " + name; }

// True if it decided on more shards, or that the limit forbids them.
bool TryScaleOut(const Input& input, const History& history, const Bounds& bounds, bool cooling, api::AutoscalingStatus* status) {
  const bool urgent = Urgent(input, history);
  if (cooling && !urgent) return false;
  const auto demand = DemandForMore(input, history, urgent);
  if (!demand) return false;
  const int desired = bounds.Clamp(std::min(demand->shards, input.current_shards + input.spec.scale_out.max_step));
  if (desired <= input.current_shards) {
    status->reason = "AtMaximum";
    status->message = demand->message + ", but maxShards is " + std::to_string(bounds.most) + OfSchedule(bounds.most_by);
    return true;
  }
  Change(input, desired, input.spec.scale_out.cooldown_seconds, demand->message, status);
  return true;
}

bool Hold(const std::string& why, api::AutoscalingStatus* status) {
  status->reason = "ScaleInHeld";
  status->message = why;
  return true;
}

// True if it decided on fewer shards, or that something other than the load forbids them.
bool TryScaleIn(const Input& input, const History& history, const Bounds& bounds, bool cooling, api::AutoscalingStatus* status) {
  const api::ScaleIn& in = input.spec.scale_in;
  if (!in.enabled || cooling) return false;
  const double share = 1.0 - in.headroom_percent / 100.0;
  const auto recommendation = OverWindow(input, history, in.stabilization_seconds, share, false);
  if (!recommendation || recommendation->shards >= input.current_shards) return false;
  int desired = bounds.Clamp(std::max(recommendation->shards, input.current_shards - in.max_step));
  if (desired >= input.current_shards) return false;
  const std::string fewer = "fewer shards would do, but ";
  if (const std::string unknown = UnknownInWindow(input, history); !unknown.empty()) {
    return Hold(fewer + unknown + " was not known all the time", status);
  }
  const Capacity capacity = ForWhatIsStored(input, history);
  if (!capacity.unknown.empty()) return Hold(fewer + capacity.unknown + " is not known", status);
  if (capacity.shards >= input.current_shards) {
    return Hold(fewer + "would not hold what is stored" +
                    (input.evicts ? "; with autoscaling.scaleIn.allowEviction they would evict it" : "; delete something, or give nodes more memory"), status);
  }
  desired = std::max(desired, capacity.shards);
  const int horizon = kScaleInHorizons * in.stabilization_seconds;
  const auto expected = ByTrend(input, history, in.stabilization_seconds, horizon, kScaleInHorizons, share);
  if (expected && expected->recommendation.shards >= input.current_shards) {
    return Hold(fewer + expected->recommendation.metric + " rises, and would soon need them back", status);
  }
  Change(input, desired, in.cooldown_seconds, Describe(*recommendation), status);
  return true;
}

// The bounds of the hour go before the load. True if they ask for another number than
// was decided, and that is all for now.
bool KeepWithin(const Input& input, const History& history, const Bounds& bounds, api::AutoscalingStatus* status) {
  const int within = bounds.Clamp(status->desired_shards);
  if (within == status->desired_shards) return false;
  const bool more = within > status->desired_shards;
  const std::string& by = more ? bounds.least_by : bounds.most_by;
  const std::string message = (more ? "minShards is " + std::to_string(bounds.least) : "maxShards is " + std::to_string(bounds.most)) + OfSchedule(by);
  int desired = within;
  if (!more) {
    // What is stored outweighs them: shards stay until it fits.
    if (!input.busy.empty()) return true;
    const Capacity capacity = ForWhatIsStored(input, history);
    desired = std::max(within, capacity.unknown.empty() ? capacity.shards : status->desired_shards);
    if (desired >= status->desired_shards) {
      return Hold(message + ", but fewer shards would not hold what is stored", status);
    }
  }
  Change(input, desired, more ? input.spec.scale_out.cooldown_seconds : input.spec.scale_in.cooldown_seconds, message, status);
  return true;
}

}  // namespace

api::AutoscalingStatus Decide(const Input& input, const History& history) {
  api::AutoscalingStatus status = input.status.value_or(api::AutoscalingStatus());
  const Bounds bounds = BoundsAt(input.spec, input.now_ms);
  if (!input.status || status.desired_shards == 0) {
    // New, or forgotten: what is there is the start, not a reason to move data.
    status.seen_spec_shards = input.spec_shards;
    status.desired_shards = WidestBounds(input.spec).Clamp(input.current_shards > 0 ? input.current_shards : input.spec_shards);
    status.reason = "Started";
    status.message = "starting from " + std::to_string(status.desired_shards) + " shards";
    return status;
  }
  if (status.seen_spec_shards != input.spec_shards) {
    status.seen_spec_shards = input.spec_shards;
    status.desired_shards = bounds.Clamp(input.spec_shards);
    status.reason = "SpecChanged";
    status.message = "spec.shards was changed to " + std::to_string(input.spec_shards);
    return status;
  }
  const bool recommend_only = input.spec.mode == api::Autoscaling::Mode::kRecommend;
  if (recommend_only) status.desired_shards = input.current_shards;
  if (KeepWithin(input, history, bounds, &status)) return status;
  if (!input.busy.empty()) return status;
  const bool cooling = base::ParseRfc3339(status.cooldown_until).value_or(0) > input.now_ms;
  if (TryScaleOut(input, history, bounds, cooling && !recommend_only, &status)) return status;
  if (const std::string hot = HotSlotSaid(input, history); !hot.empty()) {
    status.reason = "HotSlot";
    status.message = hot;
    return status;
  }
  if (TryScaleIn(input, history, bounds, cooling && !recommend_only, &status)) return status;
  status.reason = cooling ? "Cooldown" : "Steady";
  status.message.clear();
  return status;
}

int TargetShards(const api::RedisCluster& cluster) {
  const auto& scaling = cluster.spec.autoscaling;
  if (!scaling || scaling->mode != api::Autoscaling::Mode::kAuto) return cluster.spec.shards;
  const auto& status = cluster.status.autoscaling;
  if (!status || status->desired_shards == 0) {
    // Not decided yet. Formed, it stays as it is until it is.
    const int shards = cluster.status.target_shards > 0 ? cluster.status.target_shards : cluster.spec.shards;
    return WidestBounds(*scaling).Clamp(shards);
  }
  return WidestBounds(*scaling).Clamp(status->desired_shards);
}

}  // namespace windlass::autoscale
