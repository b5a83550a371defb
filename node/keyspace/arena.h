// Entry memory: one address range, cut into size classes, behind 32-bit handles.
//
// The range (32 GiB of addresses, less where the process may not have it) is
// reserved once; memory is committed as it is used. A handle is the offset
// divided by eight, so tables store four bytes a key. The range is cut in spans
// of 64 KiB; a span serves one size class: multiples of 8 bytes up to 1 024,
// then multiples of 64 up to 4 096 (small bucket arrays). Empty spans serve any
// class again; beyond a small reserve their pages go back to the kernel.
//
// Not thread-safe: belongs to the loop's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace windlass::keyspace {

using Handle = uint32_t;  // 0: none

class Arena {
 public:
  static constexpr size_t kMaxBytes = 4096;
  static constexpr size_t kMaxFineBytes = 1024;  // classes are 8 bytes apart up to here
  static constexpr size_t kSpanBytes = 64 * 1024;

  explicit Arena(size_t reserve_bytes = size_t{32} << 30);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // The size really taken for a request of `bytes`.
  static constexpr size_t RoundUp(size_t bytes) {
    return bytes <= kMaxFineBytes ? (bytes + 7) & ~size_t{7} : (bytes + 63) & ~size_t{63};
  }

  // Aligned to 8; to 64 if `bytes` is a multiple of 64. Aborts the process when
  // the range is used up: see has_room(). REQUIRES: 0 < bytes <= kMaxBytes
  Handle Allocate(size_t bytes);
  // REQUIRES: `bytes` rounds up to the size it was allocated with.
  void Free(Handle handle, size_t bytes);
  void* At(Handle handle) const { return base_ + (size_t{handle} << 3); }
  Handle HandleOf(const void* address) const {
    return static_cast<Handle>((static_cast<const char*>(address) - base_) >> 3);
  }

  // False when less than 1/64 of the range is left: writers get an OOM error.
  bool has_room() const { return spans_used_ < span_limit_ - span_limit_ / 64 - 1; }
  size_t used_bytes() const { return used_bytes_; }  // of live objects
  size_t span_bytes() const { return spans_used_ * kSpanBytes; }

 private:
  // Invariant: used objects + free-list objects + never-carved tail = the span.
  struct Span {
    uint16_t size_class;
    uint16_t free_head;  // in units of 8 bytes from the span's start; kNoUnit: none
    uint16_t carved;     // objects handed out at least once
    uint16_t used;       // objects alive
    uint32_t next;       // in the list of its class with room, or of empty spans
    uint32_t previous;
  };
  static constexpr uint16_t kNoUnit = 0xffff;
  static constexpr uint32_t kNoSpan = 0;  // span 0 is never used: handle 0 means none
  static constexpr int kFineClasses = kMaxFineBytes / 8;
  static constexpr int kClasses = kFineClasses + (kMaxBytes - kMaxFineBytes) / 64;

  static int ClassOf(size_t rounded) {
    return rounded <= kMaxFineBytes ? static_cast<int>(rounded / 8) - 1
                                    : kFineClasses + static_cast<int>((rounded - kMaxFineBytes) / 64) - 1;
  }
  static size_t ClassBytes(int size_class) {
    return size_class < kFineClasses ? static_cast<size_t>(size_class + 1) * 8
                                     : kMaxFineBytes + static_cast<size_t>(size_class - kFineClasses + 1) * 64;
  }
  uint32_t TakeSpan(int size_class);
  void ReleaseSpan(uint32_t index);
  void Commit(uint32_t span_end);
  void Link(uint32_t* head, uint32_t index);
  void Unlink(uint32_t* head, uint32_t index);

  void* mapping_ = nullptr;  // what was reserved; base_ is its first aligned address
  char* base_ = nullptr;
  size_t reserved_bytes_ = 0;
  uint32_t span_limit_ = 0;
  uint32_t span_end_ = 1;       // spans at or above were never used
  uint32_t committed_end_ = 0;  // spans below are readable and writable
  Span* spans_ = nullptr;       // one per span of the range, lazily paged in
  uint32_t with_room_[kClasses] = {};
  uint32_t warm_ = kNoSpan;     // empty, pages kept
  uint32_t cold_ = kNoSpan;     // empty, pages given back
  uint32_t warm_count_ = 0;
  size_t spans_used_ = 0;
  size_t used_bytes_ = 0;
};

}  // namespace windlass::keyspace
