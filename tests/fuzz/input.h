// What the targets that play operations have in common: the fuzzer's bytes read as
// choices, and what must hold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

// The input, byte by byte; zeros behind its end.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : data_(data), size_(size) {}
  bool empty() const { return at_ >= size_; }
  uint8_t Byte() { return empty() ? 0 : data_[at_++]; }
  uint32_t Word() { return Byte() | uint32_t{Byte()} << 8; }
  bool Flag() { return Byte() % 2 == 1; }
  std::string Text() {
    // Short ones, numbers, and now and then a long one.
    const uint8_t kind = Byte();
    if (kind < 100) return std::to_string(kind * (kind % 2 == 0 ? 1 : -1000));
    if (kind < 110) return std::to_string(INT64_MAX - kind) + std::to_string(kind % 3);
    if (kind == 255) return std::string(300, 'x');
    const size_t length = std::min<size_t>(kind % 9, size_ - std::min(at_, size_));
    at_ += length;
    return std::string(reinterpret_cast<const char*>(data_ + at_ - length), length);
  }

 private:
  const uint8_t* data_;
  size_t size_;
  size_t at_ = 0;
};

inline void Require(bool holds) {
  if (!holds) std::abort();
}
