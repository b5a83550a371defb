// Whether the loop itself commits a batch of `appendfsync always`.
//
// To hand a batch to the helper thread and to be woken by it takes about as long as a
// fast disk takes for the fsync. So where the disk has been fast for a while, and most
// of those who are served wait for the batch anyway, the loop does it. Readers would
// wait with it: so not where they are the most, and one slow fsync keeps the loop away
// from the disk for a second, each further one for longer.
#pragma once

#include <cstdint>

namespace windlass::persistence {

class LoopCommits {
 public:
  // Writing and fsyncing a batch took so long, whoever did it.
  void OnCommitted(int64_t took_us, int64_t now_us);
  // Of `commands` since the last batch went, `writes` are in the next one.
  bool Allowed(int64_t writes, int64_t commands, int64_t now_us) const;

 private:
  int64_t smoothed_us_ = 0;
  int fast_ = 0;               // commits in a row that were not slow, up to kTrust
  int64_t barred_until_us_ = 0;
  int64_t bar_us_ = 0;         // the last one's length
};

}  // namespace windlass::persistence
