// The effects of a turn, and the gate that keeps what must not be said or done
// before a critical Persist is on disk.
#pragma once

#include <utility>

#include "node/cluster/effects.h"

namespace windlass::cluster {

class Outbox {
 public:
  void Push(Effect effect) { turn_.push_back(std::move(effect)); }

  // Ends a turn. With `content`, a Persist goes out before the turn's effects.
  // What comes back is what may be done now.
  Effects EndTurn(const std::string* content, bool critical);
  // The ticket of the Persist that the last EndTurn gave out, or 0.
  uint64_t last_turn_ticket() const { return last_turn_ticket_; }

  // An answered ticket: releases or drops what it held. Returns false if it
  // failed and nothing newer is under way: the content must be given out again.
  bool Answered(uint64_t ticket, bool ok);
  bool holding() const { return critical_ticket_ != 0; }

 private:
  Effects turn_;
  Effects held_;
  uint64_t next_ticket_ = 1;
  uint64_t last_turn_ticket_ = 0;
  uint64_t critical_ticket_ = 0;  // the newest critical one not answered, or 0
};

}  // namespace windlass::cluster
