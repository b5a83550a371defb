// See dump_payload.h.
#include "node/persistence/dump_payload.h"

#include <algorithm>

#include "node/persistence/crc64.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

constexpr size_t kVersionSize = 2;
static_assert(kPayloadFooterBytes == kVersionSize + kRdbChecksumSize);

ReadStatus ReadText(EncodingCursor* cursor, RestoredValue* value) {
  std::string_view text;
  const ReadStatus status = cursor->View(&text, &value->string);
  if (status == ReadStatus::kDone && text.data() != value->string.data()) value->plain = text;
  return status;
}

ReadStatus ReadObject(uint8_t type, const types::Limits& limits, EncodingCursor* cursor, RestoredValue* value) {
  if (const BlobConverter convert = BlobConverterOf(static_cast<RdbType>(type))) {
    std::string scratch;
    const ReadStatus s = ReadBlob(convert, limits, cursor, &scratch, &value->object);
    if (s != ReadStatus::kDone) return s;
    return value->object != nullptr ? s : cursor->Bad("a container without elements");
  }
  const std::unique_ptr<ObjectReader> reader = MakeObjectReader(static_cast<RdbType>(type), limits);
  if (reader == nullptr) {
    const std::string_view name = RdbTypeName(type);
    return cursor->Bad(name.empty() ? "unknown type " + std::to_string(type)
                                    : "a " + std::string(name) + " is not supported yet");
  }
  while (!reader->complete()) {
    if (const ReadStatus s = reader->ReadPart(cursor); s != ReadStatus::kDone) return s;
  }
  value->object = reader->Take();
  return value->object != nullptr ? ReadStatus::kDone : cursor->Bad("a container without elements");
}

}  // namespace

void AppendPayloadFooter(size_t begin, uint64_t checksum, std::string* out) {
  AppendLittleEndian(kRdbWrittenVersion, kVersionSize, out);
  AppendLittleEndian(Crc64(checksum, std::string_view(*out).substr(begin)), kRdbChecksumSize, out);
}

std::string PayloadFooterFault(std::string_view payload, std::optional<uint64_t> checksum) {
  if (payload.size() < kPayloadFooterBytes) return "shorter than its footer";
  EncodingCursor footer(payload.substr(payload.size() - kPayloadFooterBytes));
  uint64_t version = 0;
  uint64_t stored = 0;
  footer.LittleEndian(kVersionSize, &version);
  footer.LittleEndian(kRdbChecksumSize, &stored);
  if (version > kRdbNewestReadable) return "version " + std::to_string(version);
  return checksum && *checksum != stored ? "the checksum differs" : "";
}

uint64_t PayloadChecksum(std::string_view payload) {
  return Crc64(0, payload.substr(0, std::max(payload.size(), kRdbChecksumSize) - kRdbChecksumSize));
}

std::string_view PayloadBody(std::string_view payload) { return payload.substr(0, payload.size() - kPayloadFooterBytes); }

std::string DumpString(std::string_view value) {
  std::string out;
  out.push_back(static_cast<char>(RdbType::kString));
  AppendString(value, /*compress=*/true, &out);
  AppendPayloadFooter(&out);
  return out;
}

std::string DumpValue(const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    return DumpString(entry.Text(digits));
  }
  std::string out;
  out.push_back(static_cast<char>(RdbTypeOf(*entry.object())));
  AppendObject(*entry.object(), /*compress=*/true, &out);
  AppendPayloadFooter(&out);
  return out;
}

RestoredValue RefusedPayload(PayloadFault fault, std::string detail) {
  RestoredValue refused;
  refused.fault = fault;
  refused.detail = std::move(detail);
  return refused;
}

RestoredValue ParseDumpPayload(std::string_view payload, bool verify_checksum, const types::Limits& limits) {
  const auto checksum = verify_checksum ? std::make_optional(PayloadChecksum(payload)) : std::nullopt;
  const std::string fault =
      payload.size() == kPayloadFooterBytes ? "nothing before its footer" : PayloadFooterFault(payload, checksum);
  if (!fault.empty()) return RefusedPayload(PayloadFault::kVersionOrChecksum, fault);
  return ParsePayloadBody(PayloadBody(payload), limits);
}

RestoredValue ParsePayloadBody(std::string_view body, const types::Limits& limits) {
  EncodingCursor cursor(body);
  uint8_t type = 0;
  cursor.Byte(&type);
  RestoredValue value;
  const ReadStatus status = static_cast<RdbType>(type) == RdbType::kString ? ReadText(&cursor, &value)
                                                                          : ReadObject(type, limits, &cursor, &value);
  if (status == ReadStatus::kBad) return RefusedPayload(PayloadFault::kBadFormat, cursor.bad_reason());
  if (status == ReadStatus::kNeedMore) return RefusedPayload(PayloadFault::kBadFormat, "cut short");
  if (cursor.position() != body.size()) return RefusedPayload(PayloadFault::kBadFormat, "bytes after the value");
  return value;
}

}  // namespace windlass::persistence
