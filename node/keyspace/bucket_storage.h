// Memory of bucket arrays: small ones in the arena, medium ones on the heap, large
// ones in mappings of their own, which grow without being copied.
#pragma once

#include <cstdint>

#include "node/keyspace/slot_table.h"

namespace windlass::keyspace {

class BucketStorage {
 public:
  // All buckets empty.
  static Bucket* Allocate(const TableContext& context, uint32_t count);
  static void Free(const TableContext& context, Bucket* buckets, uint32_t count);
  // Keeps the common part; new buckets are empty. The array may move.
  static Bucket* Resize(const TableContext& context, Bucket* buckets, uint32_t from, uint32_t to);
};

}  // namespace windlass::keyspace
