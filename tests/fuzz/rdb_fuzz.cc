// Arbitrary bytes as an RDB, from a file or a master's socket: read at once and
// in pieces, which must tell the same, and loaded into a keyspace.
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/log.h"
#include "node/base/random.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/keyspace_loader.h"
#include "node/persistence/rdb_reader.h"

namespace {

using namespace windlass;

// What was told, as one text.
class Told final : public persistence::RdbSink {
 public:
  base::Result<void> OnVersion(int version) override { return Say("version " + std::to_string(version)); }
  base::Result<void> OnAux(std::string_view name, std::string_view value) override {
    return Say("aux " + std::string(name) + "=" + std::string(value));
  }
  base::Result<void> OnSelectDb(int db) override { return Say("db " + std::to_string(db)); }
  base::Result<void> OnResizeDb(uint64_t keys, uint64_t expires) override {
    return Say("size " + std::to_string(keys) + " " + std::to_string(expires));
  }
  base::Result<void> OnFunction(std::string_view code) override { return Say("function " + std::string(code)); }
  base::Result<void> OnEntry(persistence::RdbEntry entry) override {
    return Say(std::to_string(entry.db) + " " + entry.key + "=" + entry.string + "@" +
               std::to_string(entry.expire_at_ms));
  }
  base::Result<void> Say(const std::string& event) {
    text += event + "\n";
    return {};
  }
  std::string text;
};

std::string Read(std::string_view bytes, size_t step) {
  Told told;
  persistence::RdbReader reader({}, &told);
  size_t fed = 0;
  while (fed < bytes.size() && !reader.done()) {
    const std::string_view piece = bytes.substr(fed, step);
    fed += piece.size();
    if (const auto taken = reader.Feed(piece); !taken.ok()) {
      return told.text + "error " + taken.error();
    }
  }
  if (reader.bytes_read() > fed) std::abort();
  return told.text + (reader.done() ? "done at " + std::to_string(fed - reader.extra().size()) : "cut short");
}

void Load(std::string_view bytes) {
  base::Logger log;
  log.SetLevel(base::LogLevel::kNothing);
  keyspace::Keyspace keyspace({16, false, size_t{64} << 20}, base::Random(1));
  std::vector<std::string> functions;
  persistence::KeyspaceLoader loader(&keyspace, &log, &functions, {/*drop_expired=*/true, /*now_ms=*/1, nullptr});
  persistence::RdbReader reader({/*verify_checksum=*/false}, &loader);
  (void)reader.Feed(bytes).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::string whole = Read(bytes, size + 1);
  for (const size_t step : {size_t{1}, size_t{7}}) {
    if (Read(bytes, step) != whole) std::abort();
  }
  Load(bytes);
  return 0;
}
