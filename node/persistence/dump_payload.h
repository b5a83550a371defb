// One value as DUMP, RESTORE and MIGRATE carry it: a type byte, the value as RDB
// writes it, two bytes of RDB version and a CRC-64 over all before it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/keyspace/entry.h"
#include "node/types/blob.h"
#include "node/types/limits.h"

namespace windlass::persistence {

std::string DumpString(std::string_view value);
std::string DumpValue(const keyspace::Entry& entry);

enum class PayloadFault {
  kNone,
  kVersionOrChecksum,  // "DUMP payload version or checksum are wrong"
  kBadFormat,          // "Bad data format"
};

struct RestoredValue {
  PayloadFault fault = PayloadFault::kNone;
  std::string detail;  // for the log, if fault
  std::unique_ptr<types::Object> object;
  types::OwnedBlob blob;  // a string that came in pieces
  // The value, if there is neither fault nor object nor blob.
  std::string_view text() const { return plain.data() != nullptr ? plain : string; }

  std::string_view plain;  // where it stands in the payload as it is
  std::string string;      // else
};

// `limits`: by which a container is encoded.
RestoredValue ParseDumpPayload(std::string_view payload, bool verify_checksum = true,
                               const types::Limits& limits = {});

RestoredValue RefusedPayload(PayloadFault fault, std::string detail);
// What is before the footer.
RestoredValue ParsePayloadBody(std::string_view body, const types::Limits& limits);

// What stands behind every payload: its version and checksum.
inline constexpr size_t kPayloadFooterBytes = 10;
// `checksum`: of what was before out[begin].
void AppendPayloadFooter(size_t begin, uint64_t checksum, std::string* out);
inline void AppendPayloadFooter(std::string* out) { AppendPayloadFooter(0, 0, out); }
// Empty if it is right. `checksum`: of all before it; none: it may be any.
std::string PayloadFooterFault(std::string_view payload, std::optional<uint64_t> checksum);
// Of all but the checksum in it.
uint64_t PayloadChecksum(std::string_view payload);
// What is before it. REQUIRES: it was right
std::string_view PayloadBody(std::string_view payload);

}  // namespace windlass::persistence
