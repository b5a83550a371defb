// Arbitrary bytes as the entries that an atomic slot migration sends. Cut anywhere they
// come out as when fed at once, and what came out goes in again.
#include <string>

#include "node/keyspace/keyspace.h"
#include "node/migration/entry_chunk.h"
#include "tests/fuzz/input.h"

namespace {

using namespace windlass;

// Everything that was told, as it would be sent again; whether the bytes were refused.
struct Read {
  std::string again;
  bool ok = true;
  bool at_rest = false;
};

Read Feed(std::string_view bytes, size_t piece) {
  keyspace::Keyspace keyspace({1, false, size_t{1} << 30}, base::Random(1));
  Read read;
  migration::ChunkReader reader;
  for (size_t at = 0; at < bytes.size() && read.ok; at += piece) {
    read.ok = reader.Feed(bytes.substr(at, piece), {}, [&](migration::ChunkEntry& entry) {
      keyspace::Database& db = keyspace.db(0);
      const auto* stored = entry.object != nullptr ? db.SetObject(0, entry.key, std::move(entry.object)) : db.SetString(0, entry.key, entry.string);
      read.again += std::to_string(entry.expire_at_ms) + " ";
      migration::AppendEntry(*stored, &read.again);
    }).ok();
  }
  read.at_rest = reader.at_rest();
  return read;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Read whole = Feed(bytes, std::max<size_t>(bytes.size(), 1));
  const Read cut = Feed(bytes, 1 + data[0]);
  Require(whole.ok == cut.ok);
  if (!whole.ok) return 0;
  Require(whole.again == cut.again && whole.at_rest == cut.at_rest);
  return 0;
}
