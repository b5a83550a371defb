// See atomic_mover.h.
#include "operator/redis/atomic_mover.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "operator/base/text.h"
#include "operator/redis/parse.h"

namespace windlass::redis {
namespace {

// One job moves at most so many: what is lost when one fails, and how fine progress is.
constexpr int kSlotsPerJob = 2048;
constexpr int kMaxFailures = 3;
constexpr std::chrono::milliseconds kBetweenLooks{10};
constexpr std::chrono::seconds kLongestDisagreement{15};

slot::SlotSet ParseRanges(const std::string& text) {
  slot::SlotSet slots;
  for (const std::string& range : base::SplitNonEmpty(text, ' ')) {
    const size_t dash = range.find('-');
    const auto first = base::ParseInt(range.substr(0, dash));
    const auto last = dash == std::string::npos ? first : base::ParseInt(range.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last >= slot::kSlotCount) continue;
    slots.Add(slot::SlotRange{static_cast<slot::SlotId>(*first), static_cast<slot::SlotId>(*last)});
  }
  return slots;
}

slot::SlotSet OwnSlots(RedisAdmin& node) {
  slot::SlotSet slots;
  const auto lines = ParseClusterNodes(node.Require({"CLUSTER", "NODES"}).text);
  if (!lines) throw RefusedFailure(topology::ToString(node.address()) + ": " + lines.error(), lines.error());
  for (const topology::NodeLine& line : *lines) {
    if (!line.myself) continue;
    for (const slot::SlotRange& range : line.slots) slots.Add(range);
  }
  return slots;
}

}  // namespace

std::vector<SlotExport> ParseSlotExports(const Reply& reply) {
  std::vector<SlotExport> exports;
  for (const Reply& fields : reply.elements) {
    SlotExport found;
    bool is_export = false;
    for (size_t i = 0; i + 1 < fields.elements.size(); i += 2) {
      const std::string& name = fields.elements[i].text;
      const std::string& value = fields.elements[i + 1].text;
      if (name == "operation") is_export = value == "EXPORT";
      if (name == "name") found.name = value;
      if (name == "target_node") found.target_id = value;
      if (name == "state") found.state = value;
      if (name == "message") found.message = value;
      if (name == "slot_ranges") found.slots = ParseRanges(value);
    }
    if (is_export) exports.push_back(std::move(found));
  }
  return exports;
}

AtomicMover::AtomicMover(NodePool& pool, MoverNode source, MoverNode target, std::vector<slot::SlotId> slots)
    : pool_(pool), source_(std::move(source)), target_(std::move(target)) {
  for (const slot::SlotId slot : slots) left_.Add(slot);
  progress_.slots_total = left_.size();
}

bool AtomicMover::Step(int64_t max_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(max_ms);
  while (!progress_.finished()) {
    const std::vector<SlotExport> exports =
        ParseSlotExports(pool_.At(source_.address).Require({"CLUSTER", "GETSLOTMIGRATIONS"}));
    if (const SlotExport* job = Running(exports)) {
      watched_ = job->name;
    } else {
      JudgeEnded(exports);
      ReadLeft();
      if (!at_source_.empty()) Order();
    }
    if (progress_.finished() || std::chrono::steady_clock::now() >= end) break;
    std::this_thread::sleep_for(kBetweenLooks);
  }
  return progress_.finished();
}

const SlotExport* AtomicMover::Running(const std::vector<SlotExport>& exports) const {
  for (const SlotExport& job : exports) {
    if (job.over() || !job.slots.Intersects(left_)) continue;
    if (job.target_id == target_.id) return &job;
    throw RefusedFailure(topology::ToString(source_.address) + ": slots of this move are on their way to " + job.target_id,
                         "another migration");
  }
  return nullptr;
}

void AtomicMover::JudgeEnded(const std::vector<SlotExport>& exports) {
  if (watched_.empty()) return;
  const auto job = std::find_if(exports.begin(), exports.end(), [this](const SlotExport& e) { return e.name == watched_; });
  watched_.clear();
  // Not told of: the source has failed over or was restarted. What is left will show.
  if (job == exports.end()) return;
  if (job->succeeded()) {
    failures_ = 0;
    progress_.keys_moved += job_keys_;
    return;
  }
  if (++failures_ < kMaxFailures) return;
  failures_ = 0;
  throw RefusedFailure(topology::ToString(source_.address) + ": its slot migration to " +
                           topology::ToString(target_.address) + " ended as " + job->state + ": " + job->message,
                       job->message);
}

void AtomicMover::ReadLeft() {
  left_ -= OwnSlots(pool_.At(target_.address));
  progress_.slots_done = progress_.slots_total - static_cast<int>(left_.size());
  slot::SlotSet elsewhere = left_;
  if (!left_.empty()) elsewhere -= OwnSlots(pool_.At(source_.address));
  at_source_ = left_;
  at_source_ -= elsewhere;
  const auto now = std::chrono::steady_clock::now();
  if (elsewhere.empty()) ownerless_since_ = now;
  // For a moment neither may claim a slot: one says so before the other hears of it.
  if (now - ownerless_since_ < kLongestDisagreement) return;
  throw RefusedFailure("slot " + std::to_string(elsewhere.Next(0)) + " is neither " + topology::ToString(source_.address) +
                           "'s nor " + topology::ToString(target_.address) + "'s",
                       "another owner");
}

void AtomicMover::Order() {
  // A target that joined a moment ago would refuse every client that is sent to it.
  if (pool_.At(target_.address).Require({"CLUSTER", "INFO"}).text.find("cluster_state:ok") == std::string::npos) {
    throw RefusedFailure(topology::ToString(target_.address) + ": it says that the cluster is down and cannot take slots",
                         "CLUSTERDOWN");
  }
  slot::SlotSet slots;
  std::vector<Command> counts;
  for (int s = at_source_.Next(0); s >= 0 && static_cast<int>(counts.size()) < kSlotsPerJob; s = at_source_.Next(s + 1)) {
    slots.Add(static_cast<slot::SlotId>(s));
    counts.push_back({"CLUSTER", "COUNTKEYSINSLOT", std::to_string(s)});
  }
  RedisAdmin& source = pool_.At(source_.address);
  job_keys_ = 0;
  for (const Reply& count : source.Pipeline(counts)) job_keys_ += count.integer;
  Command order{"CLUSTER", "MIGRATESLOTS", "SLOTSRANGE"};
  for (const slot::SlotRange& range : slots.Ranges()) {
    order.push_back(std::to_string(range.first));
    order.push_back(std::to_string(range.last));
  }
  order.push_back("NODE");
  order.push_back(target_.id);
  source.Require(order);
  // Its name is needed before it can be over: a small job takes no time.
  for (const SlotExport& job : ParseSlotExports(source.Require({"CLUSTER", "GETSLOTMIGRATIONS"}))) {
    if (job.target_id != target_.id || !job.slots.Intersects(slots)) continue;
    watched_ = job.name;
    break;
  }
}

}  // namespace windlass::redis
