// A listpack: a sequence of short strings and integers in one run of bytes, in
// the layout that RDB files and DUMP payloads carry, so that saving is a copy.
//
//   total bytes (4) element count (2) { encoding+data back-length(1-5) }* 0xFF
//
// Little-endian. An element that reads as a canonical integer is kept as one. The
// count 65535 stands for "count them". Layout: the listpack specification
// (github.com/antirez/listpack).
//
// A Position is the offset of an element; kEnd is none. A change makes all other
// positions stale. An empty listpack holds no memory. What is put in at the front of a
// long one, or taken from there, moves its header and not what stands behind: there may
// be room before it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "node/types/number.h"

namespace windlass::types {

class Listpack {
 public:
  using Position = uint32_t;
  static constexpr Position kEnd = 0;

  struct Value {
    bool is_integer = false;
    int64_t integer = 0;
    std::string_view bytes = {};  // if not an integer; good until the next change
    // As text; `buffer` has kMaxIntegerDigits bytes.
    std::string_view Text(char* buffer) const {
      return is_integer ? std::string_view(buffer, FormatInteger(integer, buffer)) : bytes;
    }
    std::string ToString() const {
      char buffer[kMaxIntegerDigits];
      return std::string(Text(buffer));
    }
  };

  Listpack() : data_(const_cast<uint8_t*>(kEmpty)) {}  // whoever writes sees that capacity_ is 0
  ~Listpack();
  Listpack(Listpack&& other) noexcept;
  Listpack& operator=(Listpack&& other) noexcept;
  Listpack Clone() const;
  // Takes untrusted bytes after checking each of them. Nothing: not a listpack.
  static std::optional<Listpack> Parse(std::string_view bytes);
  // The elements of untrusted bytes, each checked as it comes.
  class Walk;

  size_t size() const;  // elements
  bool empty() const { return data_[kHeaderBytes] == kTerminator; }
  std::string_view bytes() const { return {reinterpret_cast<const char*>(data_), total()}; }
  size_t MemoryBytes() const { return capacity_; }
  // Brings the first bytes near: a hint.
  void Prefetch() const {
    __builtin_prefetch(data_);
    __builtin_prefetch(data_ + 64);
  }

  Position First() const { return empty() ? kEnd : kHeaderBytes; }
  Position Last() const;
  Position Next(Position at) const {
    const uint8_t first = data_[at];
    const size_t bytes = IsShortText(first) ? ShortTextBytes(first) + 2 : ElementBytes(at);
    const Position next = at + static_cast<Position>(bytes);
    return data_[next] == kTerminator ? kEnd : next;
  }
  Position Previous(Position at) const;
  // The index-th element, from the end if negative.
  Position Seek(int64_t index) const;
  Value Get(Position at) const {
    const uint8_t* p = data_ + at;
    if (IsShortText(*p)) [[likely]] return {false, 0, {reinterpret_cast<const char*>(p + 1), ShortTextBytes(*p)}};
    return ValueAt(p);
  }
  // The first element from `from` on that equals `value`, looking at every
  // (skip + 1)-th.
  Position Find(std::string_view value, Position from, size_t skip = 0) const;

  // Inserts before `before`, kEnd: at the end. Returns where the element is.
  Position Insert(Position before, std::string_view value);
  Position Append(std::string_view value) { return Insert(kEnd, value); }
  // Several at once: the end is moved and the count changed only once.
  class Appender;
  Position AppendInteger(int64_t value);
  Position Prepend(std::string_view value) { return Insert(First(), value); }
  Position Replace(Position at, std::string_view value);
  Position ReplaceInteger(Position at, int64_t value);
  // Removes `count` elements; returns the position of what follows.
  Position Erase(Position at, size_t count = 1);
  void Clear();

  // Makes room for `bytes` of elements in all, so that appending needs no new memory
  // until then, or until something shrinks.
  void Reserve(size_t bytes);
  void ShrinkToFit();

  // What the element would take.
  static size_t EncodedBytes(std::string_view value);
  // Bytes up to which one listpack may grow: its length field and sanity.
  static constexpr size_t kMaxBytes = size_t{1} << 30;

 private:
  static constexpr size_t kHeaderBytes = 6;
  static constexpr uint8_t kTerminator = 0xff;
  static constexpr uint16_t kCountUnknown = 0xffff;
  static constexpr uint8_t kEmpty[kHeaderBytes + 1] = {kHeaderBytes + 1, 0, 0, 0, 0, 0, kTerminator};
  static constexpr size_t kNoFrontRoomBelow = 512;  // bytes in all
  static constexpr size_t kMostFrontRoom = 1024;
  static constexpr size_t kMostBackRoom = 256;

  // Most elements: one byte of head, which has the length, and one of back-length.
  static bool IsShortText(uint8_t first) { return first >= 0x80 && first < 0xc0; }
  static size_t ShortTextBytes(uint8_t first) { return first & 0x3f; }
  static Value ValueAt(const uint8_t* p);
  size_t total() const;
  void SetTotal(size_t bytes);
  void AddToCount(int64_t change);
  // Makes the bytes [at, at + old_bytes) be `new_bytes` long. Room that was reserved
  // stays if nothing shrinks.
  void Splice(size_t at, size_t old_bytes, size_t new_bytes);
  // Puts in or takes out at the front of a long one. False: not that, nothing was done.
  bool SpliceFront(size_t old_bytes, size_t new_bytes);
  // Has the bytes in an allocation of so many behind so much room.
  void Move(size_t front, size_t capacity);
  size_t ElementBytes(Position at) const;  // with its back-length

  uint8_t* data_;          // behind the room at the front
  uint32_t capacity_ = 0;  // of the allocation; 0: none, data_ is kEmpty
  uint32_t front_ = 0;     // room before data_
};

class Listpack::Walk {
 public:
  explicit Walk(std::string_view bytes);
  // The next element, a view into the bytes. False: that was the end, or damage.
  bool Next(Value* value);
  bool damaged() const { return damaged_; }
  size_t announced() const { return announced_; }  // elements, as the header has it

 private:
  const uint8_t* data_;
  size_t at_ = kHeaderBytes;
  size_t end_ = 0;  // the terminator
  size_t found_ = 0;
  size_t announced_ = 0;
  bool damaged_ = false;
};

// Elements behind the last, one after the other. The listpack is whole again when this
// is destroyed, and is not to be used before. Texts do not lie in the listpack.
class Listpack::Appender {
 public:
  // `bytes`: at least what all of the elements take; see kMostOverhead.
  Appender(Listpack* pack, size_t bytes);
  ~Appender();
  Appender(const Appender&) = delete;
  Appender& operator=(const Appender&) = delete;
  void Text(std::string_view value);
  void Integer(int64_t value);

  static constexpr size_t kMostOverhead = 11;  // of an element, besides its text

 private:
  Listpack* pack_;
  size_t end_;
  int64_t count_ = 0;
};

}  // namespace windlass::types
