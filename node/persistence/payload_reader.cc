// See payload_reader.h.
#include "node/persistence/payload_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "node/base/letter_case.h"
#include "node/persistence/crc64.h"
#include "node/persistence/lzf.h"
#include "node/persistence/object_codec.h"
#include "node/resp/request_parser.h"

namespace windlass::persistence {
namespace {

constexpr size_t kPayloadArgument = 3;
constexpr size_t kTypeBytes = 1;
constexpr uint8_t kPackedForm = 0xc0 | static_cast<uint8_t>(RdbStringEncoding::kLzf);
// Beyond this a length is not believed before the bytes are there.
constexpr size_t kLargestReadAhead = size_t{1} << 30;

bool IsRestore(std::string_view name) {
  return base::EqualsNoCase(name, "RESTORE") || base::EqualsNoCase(name, "RESTORE-ASKING");
}

}  // namespace

PayloadReader::PayloadReader(size_t bytes, const types::Limits& limits) : bytes_(bytes), limits_(limits) {}

PayloadReader::~PayloadReader() = default;

std::string_view PayloadReader::BodyOf(std::string_view payload) const {
  return payload.substr(0, std::max(bytes_, kPayloadFooterBytes) - kPayloadFooterBytes);
}

void PayloadReader::Take(std::string_view payload) {
  const std::string_view summed = payload.substr(0, std::max(bytes_, kRdbChecksumSize) - kRdbChecksumSize);
  checksum_ = Crc64(checksum_, summed.substr(summed_));
  summed_ = summed.size();
  TakeBody(BodyOf(payload));
}

void PayloadReader::TakeBody(std::string_view body) {
  constexpr size_t kHeadBytes = 16;  // a type and a length
  if (!begun_) {
    if (body.size() < kHeadBytes) return;
    begun_ = true;
    const auto type = static_cast<RdbType>(body.front());
    if (type == RdbType::kString) return BeginText(body);
    if (BlobConverterOf(type) != nullptr) return;
    reader_ = MakeObjectReader(type, limits_);
    in_parts_ = reader_ != nullptr;
    taken_ = 1;
  }
  if (reader_ != nullptr && body.size() >= wanted_) TakeParts(body);
  if (text_ == nullptr) return;
  if (unpacker_ != nullptr) return unpacker_->Take(body.substr(text_at_));
  const std::string_view fresh = body.substr(taken_);
  std::memcpy(text_->bytes().data() + (taken_ - text_at_), fresh.data(), fresh.size());
  taken_ += fresh.size();
}

// REQUIRES: the head is there. Only if all the payload is one string: the rest is read at once.
void PayloadReader::BeginText(std::string_view body) {
  constexpr uint8_t kLengthForms = 0x80;  // these lengths stand for that many bytes as they are
  if (static_cast<uint8_t>(body[kTypeBytes]) == kPackedForm) return BeginPackedText(body);
  if ((static_cast<uint8_t>(body[kTypeBytes]) & 0xfe) != kLengthForms) return;
  EncodingCursor cursor(body.substr(kTypeBytes));
  uint64_t length = 0;
  if (cursor.Length(&length) != ReadStatus::kDone) return;
  text_at_ = kTypeBytes + cursor.position();
  if (length == 0 || length != bytes_ - kPayloadFooterBytes - text_at_) return;
  text_.reset(types::Blob::CreateUnset(length));
  taken_ = text_at_;
  TakeBody(body);
}

void PayloadReader::BeginPackedText(std::string_view body) {
  EncodingCursor cursor(body.substr(kTypeBytes + 1));
  uint64_t packed = 0;
  uint64_t plain = 0;
  if (cursor.Length(&packed) != ReadStatus::kDone || cursor.Length(&plain) != ReadStatus::kDone) return;
  text_at_ = kTypeBytes + 1 + cursor.position();
  if (packed != bytes_ - kPayloadFooterBytes - text_at_ || plain == 0) return;
  if (plain > kLargestReadAhead || plain > packed * kMostLzfExpansion) return;
  text_.reset(types::Blob::CreateUnset(plain));
  unpacker_ = std::make_unique<LzfUnpacker>(text_->bytes().data(), plain);
  TakeBody(body);
}

void PayloadReader::TakeParts(std::string_view body) {
  EncodingCursor cursor(body.substr(taken_));
  while (!reader_->complete()) {
    const size_t part_at = cursor.position();
    const ReadStatus status = reader_->ReadPart(&cursor);
    if (status == ReadStatus::kDone) continue;
    if (status == ReadStatus::kBad) {
      bad_ = cursor.bad_reason();
      reader_.reset();
      return;
    }
    wanted_ = taken_ + cursor.wanted();
    taken_ += part_at;
    return;
  }
  taken_ += cursor.position();
  object_ = reader_->Take();
  reader_.reset();
  if (object_ == nullptr) bad_ = "a container without elements";
}

RestoredValue PayloadReader::Finish(std::string_view payload, bool verify_checksum) {
  Take(payload);
  const std::string fault = PayloadFooterFault(payload, verify_checksum ? std::make_optional(checksum_) : std::nullopt);
  if (!fault.empty()) return RefusedPayload(PayloadFault::kVersionOrChecksum, fault);
  if (unpacker_ != nullptr) bad_ = unpacker_->Fault(BodyOf(payload).substr(text_at_));
  if (text_ != nullptr && bad_.empty()) {
    RestoredValue value;
    value.blob = std::move(text_);
    return value;
  }
  if (!bad_.empty()) return RefusedPayload(PayloadFault::kBadFormat, bad_);
  if (!in_parts_) return ParsePayloadBody(BodyOf(payload), limits_);
  if (object_ == nullptr) return RefusedPayload(PayloadFault::kBadFormat, "cut short");
  if (taken_ != BodyOf(payload).size()) return RefusedPayload(PayloadFault::kBadFormat, "bytes after the value");
  RestoredValue value;
  value.object = std::move(object_);
  return value;
}

void ReadAhead(const resp::RequestParser& parser, std::string_view buffer, const types::Limits& limits,
               std::shared_ptr<PayloadReader>* reader) {
  const resp::RequestParser::CutArgument cut = parser.cut();
  if (cut.index != kPayloadArgument || cut.bytes < PayloadReader::kLarge || cut.bytes > kLargestReadAhead) return;
  if (*reader == nullptr) {
    if (!IsRestore(parser.ArgumentBeforeCut(buffer, 0))) return;
    *reader = std::make_shared<PayloadReader>(cut.bytes, limits);
  }
  (*reader)->Take(buffer.substr(cut.begin, cut.bytes));
}

}  // namespace windlass::persistence
