// Holding back and releasing effects.
#include "node/cluster/outbox.h"

#include <algorithm>

namespace windlass::cluster {

namespace {
// Effects that say nothing to anybody and change no role: never held.
bool Harmless(const Effect& effect) {
  return std::holds_alternative<Log>(effect) || std::holds_alternative<Connect>(effect) ||
         std::holds_alternative<Disconnect>(effect) || std::holds_alternative<StateChanged>(effect);
}
}  // namespace

Effects Outbox::EndTurn(const std::string* content, bool critical) {
  Effects out;
  last_turn_ticket_ = 0;
  if (content != nullptr) {
    const uint64_t ticket = next_ticket_++;
    last_turn_ticket_ = ticket;
    // A later content holds all that an earlier one held, so its answer counts
    // for both; if the earlier was critical the later one must be too.
    if (critical || critical_ticket_ != 0) critical_ticket_ = ticket;
    out.push_back(Persist{ticket, *content, critical_ticket_ != 0});
  }
  if (critical_ticket_ == 0) {
    if (out.empty()) {
      out.swap(turn_);
    } else {
      std::move(turn_.begin(), turn_.end(), std::back_inserter(out));
    }
  } else {
    for (Effect& effect : turn_) (Harmless(effect) ? out : held_).push_back(std::move(effect));
  }
  turn_.clear();
  return out;
}

bool Outbox::Answered(uint64_t ticket, bool ok) {
  const bool newest = ticket + 1 == next_ticket_;
  if (!ok) {
    held_.erase(std::remove_if(held_.begin(), held_.end(),
                               [](const Effect& e) { return std::holds_alternative<Send>(e); }),
                held_.end());
    return !newest;
  }
  if (critical_ticket_ != 0 && ticket >= critical_ticket_) {
    critical_ticket_ = 0;
    // In order: what was held comes before what this turn adds.
    held_.insert(held_.end(), std::make_move_iterator(turn_.begin()),
                 std::make_move_iterator(turn_.end()));
    turn_.swap(held_);
    held_.clear();
  }
  return true;
}

}  // namespace windlass::cluster
