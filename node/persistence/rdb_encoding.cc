// See rdb_encoding.h.
#include "node/persistence/rdb_encoding.h"

#include <cstdint>
#include <utility>

#include "node/persistence/lzf.h"
#include "node/persistence/rdb_format.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

constexpr size_t kShortestCompressed = 21;  // below this LZF is not tried
constexpr size_t kLongestInteger = 11;      // "-2147483648"
// The biggest string any peer accepts is proto-max-bulk-len, at most 2^63; one value beyond
// this is damage, not data.
constexpr uint64_t kLongestString = uint64_t{1} << 40;

void AppendBigEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = bytes - 1; i >= 0; --i) out->push_back(static_cast<char>(value >> (8 * i)));
}

// The canonical decimal form of a 32-bit integer, which alone reads back unchanged.
bool ParseCanonicalInt32(std::string_view text, int64_t* value) {
  if (text.empty() || text.size() > kLongestInteger || (text[0] != '-' && (text[0] < '0' || text[0] > '9'))) return false;
  const auto integer = types::ParseInteger(text);
  if (!integer || *integer < INT32_MIN || *integer > INT32_MAX) return false;
  *value = *integer;
  return true;
}

void AppendInteger(int64_t value, std::string* out) {
  auto append = [out, value](RdbStringEncoding encoding, int bytes) {
    out->push_back(static_cast<char>(0xc0 | static_cast<uint8_t>(encoding)));
    AppendLittleEndian(static_cast<uint64_t>(value), bytes, out);
  };
  if (value >= -128 && value <= 127) return append(RdbStringEncoding::kInt8, 1);
  if (value >= -32768 && value <= 32767) return append(RdbStringEncoding::kInt16, 2);
  append(RdbStringEncoding::kInt32, 4);
}

// What stands before the compressed bytes tells their length: they are moved if it takes
// fewer bytes than the most it may.
bool AppendCompressed(std::string_view value, std::string* out) {
  const size_t at = out->size();
  const auto head = [&value](size_t packed) {
    std::string bytes(1, static_cast<char>(0xc0 | static_cast<uint8_t>(RdbStringEncoding::kLzf)));
    AppendLength(packed, &bytes);
    AppendLength(value.size(), &bytes);
    return bytes;
  };
  const std::string longest = head(value.size());
  out->append(longest);
  if (!LzfCompress(value, out)) {
    out->resize(at);
    return false;
  }
  out->replace(at, longest.size(), head(out->size() - at - longest.size()));
  return true;
}

}  // namespace

void AppendLittleEndian(uint64_t value, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) out->push_back(static_cast<char>(value >> (8 * i)));
}

void AppendLength(uint64_t length, std::string* out) {
  if (length < 64) {
    out->push_back(static_cast<char>(length));
  } else if (length < 16384) {
    out->push_back(static_cast<char>(0x40 | length >> 8));
    out->push_back(static_cast<char>(length & 0xff));
  } else if (length <= UINT32_MAX) {
    out->push_back(static_cast<char>(0x80));
    AppendBigEndian(length, 4, out);
  } else {
    out->push_back(static_cast<char>(0x81));
    AppendBigEndian(length, 8, out);
  }
}

void AppendString(std::string_view value, bool compress, std::string* out) {
  int64_t integer = 0;
  if (ParseCanonicalInt32(value, &integer)) return AppendInteger(integer, out);
  if (compress && value.size() >= kShortestCompressed && AppendCompressed(value, out)) return;
  AppendLength(value.size(), out);
  out->append(value);
}

ReadStatus EncodingCursor::Bad(std::string reason) {
  bad_reason_ = std::move(reason);
  return ReadStatus::kBad;
}

ReadStatus EncodingCursor::LittleEndian(int bytes, uint64_t* value) {
  if (const ReadStatus s = Need(static_cast<uint64_t>(bytes)); s != ReadStatus::kDone) return s;
  *value = 0;
  for (int i = 0; i < bytes; ++i) {
    *value |= static_cast<uint64_t>(static_cast<uint8_t>(bytes_[position_++])) << (8 * i);
  }
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::Skip(uint64_t bytes) {
  if (bytes > kLongestString) return Bad("a length of " + std::to_string(bytes) + " bytes");
  if (const ReadStatus s = Need(bytes); s != ReadStatus::kDone) return s;
  position_ += static_cast<size_t>(bytes);
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::LengthOrEncoding(uint64_t* length, bool* encoded) {
  uint8_t first = 0;
  *encoded = false;
  if (const ReadStatus s = Byte(&first); s != ReadStatus::kDone) return s;
  if (first >> 6 == 0) {
    *length = first;
    return ReadStatus::kDone;
  }
  if (first >> 6 == 3) {
    *encoded = true;
    *length = first & 0x3f;
    return ReadStatus::kDone;
  }
  int bytes = 1;
  uint64_t value = first & 0x3f;
  if (first >> 6 == 2) {
    if (first != 0x80 && first != 0x81) return Bad("an unknown length form " + std::to_string(first));
    bytes = first == 0x80 ? 4 : 8;
    value = 0;
  }
  if (const ReadStatus s = Need(static_cast<uint64_t>(bytes)); s != ReadStatus::kDone) return s;
  for (; bytes > 0; --bytes) value = value << 8 | static_cast<uint8_t>(bytes_[position_++]);
  *length = value;
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::Length(uint64_t* length) {
  bool encoded = false;
  const ReadStatus s = LengthOrEncoding(length, &encoded);
  if (s == ReadStatus::kDone && encoded) return Bad("a string where a length belongs");
  return s;
}

ReadStatus EncodingCursor::CompressedString(std::string* value) {
  uint64_t packed = 0;
  uint64_t plain = 0;
  if (const ReadStatus s = Length(&packed); s != ReadStatus::kDone) return s;
  if (const ReadStatus s = Length(&plain); s != ReadStatus::kDone) return s;
  if (packed > kLongestString || plain > packed * kMostLzfExpansion) {
    return Bad("a compressed string that claims " + std::to_string(plain) + " bytes");
  }
  if (const ReadStatus s = Need(packed); s != ReadStatus::kDone) return s;
  auto unpacked = LzfDecompress(bytes_.substr(position_, packed), static_cast<size_t>(plain));
  if (!unpacked.ok()) return Bad(unpacked.error());
  position_ += packed;
  *value = std::move(unpacked).value();
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::EncodedString(uint64_t encoding, std::string* value) {
  if (encoding == static_cast<uint64_t>(RdbStringEncoding::kLzf)) return CompressedString(value);
  if (encoding > static_cast<uint64_t>(RdbStringEncoding::kInt32)) {
    return Bad("an unknown string encoding " + std::to_string(encoding));
  }
  const int bytes = 1 << encoding;
  uint64_t raw = 0;
  if (const ReadStatus s = LittleEndian(bytes, &raw); s != ReadStatus::kDone) return s;
  const int unused_bits = 64 - 8 * bytes;
  *value = std::to_string(static_cast<int64_t>(raw << unused_bits) >> unused_bits);
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::View(std::string_view* value, std::string* scratch) {
  uint64_t length = 0;
  bool encoded = false;
  if (const ReadStatus s = LengthOrEncoding(&length, &encoded); s != ReadStatus::kDone) return s;
  if (encoded) {
    const ReadStatus s = EncodedString(length, scratch);
    *value = *scratch;
    return s;
  }
  if (length > kLongestString) return Bad("a string of " + std::to_string(length) + " bytes");
  if (const ReadStatus s = Need(length); s != ReadStatus::kDone) return s;
  *value = bytes_.substr(position_, length);
  position_ += length;
  return ReadStatus::kDone;
}

ReadStatus EncodingCursor::String(std::string* value) {
  std::string_view view;
  const ReadStatus s = View(&view, value);
  if (s == ReadStatus::kDone && view.data() != value->data()) value->assign(view);
  return s;
}

}  // namespace windlass::persistence
