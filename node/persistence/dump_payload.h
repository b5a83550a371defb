// One value as DUMP, RESTORE and MIGRATE carry it: a type byte, the value as RDB
// writes it, two bytes of RDB version and a CRC-64 over all before it.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/keyspace/entry.h"
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
  std::string string;  // the value, if not and there is no object
  std::unique_ptr<types::Object> object;
};

// `limits`: by which a container is encoded.
RestoredValue ParseDumpPayload(std::string_view payload, bool verify_checksum = true,
                               const types::Limits& limits = {});

// What stands behind every payload.
void AppendPayloadFooter(std::string* out);
// Empty if it is right.
std::string PayloadFooterFault(std::string_view payload, bool verify_checksum);
// What is before it. REQUIRES: it was right
std::string_view PayloadBody(std::string_view payload);

}  // namespace windlass::persistence
