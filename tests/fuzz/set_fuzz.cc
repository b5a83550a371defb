// Operations on a set read from the input, against a std::set, across its three forms and
// with scans under way; the intset beside it, and any bytes as an intset of a file.
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "node/base/random.h"
#include "node/types/number.h"
#include "node/types/set.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scan_promise.h"

namespace {

using windlass::types::Encoding;
using windlass::types::Intset;
using windlass::types::Limits;
using windlass::types::ParseInteger;
using windlass::types::Set;

using Model = std::set<std::string>;

void CompareAll(const Set& set, const Model& model) {
  Model found;
  set.ForEach([&found](std::string_view member) { Require(found.emplace(member).second); });
  Require(found == model);
}

void CompareInts(const Intset& ints, const std::set<int64_t>& model) {
  Require(ints.size() == model.size());
  size_t at = 0;
  for (const int64_t value : model) Require(ints.At(at++) == value && ints.Contains(value));
  const auto again = Intset::Parse(ints.bytes());
  Require(again.has_value() && again->bytes() == ints.bytes());
}

// What is accepted is in order and can be changed.
void TakeBytes(const uint8_t* data, size_t size) {
  auto ints = Intset::Parse({reinterpret_cast<const char*>(data), size});
  if (!ints) return;
  for (size_t i = 1; i < ints->size(); ++i) Require(ints->At(i - 1) < ints->At(i));
  const size_t before = ints->size();
  Require(ints->Add(INT64_MIN) == (ints->size() != before));
  Require(ints->Erase(INT64_MIN) && !ints->Contains(INT64_MIN));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  TakeBytes(data, size);
  Input input(data, size);
  Limits limits;
  limits.set_max_intset_entries = input.Byte() % 40;
  limits.set_max_listpack_entries = input.Byte() % 40;
  limits.set_max_listpack_value = input.Byte() % 80;
  Set set;
  Intset ints;
  Model model;
  std::set<int64_t> int_model;
  std::optional<ScanPromise> scan;
  windlass::base::Random random(1);
  const auto add = [&](const std::string& member) {
    Require(set.Add(member, limits) == model.insert(member).second);
    if (const auto value = ParseInteger(member)) Require(ints.Add(*value) == int_model.insert(*value).second);
  };
  const auto erase = [&](const std::string& member) {
    Require(set.Erase(member) == (model.erase(member) == 1));
    if (const auto value = ParseInteger(member)) Require(ints.Erase(*value) == (int_model.erase(*value) == 1));
    if (scan) scan->Gone(member);
  };
  while (!input.empty()) {
    const uint8_t choice = input.Byte();
    switch (choice % 8) {
      default: add(input.Text()); break;
      case 2: {
        const uint32_t first = input.Byte();
        const uint32_t count = input.Byte();
        for (uint32_t i = first; i < first + count; ++i) {
          const std::string member = (choice % 16 < 8 ? "" : "m") + std::to_string(i * i * 37);
          choice < 128 ? add(member) : erase(member);
        }
        break;
      }
      case 3: erase(input.Text()); break;
      case 4: {
        const std::string member = input.Text();
        Require(set.Contains(member) == (model.count(member) == 1));
        break;
      }
      case 5:
        if (!scan) scan.emplace(model);
        if (scan->Step([&set](uint64_t cursor, auto&& met) { return set.Scan(cursor, met); })) scan.reset();
        break;
      case 6:
        if (!model.empty()) {
          set.Random([&random] { return random.Next(); },
                     [&model](std::string_view member) { Require(model.count(std::string(member)) == 1); });
        }
        break;
      case 7: set.Expect(input.Byte(), limits); break;
    }
    Require(set.size() == model.size());
  }
  CompareAll(set, model);
  CompareInts(ints, int_model);
  const auto copy = set.Clone();
  while (!set.FreeStep(1)) {
  }
  CompareAll(static_cast<const Set&>(*copy), model);
  return 0;
}
