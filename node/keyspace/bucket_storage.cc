// BucketStorage: three sources of memory, chosen by size alone.
#include "node/keyspace/bucket_storage.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace windlass::keyspace {

namespace {

constexpr size_t kMinMappedBytes = size_t{128} << 10;
constexpr size_t kPageBytes = 4096;

size_t MappedBytes(size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

}  // namespace

Bucket* BucketStorage::Allocate(const TableContext& context, uint32_t count) {
  const size_t bytes = count * sizeof(Bucket);
  if (bytes <= Arena::kMaxBytes) {
    void* memory = context.arena->At(context.arena->Allocate(bytes));
    std::memset(memory, 0, bytes);
    return static_cast<Bucket*>(memory);
  }
  *context.heap_bytes += bytes;
  if (bytes < kMinMappedBytes) {
    void* memory = std::aligned_alloc(alignof(Bucket), bytes);
    if (memory == nullptr) std::abort();
    std::memset(memory, 0, bytes);
    return static_cast<Bucket*>(memory);
  }
  if (context.mapped_bytes != nullptr) *context.mapped_bytes += bytes;
  void* memory = mmap(nullptr, MappedBytes(bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return static_cast<Bucket*>(memory);
}

void BucketStorage::Free(const TableContext& context, Bucket* buckets, uint32_t count) {
  const size_t bytes = count * sizeof(Bucket);
  if (bytes <= Arena::kMaxBytes) {
    context.arena->Free(context.arena->HandleOf(buckets), bytes);
    return;
  }
  *context.heap_bytes -= bytes;
  if (bytes < kMinMappedBytes) {
    std::free(buckets);
  } else {
    munmap(buckets, MappedBytes(bytes));
    if (context.mapped_bytes != nullptr) *context.mapped_bytes -= bytes;
  }
}

Bucket* BucketStorage::Resize(const TableContext& context, Bucket* buckets, uint32_t from, uint32_t to) {
  const size_t from_bytes = from * sizeof(Bucket);
  const size_t to_bytes = to * sizeof(Bucket);
  if (std::min(from_bytes, to_bytes) < kMinMappedBytes) {
    Bucket* resized = Allocate(context, to);
    std::memcpy(static_cast<void*>(resized), buckets, std::min(from_bytes, to_bytes));
    Free(context, buckets, from);
    return resized;
  }
  void* memory = mremap(buckets, MappedBytes(from_bytes), MappedBytes(to_bytes), MREMAP_MAYMOVE);
  if (memory == MAP_FAILED) std::abort();
  *context.heap_bytes += to_bytes;
  *context.heap_bytes -= from_bytes;
  if (context.mapped_bytes != nullptr) *context.mapped_bytes += to_bytes - from_bytes;
  Bucket* resized = static_cast<Bucket*>(memory);
  // Fresh pages are zero; the rest of the last old page is not when it was once in use.
  const size_t dirty_end = std::min(MappedBytes(from_bytes), to_bytes);
  if (dirty_end > from_bytes) {
    std::memset(reinterpret_cast<char*>(resized) + from_bytes, 0, dirty_end - from_bytes);
  }
  return resized;
}

}  // namespace windlass::keyspace
