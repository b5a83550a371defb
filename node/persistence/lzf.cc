// The compressor finds repeats through a table of the last place each hash of
// three bytes was seen; it is greedy and looks at one candidate only.
#include "node/persistence/lzf.h"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <utility>

namespace windlass::persistence {
namespace {

constexpr size_t kMaxLiteralRun = 32;
constexpr size_t kMaxDistance = 8192;
constexpr size_t kMaxMatch = 264;
constexpr int kMostHashBits = 13;
constexpr int kLeastHashBits = 7;
constexpr size_t kSmallestWorthwhileInput = 5;
constexpr size_t kRequiredGain = 4;

constexpr size_t kPatience = 5;  // after 2^kPatience misses in a row steps grow by one

// Three bytes of the four at `p`, little-endian.
uint32_t ThreeAt(const char* p) {
  uint32_t v = 0;
  std::memcpy(&v, p, sizeof v);
  return v & 0xffffff;
}

uint32_t HashOf(uint32_t three, int bits) { return three * 2654435761u >> (32 - bits); }

size_t LiteralBytes(size_t run) { return run + (run + kMaxLiteralRun - 1) / kMaxLiteralRun; }

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

// Where a place was last seen: numbers of 16 bits while they suffice, for clearing the table
// is a good part of the work on a short value.
template <typename Number>
bool Compress(std::string_view input, std::string* out) {
  const size_t start_size = out->size();
  const size_t limit = input.size() - kRequiredGain;  // more output than this is not worth it
  const int bits = std::clamp(static_cast<int>(std::bit_width(input.size())), kLeastHashBits, kMostHashBits);
  Number last_seen[size_t{1} << kMostHashBits];  // position plus one; 0: never
  std::fill_n(last_seen, size_t{1} << bits, Number{0});
  const char* data = input.data();
  size_t literal_start = 0;
  size_t misses = 0;
  size_t at = 0;
  while (at + 3 < input.size()) {
    const uint32_t here = ThreeAt(data + at);
    Number& entry = last_seen[HashOf(here, bits)];
    const size_t candidate = entry;
    entry = static_cast<Number>(at + 1);
    const size_t from = candidate - 1;
    if (candidate == 0 || at - from > kMaxDistance || ThreeAt(data + from) != here) {
      at += 1 + (misses++ >> kPatience);
      continue;
    }
    misses = 0;
    size_t length = 3;
    const size_t longest = std::min(kMaxMatch, input.size() - at);
    while (length < longest && data[from + length] == data[at + length]) ++length;
    AppendLiterals(input.substr(literal_start, at - literal_start), out);
    AppendCopy(at - from, length, out);
    at += length;
    literal_start = at;
    if (out->size() - start_size > limit) break;
  }
  // What is longer in all is not written out first.
  const std::string_view rest = input.substr(literal_start);
  if (out->size() - start_size + LiteralBytes(rest.size()) <= limit) {
    AppendLiterals(rest, out);
    return true;
  }
  out->resize(start_size);
  return false;
}

constexpr char kTooLong[] = "LZF output is longer than announced";

// What is `distance` back from `to`, again.
inline void CopyBack(char* to, size_t distance, size_t length) {
  const char* const from = to - distance;
  if (distance >= length) {
    std::memcpy(to, from, length);
  } else if (distance == 1) {
    std::memset(to, *from, length);
  } else {
    // Byte by byte: the copy overlaps what it writes.
    for (size_t i = 0; i < length; ++i) to[i] = from[i];
  }
}

}  // namespace

bool LzfCompress(std::string_view input, std::string* out) {
  if (input.size() < kSmallestWorthwhileInput) return false;
  return input.size() < UINT16_MAX ? Compress<uint16_t>(input, out) : Compress<uint32_t>(input, out);
}

// Places are kept in locals: a store through out_ could change members, as far as the
// compiler knows.
void LzfUnpacker::Take(std::string_view input) {
  size_t have = have_;
  size_t at = at_;
  while (at < input.size() && fault_ == nullptr) {
    const size_t left = input.size() - at;
    const size_t control = static_cast<uint8_t>(input[at]);
    if (control < kMaxLiteralRun) {
      const size_t run = control + 1;
      if (run >= left) break;
      if (run > expected_size_ - have) fault_ = kTooLong;
      if (fault_ != nullptr) break;
      std::memcpy(out_ + have, input.data() + at + 1, run);
      have += run;
      at += 1 + run;
      continue;
    }
    const size_t head = control >> 5 == 7 ? 3 : 2;
    if (head > left) break;
    const size_t length = (control >> 5) + (head == 3 ? static_cast<uint8_t>(input[at + 1]) : 0) + 2;
    const size_t distance = ((control & 0x1f) << 8 | static_cast<uint8_t>(input[at + head - 1])) + 1;
    if (distance > have) fault_ = "LZF copy reaches before the start";
    if (length > expected_size_ - have) fault_ = kTooLong;
    if (fault_ != nullptr) break;
    CopyBack(out_ + have, distance, length);
    have += length;
    at += head;
  }
  have_ = have;
  at_ = at;
}

std::string LzfUnpacker::Fault(std::string_view input) const {
  if (fault_ != nullptr) return fault_;
  if (at_ != input.size()) return "LZF input is cut short";
  return have_ == expected_size_ ? "" : "LZF output is shorter than announced";
}

base::Result<std::string> LzfDecompress(std::string_view input, size_t expected_size) {
  std::string out(expected_size, '\0');
  LzfUnpacker unpacker(out.data(), expected_size);
  unpacker.Take(input);
  if (std::string fault = unpacker.Fault(input); !fault.empty()) return base::Error{std::move(fault)};
  return out;
}

}  // namespace windlass::persistence
