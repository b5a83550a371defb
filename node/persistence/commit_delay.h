// When the next fsync of `appendfsync always` begins.
//
// Clients that have just been answered mostly write again at once. If the next batch
// went off without them, they and those who gathered meanwhile would take turns, and
// every fsync would serve half of all. So the next batch waits for as many writes as
// were released: at most for as long as an fsync takes, so that it is never worse than
// to take turns, and not at all while it has turned out that nobody comes back in time.
#pragma once

#include <cstdint>

namespace windlass::persistence {

class CommitDelay {
 public:
  // An fsync that took `fsync_us` has released `released` writes; `gathered` others wait.
  void OnSynced(int64_t released, int64_t gathered, int64_t fsync_us, int64_t now_us);
  // How long the batch that has gathered so many writes may still wait; 0: it goes now.
  int64_t LeftUs(int64_t gathered, int64_t now_us) const;
  // It went.
  void OnBegun(int64_t gathered);

 private:
  int64_t fsync_us_ = 0;      // smoothed
  int64_t gathered_ = 0;      // when the last fsync ended
  int64_t released_ = 0;      // by it; 0: not waited for
  int64_t wait_until_us_ = 0;
  int in_vain_ = 0;           // waits in a row that brought less than half of the released
  int skip_ = 0;              // batches that go at once
};

}  // namespace windlass::persistence
