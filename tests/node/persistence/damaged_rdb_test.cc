// A file with one bit changed, wherever it is, is refused; cut at any byte, it never
// counts as whole. The files are of Redis 7.0 and Valkey 8, with every type and encoding.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "node/persistence/rdb_reader.h"

namespace windlass::persistence {
namespace {

class Ignore final : public RdbSink {
 public:
  base::Result<void> OnEntry(RdbEntry) override { return {}; }
};

enum class Seen { kWhole, kRefused, kIncomplete };

Seen Read(std::string_view bytes) {
  Ignore sink;
  RdbReader reader({true}, &sink);
  if (!reader.Feed(bytes).ok()) return Seen::kRefused;
  return reader.done() && reader.extra().empty() ? Seen::kWhole : Seen::kIncomplete;
}

std::vector<std::string> WholeFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(RDB_FILES)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::ostringstream bytes;
    bytes << in.rdbuf();
    constexpr size_t kSmall = 4096;  // every bit of it is tried
    if (bytes.str().size() <= kSmall && Read(bytes.str()) == Seen::kWhole) files.push_back(bytes.str());
  }
  return files;
}

// With the checksum stored, and a version that has one.
bool HasChecksum(const std::string& bytes) {
  return bytes.size() > 17 && bytes.substr(5, 4) >= "0005" && bytes.substr(bytes.size() - 8) != std::string(8, '\0');
}

TEST(DamagedRdb, OneBitChangedAnywhereIsNoticed) {
  int files = 0;
  for (const std::string& whole : WholeFiles()) {
    if (!HasChecksum(whole)) continue;
    ++files;
    std::string bytes = whole;
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int bit = 0; bit < 8; ++bit) {
        bytes[at] = static_cast<char>(whole[at] ^ (1 << bit));
        ASSERT_NE(Read(bytes), Seen::kWhole) << "byte " << at << " bit " << bit << " of " << whole.size();
      }
      bytes[at] = whole[at];
    }
  }
  EXPECT_EQ(files, 2);
}

TEST(DamagedRdb, CutAnywhereItIsNotWhole) {
  for (const std::string& whole : WholeFiles()) {
    for (size_t size = 0; size < whole.size(); ++size) {
      ASSERT_NE(Read(std::string_view(whole).substr(0, size)), Seen::kWhole) << size << " of " << whole.size();
    }
  }
}

}  // namespace
}  // namespace windlass::persistence
