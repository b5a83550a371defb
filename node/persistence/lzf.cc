// The compressor finds repeats through a table of the last place each hash of
// three bytes was seen; it is greedy and looks at one candidate only.
#include "node/persistence/lzf.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace windlass::persistence {
namespace {

constexpr size_t kMaxLiteralRun = 32;
constexpr size_t kMaxDistance = 8192;
constexpr size_t kMaxMatch = 264;
constexpr int kMostHashBits = 13;
constexpr int kLeastHashBits = 7;
constexpr size_t kSmallestWorthwhileInput = 5;
constexpr size_t kRequiredGain = 4;

uint32_t HashOfThree(const char* p, int bits) {
  const uint32_t v = static_cast<uint8_t>(p[0]) | static_cast<uint8_t>(p[1]) << 8 |
                     static_cast<uint8_t>(p[2]) << 16;
  return v * 2654435761u >> (32 - bits);
}

void AppendLiterals(std::string_view run, std::string* out) {
  while (!run.empty()) {
    const size_t n = std::min(run.size(), kMaxLiteralRun);
    out->push_back(static_cast<char>(n - 1));
    out->append(run.substr(0, n));
    run.remove_prefix(n);
  }
}

void AppendCopy(size_t distance, size_t length, std::string* out) {
  const size_t back = distance - 1;
  const size_t code = length - 2;
  if (code < 7) {
    out->push_back(static_cast<char>(code << 5 | back >> 8));
  } else {
    out->push_back(static_cast<char>(7 << 5 | back >> 8));
    out->push_back(static_cast<char>(code - 7));
  }
  out->push_back(static_cast<char>(back & 0xff));
}

}  // namespace

bool LzfCompress(std::string_view input, std::string* out) {
  if (input.size() < kSmallestWorthwhileInput) return false;
  const size_t start_size = out->size();
  const size_t limit = input.size() - kRequiredGain;  // more output than this is not worth it
  // The table is as large as the input deserves: clearing it must not cost more
  // than the work on a short value.
  const int bits = std::clamp(static_cast<int>(std::bit_width(input.size())), kLeastHashBits, kMostHashBits);
  uint32_t last_seen[size_t{1} << kMostHashBits];  // position plus one; 0: never
  std::fill_n(last_seen, size_t{1} << bits, 0u);
  const char* data = input.data();
  size_t literal_start = 0;
  size_t at = 0;
  while (at + 2 < input.size()) {
    uint32_t& entry = last_seen[HashOfThree(data + at, bits)];
    const size_t candidate = entry;
    entry = static_cast<uint32_t>(at + 1);
    const size_t from = candidate - 1;
    if (candidate == 0 || at - from > kMaxDistance || std::memcmp(data + from, data + at, 3) != 0) {
      ++at;
      continue;
    }
    size_t length = 3;
    const size_t longest = std::min(kMaxMatch, input.size() - at);
    while (length < longest && data[from + length] == data[at + length]) ++length;
    AppendLiterals(input.substr(literal_start, at - literal_start), out);
    AppendCopy(at - from, length, out);
    at += length;
    literal_start = at;
    if (out->size() - start_size > limit) break;
  }
  AppendLiterals(input.substr(literal_start), out);
  if (out->size() - start_size > limit) {
    out->resize(start_size);
    return false;
  }
  return true;
}

base::Result<std::string> LzfDecompress(std::string_view input, size_t expected_size) {
  std::string out(expected_size, '\0');
  char* const begin = out.data();
  size_t have = 0;
  size_t at = 0;
  while (at < input.size()) {
    const size_t control = static_cast<uint8_t>(input[at++]);
    if (control < kMaxLiteralRun) {
      const size_t run = control + 1;
      if (run > input.size() - at) return base::Error{"LZF literal run passes the end of its input"};
      if (run > expected_size - have) return base::Error{"LZF output is longer than announced"};
      std::memcpy(begin + have, input.data() + at, run);
      have += run;
      at += run;
      continue;
    }
    size_t length = control >> 5;
    if (length == 7) {
      if (at == input.size()) return base::Error{"LZF copy is cut short"};
      length += static_cast<uint8_t>(input[at++]);
    }
    length += 2;
    if (at == input.size()) return base::Error{"LZF copy is cut short"};
    const size_t distance = ((control & 0x1f) << 8 | static_cast<uint8_t>(input[at++])) + 1;
    if (distance > have) return base::Error{"LZF copy reaches before the start"};
    if (length > expected_size - have) return base::Error{"LZF output is longer than announced"};
    char* const to = begin + have;
    have += length;
    if (distance >= length) {
      std::memcpy(to, to - distance, length);
    } else if (distance == 1) {
      std::memset(to, to[-1], length);
    } else {
      // Byte by byte: the copy overlaps what it writes.
      for (size_t i = 0; i < length; ++i) to[i] = to[i - distance];
    }
  }
  if (have != expected_size) return base::Error{"LZF output is shorter than announced"};
  return out;
}

}  // namespace windlass::persistence
