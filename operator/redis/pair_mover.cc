// See pair_mover.h.
#include "operator/redis/pair_mover.h"

#include <utility>

namespace windlass::redis {
namespace {

// A refusal that shows that the way is closed, whatever INFO said.
bool ProvesImpossible(const std::string& reply) {
  return reply.find("does not know atomic slot migration") != std::string::npos ||
         reply.find("speaks another form of slot migration") != std::string::npos ||
         reply.find("unknown subcommand") != std::string::npos;
}

}  // namespace

topology::MoveWay WayOf(const topology::ClusterView& view, const std::string& from_id, const std::string& to_id,
                        const SlotMoverOptions& options) {
  if (options.pipeline > 0) return {false, std::to_string(options.pipeline) + " keys per MIGRATE were asked for"};
  return topology::ChooseWay(view, from_id, to_id);
}

PairMover::PairMover(NodePool& pool, const topology::ClusterView& view, MoverNode source, MoverNode target,
                     std::vector<MoverNode> others, const std::vector<slot::SlotId>& slots, SlotMoverOptions options)
    : pool_(pool), source_(std::move(source)), target_(std::move(target)), others_(std::move(others)), options_(options) {
  way_ = WayOf(view, source_.id, target_.id, options_);
  const topology::Node* from = view.Find(source_.id);
  const topology::Node* to = view.Find(target_.id);
  std::vector<slot::SlotId> classic;
  for (const slot::SlotId slot : slots) {
    const bool half_moved = (from != nullptr && from->migrating.count(slot) != 0) ||
                            (to != nullptr && to->importing.count(slot) != 0);
    (way_.atomic && !half_moved ? whole_ : classic).push_back(slot);
  }
  if (!classic.empty()) classic_.emplace(MakeClassic(std::move(classic)));
  if (!whole_.empty()) atomic_.emplace(pool_, source_, target_, whole_);
}

SlotMover PairMover::MakeClassic(std::vector<slot::SlotId> slots) {
  SlotMover mover(pool_, source_, target_, others_, std::move(slots), options_);
  mover.on_slot_start = [this](slot::SlotId slot) {
    if (on_slot_start) on_slot_start(slot);
  };
  return mover;
}

bool PairMover::Step(int max_slots, int64_t max_ms) {
  if (classic_ && !classic_->progress().finished()) {
    if (!classic_->Step(max_slots, max_ms)) return false;
    return !atomic_ || atomic_->progress().finished();
  }
  if (!atomic_) return true;
  try {
    return atomic_->Step(max_ms);
  } catch (const RefusedFailure& refused) {
    if (!ProvesImpossible(refused.reply_text())) throw;
    FallBack(refused.reply_text());
    return false;
  }
}

// Slots that have gone already are only passed over by the classic mover.
void PairMover::FallBack(const std::string& why) {
  way_ = {false, why};
  atomic_.reset();
  classic_.emplace(MakeClassic(std::exchange(whole_, {})));
}

SlotMover::Progress PairMover::progress() const {
  SlotMover::Progress sum;
  const auto add = [&sum](const SlotMover::Progress& one) {
    sum.slots_done += one.slots_done;
    sum.slots_total += one.slots_total;
    sum.keys_moved += one.keys_moved;
  };
  if (classic_) add(classic_->progress());
  if (atomic_) add(atomic_->progress());
  return sum;
}

}  // namespace windlass::redis
