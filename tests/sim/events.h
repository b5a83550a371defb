// The virtual clock: what happens when, in an order that a seed fixes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "node/cluster/inputs.h"

namespace windlass::sim {

struct Event {
  enum class Kind : uint8_t { kTick, kMessage, kConnected, kClosed, kPersisted, kAction };
  int64_t at_us = 0;
  uint64_t order = 0;
  Kind kind = Kind::kTick;
  int host = 0;
  uint64_t life = 0;  // of the process it is for: a restarted one does not get it
  cluster::LinkId link;
  cluster::MessagePtr message;
  int from = 0;
  uint64_t number = 0;  // ticket, or action
};

class EventQueue {
 public:
  void Push(Event event) {
    event.order = next_order_++;
    heap_.push_back(std::move(event));
    std::push_heap(heap_.begin(), heap_.end(), Later);
  }
  bool empty() const { return heap_.empty(); }
  Event Pop() {
    std::pop_heap(heap_.begin(), heap_.end(), Later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    return event;
  }

 private:
  static bool Later(const Event& a, const Event& b) {
    return a.at_us != b.at_us ? a.at_us > b.at_us : a.order > b.order;
  }
  std::vector<Event> heap_;
  uint64_t next_order_ = 0;
};

}  // namespace windlass::sim
