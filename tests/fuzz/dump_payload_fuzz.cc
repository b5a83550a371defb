// Arbitrary bytes as the payload of RESTORE or of a key that MIGRATE brings. The
// checksum is looked at too, but a fuzzer hardly gets past it, so the payload is
// also read without. What is accepted must come back the same from DUMP.
#include <cstdlib>
#include <string_view>

#include "node/persistence/dump_payload.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace windlass::persistence;
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  const RestoredValue checked = ParseDumpPayload(payload, /*verify_checksum=*/true);
  const RestoredValue value = ParseDumpPayload(payload, /*verify_checksum=*/false);
  if (checked.fault == PayloadFault::kNone && value.fault != PayloadFault::kNone) std::abort();
  if (value.fault != PayloadFault::kNone) {
    if (value.detail.empty()) std::abort();
    return 0;
  }
  const RestoredValue again = ParseDumpPayload(DumpString(value.string));
  if (again.fault != PayloadFault::kNone || again.string != value.string) std::abort();
  return 0;
}
