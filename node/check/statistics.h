// What files hold, counted as they are read: keys by type and encoding, by prefix, by
// slot and by database, the biggest, expiries, and the commands of append-only files.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/persistence/rdb_reader.h"
#include "node/resp/command.h"

namespace windlass::check {

struct Tally {
  uint64_t keys = 0;
  uint64_t bytes = 0;  // of key and value in this server's memory, bookkeeping of tables apart
  void Add(uint64_t size) {
    ++keys;
    bytes += size;
  }
};

struct BigKey {
  uint64_t bytes = 0;
  std::string key;
  std::string type;
  int db = 0;
  uint64_t elements = 0;  // 0 of a string
};

struct StatisticsOptions {
  size_t biggest = 10;
  size_t prefixes = 20;         // how many are shown
  std::string separator = ":";  // a prefix ends with the first of these
  int64_t now_ms = 0;
};

class Statistics final : public persistence::RdbSink, public resp::CommandSink {
 public:
  explicit Statistics(StatisticsOptions options) : options_(std::move(options)) {}

  base::Result<void> OnVersion(int version) override;
  base::Result<void> OnAux(std::string_view name, std::string_view value) override;
  base::Result<void> OnSelectDb(int db) override;
  base::Result<void> OnFunction(std::string_view code) override;
  base::Result<void> OnEntry(persistence::RdbEntry entry) override;
  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override;

  // Told of each auxiliary field and database while an RDB is read.
  using Tell = std::function<void(const std::string& what)>;
  void SetTell(Tell tell) { tell_ = std::move(tell); }

  // The whole report, for people.
  std::string Report() const;

  const Tally& total() const { return total_; }
  uint64_t expires() const { return expires_; }
  uint64_t expired() const { return expired_; }
  int version() const { return version_; }

 private:
  void NoteBig(BigKey big);

  StatisticsOptions options_;
  Tell tell_;
  int version_ = 0;
  std::vector<std::pair<std::string, std::string>> aux_;
  Tally total_;
  std::map<std::string, Tally> by_type_;      // "hash (listpack)"
  std::map<std::string, Tally> by_prefix_;
  std::map<int, Tally> by_db_;
  std::map<uint16_t, Tally> by_slot_;
  std::vector<BigKey> biggest_;               // descending
  std::map<std::string, uint64_t> commands_;  // of append-only files, by name
  uint64_t expires_ = 0;
  uint64_t expired_ = 0;
  uint64_t functions_ = 0;
};

}  // namespace windlass::check
