// A sorted set of integers in the bytes that RDB carries: width of an integer
// (2, 4 or 8) and count, four bytes each, then the integers, little-endian.
// All have the width of the widest that was ever added.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace windlass::types {

class Intset {
 public:
  Intset();
  // Takes untrusted bytes after checking them. Nothing: not an intset.
  static std::optional<Intset> Parse(std::string_view bytes);

  size_t size() const;
  int64_t At(size_t index) const;
  bool Contains(int64_t value) const { return Locate(value).found; }
  bool Add(int64_t value);    // false: it was there
  bool Erase(int64_t value);  // false: it was not
  std::string_view bytes() const { return bytes_; }
  size_t MemoryBytes() const { return bytes_.capacity(); }

 private:
  struct Place {
    size_t index;
    bool found;
  };
  size_t width() const;
  void SetHeader(size_t width, size_t count);
  void Put(size_t index, int64_t value);
  Place Locate(int64_t value) const;
  void Widen(size_t width);

  std::string bytes_;
};

}  // namespace windlass::types
