// What each slot costs: processor time and bytes to and from clients, for CLUSTER
// SLOT-STATS. Counting costs two additions a command; memory is taken only when
// counting is switched on.
#pragma once

#include <cstdint>
#include <memory>


namespace windlass::observe {

class SlotStats {
 public:
  static constexpr int kSlots = 16384;
  struct Counters {
    int64_t cpu_ns = 0;
    uint64_t bytes_in = 0;
    uint64_t bytes_out = 0;
  };

  // Switching off forgets.
  void Enable(bool on);
  bool enabled() const { return counters_ != nullptr; }
  // REQUIRES: enabled()
  void Add(int slot, int64_t cpu_ns, uint64_t bytes_in, uint64_t bytes_out) {
    Counters& counters = counters_[slot];
    counters.cpu_ns += cpu_ns;
    counters.bytes_in += bytes_in;
    counters.bytes_out += bytes_out;
  }
  Counters at(int slot) const { return enabled() ? counters_[slot] : Counters(); }
  void Reset();
  void ResetSlot(int slot) {
    if (enabled()) counters_[slot] = Counters();
  }

 private:
  std::unique_ptr<Counters[]> counters_;  // by slot
};

}  // namespace windlass::observe
