// See ziplist.h.
//
// ziplist: bytes (4), offset of the last entry (4), entries (2), then entries of
// { length of the one before (1, or 0xFE and 4), encoding, data }, then 0xFF.
// zipmap: fields (1), then { length, field, length, unused(1), value, unused bytes },
// then 0xFF; a length is one byte, or 0xFE and four.
#include "node/persistence/ziplist.h"

#include <cstdint>
#include <string>

namespace windlass::persistence {
namespace {

constexpr uint8_t kEnd = 0xff;
constexpr uint8_t kLong = 0xfe;
constexpr size_t kZiplistHeader = 10;
constexpr uint16_t kCountUnknown = 0xffff;

// Takes bytes from the front; after a failure every result is zero or empty.
class Bytes {
 public:
  explicit Bytes(std::string_view bytes) : bytes_(bytes) {}
  bool ok() const { return ok_; }
  bool empty() const { return bytes_.empty(); }
  uint8_t Peek() { return Has(1) ? static_cast<uint8_t>(bytes_[0]) : 0; }
  uint8_t Byte() { return static_cast<uint8_t>(Little(1)); }
  std::string_view Take(size_t count) {
    if (!Has(count)) return {};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  uint64_t Little(size_t count) {
    uint64_t value = 0;
    const std::string_view taken = Take(count);
    for (size_t i = taken.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(taken[i]);
    return value;
  }
  int64_t SignedLittle(size_t count) {
    const size_t unused = 64 - 8 * count;
    return static_cast<int64_t>(Little(count) << unused) >> unused;
  }
  uint64_t Big(size_t count) {
    uint64_t value = 0;
    for (const char c : Take(count)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }
  void Fail() { ok_ = false; }

 private:
  bool Has(size_t count) {
    ok_ = ok_ && count <= bytes_.size();
    return ok_;
  }
  std::string_view bytes_;
  bool ok_ = true;
};

std::string Number(int64_t value) { return std::to_string(value); }

// The data of one ziplist entry, of which the first byte says what it is.
std::string Entry(Bytes* bytes) {
  const uint8_t code = bytes->Byte();
  switch (code >> 6) {
    case 0: return std::string(bytes->Take(code & 0x3f));
    case 1: {
      const size_t high = code & 0x3f;
      return std::string(bytes->Take(high << 8 | bytes->Byte()));
    }
    case 2: return std::string(bytes->Take(bytes->Big(4)));
    default: break;
  }
  switch (code) {
    case 0xc0: return Number(bytes->SignedLittle(2));
    case 0xd0: return Number(bytes->SignedLittle(4));
    case 0xe0: return Number(bytes->SignedLittle(8));
    case 0xf0: return Number(bytes->SignedLittle(3));
    case 0xfe: return Number(bytes->SignedLittle(1));
    default: break;
  }
  if (code > 0xf0 && code < 0xfe) return Number((code & 15) - 1);
  bytes->Fail();
  return {};
}

}  // namespace

bool ReadZiplist(std::string_view bytes, types::Listpack* out) {
  Bytes rest(bytes);
  const uint64_t total = rest.Little(4);
  rest.Little(4);
  const uint64_t count = rest.Little(2);
  if (!rest.ok() || total != bytes.size() || bytes.size() <= kZiplistHeader) return false;
  size_t found = 0;
  while (rest.ok() && rest.Peek() != kEnd) {
    if (rest.Byte() == kLong) rest.Take(4);
    const std::string element = Entry(&rest);
    if (!rest.ok()) return false;
    out->Append(element);
    ++found;
  }
  rest.Byte();
  return rest.ok() && rest.empty() && (count == kCountUnknown || count == found);
}

bool ReadZipmap(std::string_view bytes, types::Listpack* out) {
  Bytes rest(bytes);
  rest.Byte();  // the number of fields, or 0xFE for many
  const auto length = [&rest]() -> size_t {
    const uint8_t first = rest.Byte();
    if (first == kEnd) rest.Fail();
    return first == kLong ? rest.Little(4) : first;
  };
  while (rest.ok() && rest.Peek() != kEnd) {
    const std::string_view field = rest.Take(length());
    const size_t value_bytes = length();
    const size_t unused = rest.Byte();
    const std::string_view value = rest.Take(value_bytes);
    rest.Take(unused);
    if (!rest.ok()) return false;
    out->Append(field);
    out->Append(value);
  }
  rest.Byte();
  return rest.ok() && rest.empty();
}

}  // namespace windlass::persistence
