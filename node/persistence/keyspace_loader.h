// Puts what an RDB holds into the keyspace, a few keys at a time, so that the memory
// their places are in is fetched for all of them at once.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/log.h"
#include "node/keyspace/keyspace.h"
#include "node/persistence/rdb_reader.h"
#include "node/persistence/rdb_writer.h"

namespace windlass::persistence {

struct LoadSummary {
  uint64_t keys = 0;
  uint64_t expired = 0;  // left out, because their time had come
  std::optional<RdbReplicationPoint> replication;
  bool aof_base = false;
  int version = 0;
};

class KeyspaceLoader final : public RdbSink {
 public:
  struct Options {
    // Keys whose time has come are left out: right for a master, never for a replica.
    bool drop_expired = false;
    int64_t now_ms = 0;  // stamps the entries too
    // Told of each function library too, at once: what follows may call it.
    std::function<void(const std::string& code)> on_function = nullptr;
  };
  // Libraries found are appended to `functions`.
  KeyspaceLoader(keyspace::Keyspace* keyspace, base::Logger* log, std::vector<std::string>* functions,
                 Options options)
      : keyspace_(keyspace), log_(log), functions_(functions), options_(std::move(options)) {}

  const LoadSummary& summary() const { return summary_; }

  types::Limits limits() const override { return keyspace_->limits(); }
  base::Result<void> OnVersion(int version) override;
  base::Result<void> OnAux(std::string_view name, std::string_view value) override;
  base::Result<void> OnSelectDb(int db) override;
  base::Result<void> OnResizeDb(uint64_t keys, uint64_t expires) override;
  base::Result<void> OnFunction(std::string_view code) override;
  base::Result<void> OnEntry(RdbEntry entry) override;
  void OnEnd() override { StoreGathered(); }

 private:
  static constexpr size_t kGather = 16;

  void StoreGathered();
  void Store(RdbEntry* entry);

  keyspace::Keyspace* keyspace_;
  base::Logger* log_;
  std::vector<std::string>* functions_;
  Options options_;
  LoadSummary summary_;
  int db_ = 0;  // selected
  std::array<RdbEntry, kGather> gathered_;
  size_t gathered_count_ = 0;
};

}  // namespace windlass::persistence
