// Arbitrary bytes as the payload of RESTORE or of a key that MIGRATE brings. The
// checksum is looked at too, but a fuzzer hardly gets past it, so the payload is
// also read without. What is accepted must come back the same from DUMP: strings byte
// for byte, containers with the same elements.
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/keyspace/keyspace.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/payload_reader.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"
#include "tests/fuzz/input.h"

namespace {

using namespace windlass::persistence;
namespace types = windlass::types;

using Elements = std::vector<std::string>;

Elements StreamElements(const types::Stream& stream) {
  Elements out;
  types::StreamRange range(stream, {}, types::kLastStreamId);
  while (range.Next()) {
    out.push_back(std::to_string(range.entry().id().ms) + "-" + std::to_string(range.entry().id().seq));
    range.entry().ForEach([&out](std::string_view field, std::string_view value) {
      out.emplace_back(field);
      out.emplace_back(value);
    });
  }
  Require(out.empty() == (stream.size() == 0));
  return out;
}

// In order for those that have one, else sorted.
Elements ElementsOf(const types::Object& object) {
  Elements out;
  size_t size = 0;
  switch (object.type()) {
    case types::Type::kList: {
      const auto& list = static_cast<const types::List&>(object);
      list.ForEach([&out](std::string_view value) { out.emplace_back(value); });
      size = list.size();
      break;
    }
    case types::Type::kHash: {
      const auto& hash = static_cast<const types::Hash&>(object);
      hash.ForEach([&out](std::string_view field, std::string_view value) {
        out.push_back(std::to_string(field.size()) + ":" + std::string(field) + std::string(value));
      });
      std::sort(out.begin(), out.end());
      size = hash.size();
      break;
    }
    case types::Type::kSet: {
      const auto& set = static_cast<const types::Set&>(object);
      set.ForEach([&out](std::string_view member) { out.emplace_back(member); });
      std::sort(out.begin(), out.end());
      size = set.size();
      break;
    }
    case types::Type::kSortedSet: {
      const auto& zset = static_cast<const types::Zset&>(object);
      zset.ForEach([&out](std::string_view member, double score) {
        out.push_back(std::string(member) + "=" + std::to_string(score));
      });
      size = zset.size();
      break;
    }
    default: return StreamElements(static_cast<const types::Stream&>(object));
  }
  Require(out.size() == size && size > 0);
  return out;
}

void TakeBack(std::unique_ptr<types::Object> object) {
  const types::Type type = object->type();
  const Elements elements = ElementsOf(*object);
  windlass::keyspace::Keyspace keyspace({1, false, size_t{1} << 30}, windlass::base::Random(1));
  const auto* entry = keyspace.db(0).SetObject(0, "k", std::move(object));
  const RestoredValue again = ParseDumpPayload(DumpValue(*entry));
  Require(again.fault == PayloadFault::kNone && again.object != nullptr && again.object->type() == type);
  Require(ElementsOf(*again.object) == elements);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  const RestoredValue checked = ParseDumpPayload(payload, /*verify_checksum=*/true);
  RestoredValue value = ParseDumpPayload(payload, /*verify_checksum=*/false);
  windlass::persistence::PayloadReader reader(size, {});
  for (size_t have = 0; have < size; have += 1 + have / 3) reader.Take(payload.substr(0, have));
  const RestoredValue in_pieces = reader.Finish(payload, /*verify_checksum=*/false);
  // Only large payloads are read so: which fault a footer alone has does not matter.
  const bool same_verdict = size == windlass::persistence::kPayloadFooterBytes || in_pieces.fault == value.fault;
  Require(same_verdict && (in_pieces.object == nullptr) == (value.object == nullptr));
  Require(checked.fault != PayloadFault::kNone || value.fault == PayloadFault::kNone);
  if (value.fault != PayloadFault::kNone) {
    Require(!value.detail.empty());
  } else if (value.object != nullptr) {
    TakeBack(std::move(value.object));
  } else {
    const std::string dumped = DumpString(value.text());  // what was read may be a view of it
    const RestoredValue again = ParseDumpPayload(dumped);
    Require(again.fault == PayloadFault::kNone && again.text() == value.text());
  }
  return 0;
}
