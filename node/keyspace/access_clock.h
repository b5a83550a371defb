// The 24 bits by which an entry remembers when, or how often, it was used.
//
// LRU: seconds of unix time, modulo 2^24 (194 days). LFU: 16 bits of minutes of
// the last decay, then an 8-bit counter that grows logarithmically: a hit adds
// one with probability 1 / ((counter - 5) * log_factor + 1), and every decay_minutes
// without use takes one away.
#pragma once

#include <cstdint>

namespace windlass::keyspace {

enum class AccessPolicy { kLru, kLfu };

struct AccessOptions {
  AccessPolicy policy = AccessPolicy::kLru;
  int64_t lfu_log_factor = 10;   // lfu-log-factor
  int64_t lfu_decay_minutes = 1; // lfu-decay-time
};

class AccessClock {
 public:
  static constexpr uint32_t kBits = 0xffffff;
  static constexpr uint32_t kNewCounter = 5;

  // For an entry just made.
  static uint32_t Fresh(AccessPolicy policy, int64_t now_ms);
  // For an entry used now; `random` is 32 uniform bits.
  static uint32_t Touched(uint32_t access, const AccessOptions& options, int64_t now_ms, uint32_t random);
  // Seconds since the last use (LRU).
  static int64_t IdleSeconds(uint32_t access, int64_t now_ms);
  // The counter after decay (LFU).
  static uint32_t Frequency(uint32_t access, const AccessOptions& options, int64_t now_ms);
  // Bits for a restored key: RESTORE IDLETIME and FREQ.
  static uint32_t FromIdleSeconds(int64_t idle_seconds, int64_t now_ms);
  static uint32_t FromFrequency(uint32_t counter, int64_t now_ms);
};

}  // namespace windlass::keyspace
