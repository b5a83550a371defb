// What is known of each key: the pure part of the ledger.
//
// Every key has one writer, which numbers its operations 1, 2, 3 … A value
// carries its number, so a read tells which operation it shows. Three marks per
// key, required <= acked <= attempted: nothing below `required` may be seen
// again, nothing above `attempted` can exist.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

namespace windlass::ledger {

struct Entry {
  uint32_t attempted = 0;    // last number sent
  uint32_t acked = 0;        // last number whose reply arrived
  uint32_t confirmed = 0;    // last number that WAIT 1 covered
  uint32_t required = 0;     // last number that must not be lost
  uint32_t last_delete = 0;  // last number that was a DEL; 0: none

  bool live() const { return attempted != 0 && last_delete != attempted; }

  uint32_t Begin(bool is_delete) {
    ++attempted;
    if (is_delete) last_delete = attempted;
    return attempted;
  }
  // `planned`: no master is being killed, so the reply alone is a promise.
  void Ack(uint32_t number, bool planned) {
    if (number > acked) acked = number;
    if (planned && number > required) required = number;
  }
  void Confirm(uint32_t number) {
    if (number > confirmed) confirmed = number;
    if (number > required) required = number;
  }
  // A master is about to be killed: what no replica confirmed may go with it.
  void ForgetUnconfirmed() { required = confirmed; }
};

enum class Verdict { kRight, kLost, kFromNowhere };

// `seen`: the number in the value read, none if the key is absent.
Verdict Judge(const Entry& entry, std::optional<uint32_t> seen);

// INCR is not retried when its fate is unknown; each unknown may count once. Unlike
// a value, an increment that was lost with a master is not made good by a later one:
// confirmed <= required <= acked are counts.
struct Counter {
  uint64_t acked = 0;
  uint64_t unknown = 0;
  uint64_t required = 0;   // acked ones that must not be lost
  uint64_t confirmed = 0;  // of them, those that are on a replica for certain

  void Ack(bool planned) {
    ++acked;
    if (planned) ++required;
  }
  // The one that was just acknowledged; and, while no master is being killed, all
  // that were required before it.
  void Confirm(bool planned) {
    confirmed = planned ? required : confirmed + 1;
    required = std::max(required, confirmed);
  }
  void ForgetUnconfirmed() { required = confirmed; }
};
struct CounterVerdict {
  uint64_t lost = 0;
  uint64_t double_applied = 0;
};
CounterVerdict Judge(const Counter& counter, uint64_t value);

std::string MakeValue(uint32_t number, size_t size);
// None if it is not a value of ours.
std::optional<uint32_t> NumberOf(const char* data, size_t size);

}  // namespace windlass::ledger
