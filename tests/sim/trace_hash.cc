// See trace_hash.h.
#include "tests/sim/trace_hash.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace windlass::sim {

void TraceHash::Fold() {
  hash_ = XXH64(pending_.data(), pending_.size(), hash_);
  pending_.clear();
}

uint64_t TraceHash::value() {
  if (!pending_.empty()) Fold();
  return hash_;
}

}  // namespace windlass::sim
