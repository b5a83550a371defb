// One key: header, optional expiry, key and value in one allocation.
//
//   meta(1) marks(1) access(3) [expiry(8)] key-length(1-2) key value
//
// The value of a string is eight bytes of integer, or a length (1-2 bytes) and
// the bytes, or a pointer to a Blob when it is long; a container is a pointer to
// its Object. A key too long to sit here is a pointer to a Blob too. Entries live
// in the Arena and are moved when their size changes: an Entry* is good until
// the next change of that key.
//
// Invariant: AllocatedBytes() is a function of the content, so that the arena
// needs no size of its own.
#pragma once

#include <cassert>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "node/types/blob.h"
#include "node/types/object.h"
#include "node/types/type.h"

namespace windlass::keyspace {

inline constexpr int64_t kNoExpiry = -1;

class Entry {
 public:
  static constexpr size_t kHeaderBytes = 5;
  static constexpr size_t kExpiryBytes = 8;
  static constexpr size_t kMaxInlineKey = 448;
  // The longest entry whose string value is kept inside.
  static constexpr size_t kMaxInlineBytes = 1024;

  Entry() = delete;

  std::string_view key() const {
    const size_t offset = KeyFieldOffset();
    if ((meta_ & kLongKey) != 0) [[unlikely]] return LoadAt<types::Blob*>(offset)->view();
    const Length length = LengthAt(offset);
    return {reinterpret_cast<const char*>(base()) + offset + length.field, length.bytes};
  }
  types::Type type() const { return static_cast<types::Type>(meta_ & 7); }
  types::Encoding encoding() const;

  bool has_expiry() const { return (meta_ & kHasExpiry) != 0; }
  int64_t expire_at_ms() const { return has_expiry() ? LoadExpiry() : kNoExpiry; }
  bool IsExpired(int64_t now_ms) const { return has_expiry() && LoadExpiry() < now_ms; }

  // --- string values. REQUIRES: type() == kString
  bool is_integer() const { return form() == Form::kInteger; }
  int64_t integer() const;                 // REQUIRES: is_integer()
  std::string_view bytes() const;          // REQUIRES: !is_integer()
  // The value as text; `buffer` (types::kMaxIntegerDigits bytes) is used for integers.
  std::string_view Text(char* buffer) const;
  size_t TextLength() const;

  // --- containers. REQUIRES: type() != kString
  types::Object* object() const {
    assert(type() != types::Type::kString);
    return LoadAt<types::Object*>(ValueOffset());
  }

  // 24 bits of the access clock: seconds (LRU) or minutes and a counter (LFU).
  uint32_t access() const { return access_[0] | access_[1] << 8 | uint32_t{access_[2]} << 16; }
  void set_access(uint32_t bits) {
    access_[0] = static_cast<uint8_t>(bits);
    access_[1] = static_cast<uint8_t>(bits >> 8);
    access_[2] = static_cast<uint8_t>(bits >> 16);
  }
  // Eight bits for running snapshots to mark what they need not emit any more.
  // Zero in a new entry, kept when an entry moves.
  uint8_t marks() const { return marks_; }
  void set_marks(uint8_t marks) { marks_ = marks; }

  // In the arena, and beside it (blobs, containers).
  size_t AllocatedBytes() const;
  size_t ExternalBytes() const;

 private:
  friend class EntryBuilder;
  enum class Form : uint8_t { kInteger = 0, kEmbedded = 1, kRaw = 2, kPointer = 3 };
  static constexpr uint8_t kFormShift = 3;
  static constexpr uint8_t kHasExpiry = 1 << 5;
  static constexpr uint8_t kLongKey = 1 << 6;

  Form form() const { return static_cast<Form>(meta_ >> kFormShift & 3); }
  const uint8_t* base() const { return reinterpret_cast<const uint8_t*>(this); }
  uint8_t* base() { return reinterpret_cast<uint8_t*>(this); }
  int64_t LoadExpiry() const {
    int64_t value;
    std::memcpy(&value, base() + kHeaderBytes, kExpiryBytes);
    return value;
  }
  size_t KeyFieldOffset() const { return kHeaderBytes + (has_expiry() ? kExpiryBytes : 0); }
  // A length of up to 15 bits: one byte below 128, else two, the first with its top bit set.
  struct Length {
    size_t bytes;
    size_t field;  // bytes that hold it
  };
  Length LengthAt(size_t offset) const {
    const uint8_t* at = base() + offset;
    if (at[0] < 128) [[likely]] return {at[0], 1};
    return {static_cast<size_t>(at[0] & 0x7f) << 8 | at[1], 2};
  }
  size_t ValueOffset() const {
    const size_t offset = KeyFieldOffset();
    if ((meta_ & kLongKey) != 0) [[unlikely]] return offset + sizeof(types::Blob*);
    const Length length = LengthAt(offset);
    return offset + length.field + length.bytes;
  }
  template <typename T>
  T LoadAt(size_t offset) const {
    T value;
    std::memcpy(&value, base() + offset, sizeof(T));
    return value;
  }
  types::Blob* blob() const { return LoadAt<types::Blob*>(ValueOffset()); }

  uint8_t meta_;
  uint8_t marks_;
  uint8_t access_[3];
};

}  // namespace windlass::keyspace
