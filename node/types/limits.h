// The thresholds at which containers change their encoding, as CONFIG sets them.
// The defaults are those of redis.conf's directives of the same names.
#pragma once

#include <cstddef>
#include <cstdint>

namespace windlass::types {

struct Limits {
  // Entries, and bytes of the longest element, up to which a container stays packed.
  size_t hash_max_listpack_entries = 512;
  size_t hash_max_listpack_value = 64;
  size_t set_max_intset_entries = 512;
  size_t set_max_listpack_entries = 128;
  size_t set_max_listpack_value = 64;
  size_t zset_max_listpack_entries = 128;
  size_t zset_max_listpack_value = 64;
  // Positive: elements in one chunk of a list. -1 to -5: its bytes, 4 KiB to 64 KiB by doubling.
  int64_t list_max_listpack_size = -2;
  int64_t list_compress_depth = 0;
  size_t stream_node_max_bytes = 4096;  // 0: no bound
  size_t stream_node_max_entries = 100; // 0: no bound
  size_t hll_sparse_max_bytes = 3000;
};

}  // namespace windlass::types
