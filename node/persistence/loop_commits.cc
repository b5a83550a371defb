// See loop_commits.h.
#include "node/persistence/loop_commits.h"

#include <algorithm>

namespace windlass::persistence {
namespace {

constexpr int64_t kFastUs = 400;   // on average: two wakes and what they cost besides
constexpr int64_t kSlowUs = 10000;  // one of these is one too many
constexpr int kTrust = 32;
constexpr int64_t kFirstBarUs = 1'000'000;
constexpr int64_t kLongestBarUs = 64'000'000;

}  // namespace

void LoopCommits::OnCommitted(int64_t took_us, int64_t now_us) {
  smoothed_us_ = smoothed_us_ == 0 ? took_us : (smoothed_us_ * 15 + took_us) / 16;
  if (took_us < kSlowUs) {
    fast_ = std::min(fast_ + 1, kTrust);
    return;
  }
  fast_ = 0;
  // After as long a time without one as the bar was, the next is the first again.
  const bool again = bar_us_ > 0 && now_us - barred_until_us_ < bar_us_;
  bar_us_ = again ? std::min(bar_us_ * 2, kLongestBarUs) : kFirstBarUs;
  barred_until_us_ = now_us + bar_us_;
}

bool LoopCommits::Allowed(int64_t writes, int64_t commands, int64_t now_us) const {
  return fast_ >= kTrust && smoothed_us_ <= kFastUs && now_us >= barred_until_us_ && 2 * writes >= commands;
}

}  // namespace windlass::persistence
