// Operations on a hash read from the input, against a map, across its change of form and
// with scans under way.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/base/random.h"
#include "node/types/hash.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scan_promise.h"

namespace {

using windlass::types::Encoding;
using windlass::types::Hash;
using windlass::types::kMaxIntegerDigits;
using windlass::types::Limits;
using windlass::types::Listpack;

using Model = std::map<std::string, std::string>;

void CompareAll(const Hash& hash, const Model& model) {
  Model found;
  hash.ForEach([&found](std::string_view field, std::string_view value) {
    Require(found.emplace(field, value).second);
  });
  Require(found == model);
}

void CompareOne(const Hash& hash, const Model& model, const std::string& field) {
  char buffer[kMaxIntegerDigits];
  const auto value = hash.Get(field, buffer);
  const auto wanted = model.find(field);
  Require(value.has_value() == (wanted != model.end()) && hash.Contains(field) == value.has_value());
  if (value) Require(*value == wanted->second);
}

std::set<std::string> Fields(const Model& model) {
  std::set<std::string> fields;
  for (const auto& [field, value] : model) fields.insert(field);
  return fields;
}

// As a file carries it while it is small.
void CompareAsFile(const Hash& hash, const Model& model, const Limits& limits) {
  if (hash.packed() == nullptr) return;
  auto parsed = Listpack::Parse(hash.packed()->bytes());
  Require(parsed.has_value());
  const auto copy = Hash::FromListpack(*std::move(parsed), limits);
  Require(copy != nullptr);
  CompareAll(*copy, model);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  Input input(data, size);
  Limits limits;
  limits.hash_max_listpack_entries = input.Byte() % 40;
  limits.hash_max_listpack_value = input.Byte() % 80;
  Hash hash;
  Model model;
  std::optional<ScanPromise> scan;
  windlass::base::Random random(1);
  const auto set = [&](const std::string& field, const std::string& value) {
    Require(hash.Set(field, value, limits) == model.insert_or_assign(field, value).second);
  };
  const auto erase = [&](const std::string& field) {
    Require(hash.Erase(field) == (model.erase(field) == 1));
    if (scan) scan->Gone(field);
  };
  while (!input.empty()) {
    const uint8_t choice = input.Byte();
    switch (choice % 8) {
      default: {
        const std::string field = input.Text();
        set(field, input.Text());
        break;
      }
      case 3: {
        // Many at once, so that the table grows and shrinks.
        const uint32_t first = input.Byte();
        const uint32_t count = input.Byte();
        for (uint32_t i = first; i < first + count; ++i) {
          const std::string field = "f" + std::to_string(i);
          choice < 128 ? set(field, std::to_string(i)) : erase(field);
        }
        break;
      }
      case 4: erase(input.Text()); break;
      case 5: CompareOne(hash, model, input.Text()); break;
      case 6:
        if (!scan) scan.emplace(Fields(model));
        if (scan->Step([&hash](uint64_t cursor, auto&& met) {
              return hash.Scan(cursor, [&met](std::string_view field, std::string_view) { met(field); });
            })) {
          scan.reset();
        }
        break;
      case 7:
        if (!model.empty()) {
          hash.Random([&random] { return random.Next(); }, [&model](std::string_view field, std::string_view value) {
            Require(model.at(std::string(field)) == value);
          });
        }
        break;
    }
    Require(hash.size() == model.size());
  }
  CompareAll(hash, model);
  CompareAsFile(hash, model, limits);
  const auto copy = hash.Clone();
  while (!hash.FreeStep(1)) {
  }
  CompareAll(static_cast<const Hash&>(*copy), model);
  return 0;
}
