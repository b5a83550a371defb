// The arena: reserving, cutting and giving back.
#include "node/keyspace/arena.h"

#include <sys/mman.h>

#include <cassert>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "node/base/sanitizers.h"

#if defined(WINDLASS_ASAN)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace windlass::keyspace {

namespace {

constexpr size_t kCommitSpans = 512;   // committed at a time: 32 MiB
constexpr uint32_t kMaxWarmSpans = 64; // empty spans that keep their pages: 4 MiB
constexpr size_t kMinReserve = size_t{64} << 20;

[[noreturn]] void OutOfMemory(const char* what) {
  std::fprintf(stderr, "out of memory: %s\n", what);
  std::abort();
}

void* Reserve(size_t bytes, int protection) {
  void* address = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return address == MAP_FAILED ? nullptr : address;
}

}  // namespace

Arena::Arena(size_t reserve_bytes) {
  reserved_bytes_ = reserve_bytes & ~(kSpanBytes - 1);
  mapping_ = Reserve(reserved_bytes_ + kSpanBytes, PROT_NONE);
  while (mapping_ == nullptr) {
    // A process with limited address space gets a smaller arena.
    reserved_bytes_ = (reserved_bytes_ / 2) & ~(kSpanBytes - 1);
    if (reserved_bytes_ < kMinReserve) OutOfMemory("no address range for keys");
    mapping_ = Reserve(reserved_bytes_ + kSpanBytes, PROT_NONE);
  }
  const uintptr_t aligned = (reinterpret_cast<uintptr_t>(mapping_) + kSpanBytes - 1) & ~(kSpanBytes - 1);
  base_ = reinterpret_cast<char*>(aligned);
  span_limit_ = static_cast<uint32_t>(reserved_bytes_ / kSpanBytes);
  spans_ = static_cast<Span*>(Reserve(span_limit_ * sizeof(Span), PROT_READ | PROT_WRITE));
  if (spans_ == nullptr) OutOfMemory("no span table");
}

Arena::~Arena() {
  ASAN_UNPOISON_MEMORY_REGION(base_, size_t{span_end_} * kSpanBytes);
  munmap(mapping_, reserved_bytes_ + kSpanBytes);
  munmap(spans_, span_limit_ * sizeof(Span));
}

void Arena::Commit(uint32_t span_end) {
  if (span_end <= committed_end_) return;
  uint32_t end = committed_end_;
  while (end < span_end) end += kCommitSpans;
  if (end > span_limit_) end = span_limit_;
  char* from = base_ + size_t{committed_end_} * kSpanBytes;
  if (mprotect(from, size_t{end - committed_end_} * kSpanBytes, PROT_READ | PROT_WRITE) != 0) {
    OutOfMemory("cannot commit memory for keys");
  }
  committed_end_ = end;
}

void Arena::Link(uint32_t* head, uint32_t index) {
  spans_[index].next = *head;
  spans_[index].previous = kNoSpan;
  if (*head != kNoSpan) spans_[*head].previous = index;
  *head = index;
}

void Arena::Unlink(uint32_t* head, uint32_t index) {
  const Span& span = spans_[index];
  if (span.previous != kNoSpan) {
    spans_[span.previous].next = span.next;
  } else {
    *head = span.next;
  }
  if (span.next != kNoSpan) spans_[span.next].previous = span.previous;
}

uint32_t Arena::TakeSpan(int size_class) {
  uint32_t index;
  if (warm_ != kNoSpan) {
    index = warm_;
    Unlink(&warm_, index);
    --warm_count_;
  } else if (cold_ != kNoSpan) {
    index = cold_;
    Unlink(&cold_, index);
  } else {
    if (span_end_ >= span_limit_) OutOfMemory("the address range for keys is used up");
    index = span_end_++;
    Commit(span_end_);
    ASAN_POISON_MEMORY_REGION(base_ + size_t{index} * kSpanBytes, kSpanBytes);
  }
  Span& span = spans_[index];
  span.size_class = static_cast<uint16_t>(size_class);
  span.free_head = kNoUnit;
  span.carved = 0;
  span.used = 0;
  ++spans_used_;
  Link(&with_room_[size_class], index);
  return index;
}

void Arena::ReleaseSpan(uint32_t index) {
  --spans_used_;
  if (warm_count_ < kMaxWarmSpans) {
    Link(&warm_, index);
    ++warm_count_;
    return;
  }
  madvise(base_ + size_t{index} * kSpanBytes, kSpanBytes, MADV_DONTNEED);
  Link(&cold_, index);
}

Handle Arena::Allocate(size_t bytes) {
  const size_t rounded = RoundUp(bytes);
  assert(rounded > 0 && rounded <= kMaxBytes);
  const int size_class = ClassOf(rounded);
  uint32_t index = with_room_[size_class];
  if (index == kNoSpan) [[unlikely]] index = TakeSpan(size_class);
  Span& span = spans_[index];
  char* start = base_ + size_t{index} * kSpanBytes;
  size_t offset;
  if (span.free_head != kNoUnit) {
    offset = size_t{span.free_head} * 8;
    ASAN_UNPOISON_MEMORY_REGION(start + offset, rounded);
    std::memcpy(&span.free_head, start + offset, sizeof(uint16_t));
  } else {
    offset = span.carved * rounded;
    ASAN_UNPOISON_MEMORY_REGION(start + offset, rounded);
    ++span.carved;
  }
  ++span.used;
  used_bytes_ += rounded;
  if (span.free_head == kNoUnit && (span.carved + size_t{1}) * rounded > kSpanBytes) {
    Unlink(&with_room_[size_class], index);
  }
  return static_cast<Handle>((size_t{index} * kSpanBytes + offset) >> 3);
}

void Arena::Free(Handle handle, size_t bytes) {
  const size_t rounded = RoundUp(bytes);
  const size_t address = size_t{handle} << 3;
  const uint32_t index = static_cast<uint32_t>(address / kSpanBytes);
  Span& span = spans_[index];
  const int size_class = ClassOf(rounded);
  assert(span.size_class == size_class && span.used > 0);
  const bool was_full = span.free_head == kNoUnit && (span.carved + size_t{1}) * rounded > kSpanBytes;
  std::memcpy(base_ + address, &span.free_head, sizeof(uint16_t));
  ASAN_POISON_MEMORY_REGION(base_ + address, rounded);
  span.free_head = static_cast<uint16_t>((address & (kSpanBytes - 1)) >> 3);
  --span.used;
  used_bytes_ -= rounded;
  if (was_full) Link(&with_room_[size_class], index);
  if (span.used == 0) {
    // One span stays with a class in use, so that a class at the edge does not thrash.
    if (with_room_[size_class] == index && span.next == kNoSpan) {
      span.free_head = kNoUnit;
      span.carved = 0;
      return;
    }
    Unlink(&with_room_[size_class], index);
    ReleaseSpan(index);
  }
}

}  // namespace windlass::keyspace
