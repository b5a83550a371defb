// Lengths and strings as RDB writes them, both ways. The reading side is told
// apart into done / need more bytes / bad, because a file or a socket is parsed
// as its bytes arrive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace windlass::persistence {

void AppendLength(uint64_t length, std::string* out);
// As the shortest of integer, LZF (if `compress`) and plain form.
void AppendString(std::string_view value, bool compress, std::string* out);
void AppendLittleEndian(uint64_t value, int bytes, std::string* out);

enum class ReadStatus { kDone, kNeedMore, kBad };

// Walks over bytes that may be cut anywhere. After kNeedMore or kBad the position
// is undefined; `bad_reason` says why for kBad.
class EncodingCursor {
 public:
  explicit EncodingCursor(std::string_view bytes) : bytes_(bytes) {}

  ReadStatus Byte(uint8_t* value) {
    if (const ReadStatus s = Need(1); s != ReadStatus::kDone) return s;
    *value = static_cast<uint8_t>(bytes_[position_++]);
    return ReadStatus::kDone;
  }
  ReadStatus LittleEndian(int bytes, uint64_t* value);
  // A plain length; a string encoding in its place is kBad.
  ReadStatus Length(uint64_t* length);
  ReadStatus String(std::string* value);
  // A view into the bytes where they are as they stand, else into *scratch.
  ReadStatus View(std::string_view* value, std::string* scratch);
  ReadStatus Skip(uint64_t bytes);

  size_t position() const { return position_; }
  // Back to where it was. REQUIRES: position <= position()
  void Return(size_t position) { position_ = position; }
  // After kNeedMore: the least number of bytes, from the start, worth trying again with.
  size_t wanted() const { return wanted_; }
  const std::string& bad_reason() const { return bad_reason_; }

  // Says why the bytes make no sense; returns kBad.
  ReadStatus Bad(std::string reason);

 private:
  ReadStatus Need(uint64_t bytes) {
    if (bytes <= bytes_.size() - position_) [[likely]] return ReadStatus::kDone;
    wanted_ = position_ + static_cast<size_t>(bytes);
    return ReadStatus::kNeedMore;
  }
  // `encoded` tells that *length is a string encoding.
  ReadStatus LengthOrEncoding(uint64_t* length, bool* encoded);
  ReadStatus EncodedString(uint64_t encoding, std::string* value);
  ReadStatus CompressedString(std::string* value);

  std::string_view bytes_;
  size_t position_ = 0;
  size_t wanted_ = 0;
  std::string bad_reason_;
};

}  // namespace windlass::persistence
