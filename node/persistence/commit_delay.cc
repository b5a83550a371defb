// See commit_delay.h.
#include "node/persistence/commit_delay.h"

#include <algorithm>

namespace windlass::persistence {
namespace {

constexpr int64_t kLongestWaitUs = 1000;
constexpr int kInVainMost = 4;
constexpr int kSkip = 64;

}  // namespace

void CommitDelay::OnSynced(int64_t released, int64_t gathered, int64_t fsync_us, int64_t now_us) {
  fsync_us_ = fsync_us_ == 0 ? fsync_us : (fsync_us_ * 7 + fsync_us) / 8;
  gathered_ = gathered;
  released_ = 0;
  if (skip_ > 0) {
    --skip_;
    return;
  }
  released_ = released;
  wait_until_us_ = now_us + std::min(fsync_us_, kLongestWaitUs);
}

int64_t CommitDelay::LeftUs(int64_t gathered, int64_t now_us) const {
  if (gathered >= gathered_ + released_) return 0;
  return std::max<int64_t>(wait_until_us_ - now_us, 0);
}

void CommitDelay::OnBegun(int64_t gathered) {
  if (released_ == 0) return;
  const bool in_vain = (gathered - gathered_) * 2 < released_;
  in_vain_ = in_vain ? in_vain_ + 1 : 0;
  if (in_vain_ >= kInVainMost) {
    in_vain_ = 0;
    skip_ = kSkip;
  }
  released_ = 0;
}

}  // namespace windlass::persistence
