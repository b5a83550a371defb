// Arbitrary bytes as the file in which a node keeps what it must know of atomic
// migrations. What is accepted is written as it was understood.
#include <string_view>

#include "node/migration/job_records.h"
#include "tests/fuzz/input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using windlass::migration::JobRecords;
  const auto records = JobRecords::Parse({reinterpret_cast<const char*>(data), size});
  if (!records.ok()) return 0;
  const std::string text = records->Text();
  const auto again = JobRecords::Parse(text);
  Require(again.ok() && again->Text() == text && again->all().size() == records->all().size());
  return 0;
}
