// See write_ahead_choice.h.
#include "node/persistence/write_ahead_choice.h"

namespace windlass::persistence {
namespace {

constexpr int64_t kWindowUs = 500'000;
constexpr int64_t kWritesAWindow = 1000;
constexpr int64_t kWritesABatch = 4;

}  // namespace

void WriteAheadChoice::OnBatch(int64_t writes, int64_t now_us) {
  if (now_us - window_begin_us_ >= kWindowUs) {
    pays_ = writes_ >= kWritesAWindow && writes_ >= kWritesABatch * batches_;
    window_begin_us_ = now_us;
    batches_ = 0;
    writes_ = 0;
  }
  ++batches_;
  writes_ += writes;
}

// Without a batch for two windows it does not.
bool WriteAheadChoice::Pays(int64_t now_us) const { return pays_ && now_us - window_begin_us_ < 2 * kWindowUs; }

}  // namespace windlass::persistence
