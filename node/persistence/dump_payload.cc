// See dump_payload.h.
#include "node/persistence/dump_payload.h"

#include "node/persistence/crc64.h"
#include "node/persistence/object_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_format.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

constexpr size_t kVersionSize = 2;
constexpr size_t kFooterSize = kVersionSize + kRdbChecksumSize;

RestoredValue Refused(PayloadFault fault, std::string detail) {
  RestoredValue refused;
  refused.fault = fault;
  refused.detail = std::move(detail);
  return refused;
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

void AppendPayloadFooter(std::string* out) {
  AppendLittleEndian(kRdbWrittenVersion, kVersionSize, out);
  AppendLittleEndian(Crc64(0, *out), kRdbChecksumSize, out);
}

std::string PayloadFooterFault(std::string_view payload, bool verify_checksum) {
  if (payload.size() < kFooterSize) return "shorter than its footer";
  EncodingCursor footer(payload.substr(payload.size() - kFooterSize));
  uint64_t version = 0;
  uint64_t checksum = 0;
  footer.LittleEndian(kVersionSize, &version);
  footer.LittleEndian(kRdbChecksumSize, &checksum);
  if (version > kRdbNewestReadable) return "version " + std::to_string(version);
  if (verify_checksum && Crc64(0, payload.substr(0, payload.size() - kRdbChecksumSize)) != checksum) {
    return "the checksum differs";
  }
  return "";
}

std::string_view PayloadBody(std::string_view payload) { return payload.substr(0, payload.size() - kFooterSize); }

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

RestoredValue ParseDumpPayload(std::string_view payload, bool verify_checksum, const types::Limits& limits) {
  const std::string fault =
      payload.size() == kFooterSize ? "nothing before its footer" : PayloadFooterFault(payload, verify_checksum);
  if (!fault.empty()) return Refused(PayloadFault::kVersionOrChecksum, fault);
  const std::string_view body = PayloadBody(payload);
  EncodingCursor cursor(body);
  uint8_t type = 0;
  cursor.Byte(&type);
  RestoredValue value;
  const ReadStatus status = static_cast<RdbType>(type) == RdbType::kString ? cursor.String(&value.string)
                                                                          : ReadObject(type, limits, &cursor, &value);
  if (status == ReadStatus::kBad) return Refused(PayloadFault::kBadFormat, cursor.bad_reason());
  if (status == ReadStatus::kNeedMore) return Refused(PayloadFault::kBadFormat, "cut short");
  if (cursor.position() != body.size()) return Refused(PayloadFault::kBadFormat, "bytes after the value");
  return value;
}

}  // namespace windlass::persistence
