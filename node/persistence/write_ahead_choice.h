// Whether the file of `appendfsync always` is written ahead now (log_batch.h), where the
// server may choose: while many write at once, for there it pays. A log that few write
// to grows by what they write and by nothing else, as whoever watches it expects.
#pragma once

#include <cstdint>

namespace windlass::persistence {

class WriteAheadChoice {
 public:
  // A batch of so many writes goes.
  void OnBatch(int64_t writes, int64_t now_us);
  bool Pays(int64_t now_us) const;

 private:
  bool pays_ = false;
  int64_t window_begin_us_ = 0;
  int64_t batches_ = 0;  // since then
  int64_t writes_ = 0;
};

}  // namespace windlass::persistence
