// One value as DUMP, RESTORE and MIGRATE carry it: a type byte, the value as RDB
// writes it, two bytes of RDB version and a CRC-64 over all before it.
#pragma once

#include <string>
#include <string_view>

#include "node/base/result.h"

namespace windlass::persistence {

std::string DumpString(std::string_view value);

enum class PayloadFault {
  kNone,
  kVersionOrChecksum,  // "DUMP payload version or checksum are wrong"
  kBadFormat,          // "Bad data format"
};

struct RestoredValue {
  PayloadFault fault = PayloadFault::kNone;
  std::string detail;  // for the log, if fault
  std::string string;  // the value, if not
};

RestoredValue ParseDumpPayload(std::string_view payload, bool verify_checksum = true);

}  // namespace windlass::persistence
