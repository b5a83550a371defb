// AccessClock: packing and decay.
#include "node/keyspace/access_clock.h"

#include <algorithm>

namespace windlass::keyspace {

namespace {

uint32_t Seconds(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 1000) & AccessClock::kBits; }
uint32_t Minutes(int64_t now_ms) { return static_cast<uint32_t>(now_ms / 60000) & 0xffff; }

}  // namespace

uint32_t AccessClock::Fresh(AccessPolicy policy, int64_t now_ms) {
  return policy == AccessPolicy::kLru ? Seconds(now_ms) : Minutes(now_ms) << 8 | kNewCounter;
}

uint32_t AccessClock::Touched(uint32_t access, const AccessOptions& options, int64_t now_ms, uint32_t random) {
  if (options.policy == AccessPolicy::kLru) return Seconds(now_ms);
  uint32_t counter = Frequency(access, options, now_ms);
  if (counter < 255) {
    const double above = counter > kNewCounter ? counter - kNewCounter : 0;
    const double chance = 1.0 / (above * static_cast<double>(options.lfu_log_factor) + 1);
    if (random < chance * 4294967296.0) ++counter;
  }
  return Minutes(now_ms) << 8 | counter;
}

int64_t AccessClock::IdleSeconds(uint32_t access, int64_t now_ms) { return (Seconds(now_ms) - access) & kBits; }

uint32_t AccessClock::Frequency(uint32_t access, const AccessOptions& options, int64_t now_ms) {
  const uint32_t counter = access & 0xff;
  if (options.lfu_decay_minutes <= 0) return counter;
  const int64_t elapsed = (Minutes(now_ms) - (access >> 8)) & 0xffff;
  const int64_t periods = elapsed / options.lfu_decay_minutes;
  return periods >= counter ? 0 : counter - static_cast<uint32_t>(periods);
}

uint32_t AccessClock::FromIdleSeconds(int64_t idle_seconds, int64_t now_ms) {
  return (Seconds(now_ms) - static_cast<uint32_t>(std::min<int64_t>(idle_seconds, kBits))) & kBits;
}

uint32_t AccessClock::FromFrequency(uint32_t counter, int64_t now_ms) {
  return Minutes(now_ms) << 8 | (counter & 0xff);
}

}  // namespace windlass::keyspace
