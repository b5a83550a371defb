// LZF compression as RDB strings use it: a literal run (control byte 0..31, that
// many plus one bytes follow) or a copy from at most 8 192 bytes back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::persistence {

inline constexpr uint64_t kMostLzfExpansion = 264;  // bytes that one byte can stand for, at most

// Appends the compressed form of `input` to `out` and returns true if it is
// shorter than `input` by at least four bytes; else leaves `out` as it was.
bool LzfCompress(std::string_view input, std::string* out);

// Unpacks while the input comes in.
class LzfUnpacker {
 public:
  // `out` has room for `expected_size` bytes and outlives the unpacker.
  LzfUnpacker(char* out, size_t expected_size) : out_(out), expected_size_(expected_size) {}

  // `input`: all that there is, from its first byte on. What is cut waits for more.
  void Take(std::string_view input);
  // Empty: `input`, which is whole and was taken, has given the bytes that were expected.
  std::string Fault(std::string_view input) const;

 private:
  char* const out_;
  const size_t expected_size_;
  size_t have_ = 0;  // of out_
  size_t at_ = 0;    // of the input
  const char* fault_ = nullptr;
};

// REQUIRES: the caller has bounded `expected_size`.
base::Result<std::string> LzfDecompress(std::string_view input, size_t expected_size);

}  // namespace windlass::persistence
