// Dispatch, and slots on the move.
#include "operator/reconcile/execute.h"

#include <algorithm>
#include <thread>

#include "operator/api/names.h"
#include "operator/api/quantity.h"
#include "operator/base/log.h"
#include "operator/redis/pair_mover.h"

namespace windlass::reconcile {
namespace {

// Bounds of one step: well within the Lease's margin, and short enough that a
// spec that changes meanwhile is seen soon.
constexpr int64_t kMoveMs = 1200;
constexpr int kSlotsAtOnce = 2048;
constexpr std::chrono::milliseconds kMoveLease{2500};
// How long one key may stand still at MIGRATE.
constexpr int64_t kMigrateTimeoutMs = 5000;

redis::MoverNode ToMover(const NodeRef& node) { return {node.id, node.address}; }

// What one pair came to, on a thread of its own.
struct PairResult {
  int slots = 0;
  int64_t keys = 0;
  std::string way;    // and why
  std::string error;
};

// What a slot costs to move: what it holds where that is known, else what its node uses for
// each of its slots on an average.
double BytesOf(const World& world, const NodeRef& node, slot::SlotId slot) {
  const bool weighed = world.spec().rebalance.by == api::Rebalance::By::kBytes && !world.slot_weights.empty();
  if (weighed) return world.slot_weights[slot];
  const Member* member = world.FindId(node.id);
  if (member == nullptr || member->slots == 0) return 0;
  return static_cast<double>(member->used_memory.value_or(0)) / member->slots;
}

// How many slots a pair may move at once: with a limit of bytes, what a step's share of it holds.
size_t SlotsOfAStep(const World& world, const MoveSlots& step, const PairMove& pair) {
  const size_t most = std::min(pair.slots.size(), static_cast<size_t>(kSlotsAtOnce));
  const auto limit = api::ParseQuantity(world.spec().rebalance.max_bytes_per_second);
  if (!limit) return most;
  double left = static_cast<double>(*limit) * kMoveMs / 1000 / static_cast<double>(step.pairs.size());
  size_t count = 0;
  while (count < most && (count == 0 || left > 0)) left -= BytesOf(world, pair.from, pair.slots[count++]);
  return count;
}

PairResult MovePair(const World& world, const MoveSlots& step, const PairMove& pair, const redis::AdminOptions& admin) {
  PairResult result;
  std::vector<redis::MoverNode> others;
  for (const NodeRef& node : step.masters) {
    if (node.id != pair.from.id && node.id != pair.to.id) others.push_back(ToMover(node));
  }
  auto slots = pair.slots;
  slots.resize(SlotsOfAStep(world, step, pair));
  redis::SlotMoverOptions options;
  options.migrate_timeout_ms = kMigrateTimeoutMs;
  // A key at both ends is left by a MIGRATE whose answer was lost: the source
  // still owns the slot, so what it holds is what clients have seen.
  options.replace = true;
  try {
    redis::NodePool pool(admin);
    redis::PairMover mover(pool, world.view, ToMover(pair.from), ToMover(pair.to), std::move(others), slots, options);
    mover.Step(kSlotsAtOnce, kMoveMs);
    result.way = mover.WayText();
    result.slots = mover.progress().slots_done;
    result.keys = mover.progress().keys_moved;
  } catch (const std::exception& error) {
    result.error = pair.from.name + " to " + pair.to.name + ": " + error.what();
  }
  return result;
}

}  // namespace

void Executor::Event(const World& world, kube::EventType type, const std::string& reason, const std::string& message) {
  const api::Metadata& metadata = world.cluster->metadata;
  context_.events.Record({api::kGroupVersion, "RedisCluster", metadata.name_space, metadata.name, metadata.uid}, type,
                         reason, message);
}

StepResult Executor::Move(const World& world, const MoveSlots& step) {
  RequireLease(context_, kMoveLease);
  std::vector<PairResult> results(step.pairs.size());
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < step.pairs.size(); ++i) {
      threads.emplace_back([&, i] { results[i] = MovePair(world, step, step.pairs[i], admin_); });
    }
  }
  StepResult done;
  done.operation = world.operation();
  done.acted = true;
  int moved = 0;
  for (size_t i = 0; i < results.size(); ++i) {
    const PairResult& result = results[i];
    moved += result.slots;
    double bytes = 0;
    for (int slot = 0; slot < result.slots; ++slot) bytes += BytesOf(world, step.pairs[i].from, step.pairs[i].slots[static_cast<size_t>(slot)]);
    done.bytes_moved += static_cast<int64_t>(bytes);
    base::Log(base::LogLevel::kInfo, step.pairs[i].from.name + " to " + step.pairs[i].to.name + ": " +
                                         std::to_string(result.slots) + " slots moved, " + result.way,
              {{"cluster", world.cluster->key()}});
    if (result.error.empty()) continue;
    done.acted = false;
    done.operation->last_error = result.error;
    ++done.operation->attempts;
    Event(world, kube::EventType::kWarning, "SlotMoveFailed", result.error);
  }
  const int left = std::max(0, step.slots_left - moved);
  done.operation->progress_percent = step.slots_total == 0 ? 100 : 100 * (step.slots_total - left) / step.slots_total;
  done.operation->step = "moving slots: " + std::to_string(step.slots_total - left) + " of " + std::to_string(step.slots_total);
  return done;
}

StepResult Executor::Do(const World& world, const Step& step) {
  StepResult result;
  result.operation = world.operation();
  if (const auto* wait = std::get_if<Wait>(&step)) {
    base::Log(base::LogLevel::kDebug, wait->why, {{"cluster", world.cluster->key()}});
    if (result.operation) result.operation->step = wait->why;
    return result;
  }
  result.acted = true;
  if (const auto* record = std::get_if<RecordOperation>(&step)) {
    result.operation = record->operation;
    return result;
  }
  if (const auto* finish = std::get_if<FinishOperation>(&step)) {
    if (!finish->event_reason.empty()) Event(world, kube::EventType::kNormal, finish->event_reason, finish->message);
    result.operation.reset();
    result.formed = finish->formed;
    return result;
  }
  if (const auto* move = std::get_if<MoveSlots>(&step)) return Move(world, *move);
  if (const auto* s = std::get_if<CreateNodes>(&step)) result.refused = Do(world, *s);
  if (const auto* s = std::get_if<DeletePods>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<Meet>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<SetEpochs>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<AssignSlots>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<Replicate>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<Forget>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<ClearMarks>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<TellSettings>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<FailOver>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<RemoveNodes>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<TakeOver>(&step)) Do(world, *s);
  if (const auto* s = std::get_if<ResizePods>(&step)) result.resize_refused = Do(world, *s);
  if (const auto* s = std::get_if<GrowClaims>(&step)) result.growth_refused = Do(world, *s);
  return result;
}

}  // namespace windlass::reconcile
