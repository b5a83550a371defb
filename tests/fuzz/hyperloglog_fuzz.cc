// Arbitrary bytes as a string that HyperLogLog commands are used on, as SET and RESTORE
// let anybody store. Read, then changed as its own first bytes say: nothing may be read or
// written outside, and what is sound stays so and holds what an array of registers holds.
#include <algorithm>
#include <string>
#include <string_view>

#include "node/types/hyperloglog.h"
#include "tests/fuzz/input.h"

namespace {

using namespace windlass::types;

void ChangeSoundOne(std::string bytes, HllRegisters model, std::string_view changes) {
  for (size_t i = 0; i + 3 <= changes.size(); i += 3) {
    const int index = (static_cast<uint8_t>(changes[i]) << 8 | static_cast<uint8_t>(changes[i + 1])) % kHllRegisters;
    const HllHit hit{index, static_cast<uint8_t>(1 + static_cast<uint8_t>(changes[i + 2]) % 51)};
    uint8_t& held = model[static_cast<size_t>(index)];
    const HllChange expected = held < hit.rank ? HllChange::kRaised : HllChange::kNone;
    held = std::max(held, hit.rank);
    Require(HllRaise(&bytes, hit, 400) == expected);
    Require(IsHyperLogLog(bytes) && HllRegisterAt(bytes, index) == held);
  }
  HllRegisters registers = {};
  Require(HllMergeInto(bytes, &registers) && registers == model);
  Require(HllCount(bytes) == HllCount(model));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  if (!IsHyperLogLog(bytes)) return 0;
  HllRegisters registers = {};
  const bool sound = HllMergeInto(bytes, &registers);
  (void)HllRegisterAt(bytes, kHllRegisters - 1);
  (void)HllCachedCount(bytes);
  if (HllEncodingOf(bytes) == HllEncoding::kSparse) {
    (void)HllRunsAsText(bytes);
    std::string dense = bytes;
    Require(HllToDense(&dense) == sound);
  }
  const auto count = HllCount(bytes);
  Require(count.has_value() == sound);
  if (sound) Require(count == HllCount(registers));
  const std::string_view changes = std::string_view(bytes).substr(kHllHeaderBytes, 300);
  if (sound) {
    ChangeSoundOne(bytes, registers, changes);
    return 0;
  }
  std::string corrupt = bytes;
  for (size_t i = 0; i + 2 <= changes.size(); i += 2) {
    const int index = (static_cast<uint8_t>(changes[i]) << 8 | static_cast<uint8_t>(changes[i + 1])) % kHllRegisters;
    (void)HllRaise(&corrupt, {index, static_cast<uint8_t>(1 + i % 40)}, 400);
  }
  return 0;
}
