// See keyspace_loader.h. What it logs is in the words tools look for.
#include "node/persistence/keyspace_loader.h"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <utility>

namespace windlass::persistence {
namespace {

int64_t ToInteger(std::string_view text, int64_t otherwise) {
  int64_t value = otherwise;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : otherwise;
}

}  // namespace

base::Result<void> KeyspaceLoader::OnVersion(int version) {
  summary_.version = version;
  if (options_.now_ms > 0) keyspace_->set_clock_ms(options_.now_ms);
  return {};
}

base::Result<void> KeyspaceLoader::OnAux(std::string_view name, std::string_view value) {
  if (name == "redis-ver") {
    log_->Notice("Loading RDB produced by version " + std::string(value));
  } else if (name == "ctime") {
    const int64_t now = static_cast<int64_t>(std::time(nullptr));
    const int64_t created = std::clamp<int64_t>(ToInteger(value, 0), 0, now);
    log_->Logf(base::LogLevel::kNotice, "RDB age %ld seconds", static_cast<long>(now - created));
  } else if (name == "used-mem") {
    log_->Logf(base::LogLevel::kNotice, "RDB memory usage when created %.2f Mb",
               static_cast<double>(ToInteger(value, 0)) / (1024 * 1024));
  } else if (name == "aof-base" || name == "aof-preamble") {
    summary_.aof_base = value == "1";
    if (summary_.aof_base && name == "aof-base") log_->Notice("RDB is base AOF");
  } else if (name == "repl-id" && value.size() == 40) {
    if (!summary_.replication) summary_.replication.emplace();
    summary_.replication->id = value;
  } else if (name == "repl-offset") {
    if (!summary_.replication) summary_.replication.emplace();
    summary_.replication->offset = ToInteger(value, 0);
  } else if (name == "repl-stream-db") {
    if (!summary_.replication) summary_.replication.emplace();
    summary_.replication->stream_db = static_cast<int>(ToInteger(value, -1));
  }
  return {};
}

base::Result<void> KeyspaceLoader::OnSelectDb(int db) {
  db_ = db;
  if (db < keyspace_->database_count()) return {};
  return base::Error{"FATAL: Data file was created with a Redis server configured to handle more than " +
                     std::to_string(keyspace_->database_count()) + " databases. Exiting"};
}

// The number is what the file says: if it lies, the checksum at its end will tell, and
// until then no more than addresses are taken.
base::Result<void> KeyspaceLoader::OnResizeDb(uint64_t keys, uint64_t /*expires*/) {
  constexpr uint64_t kMostReserved = uint64_t{1} << 25;  // a table of 200 MB; beyond, it grows
  if (gathered_count_ == 0) keyspace_->db(db_).Reserve(std::min(keys, kMostReserved));
  return {};
}

base::Result<void> KeyspaceLoader::OnFunction(std::string_view code) {
  functions_->emplace_back(code);
  if (options_.on_function) options_.on_function(functions_->back());
  return {};
}

base::Result<void> KeyspaceLoader::OnEntry(RdbEntry entry) {
  if (options_.drop_expired && entry.expire_at_ms >= 0 && entry.expire_at_ms < options_.now_ms) {
    ++summary_.expired;
    return {};
  }
  const keyspace::Database& db = keyspace_->db(entry.db);
  db.PrefetchBucket(db.slotted() ? slot::KeySlot(entry.key) : 0, entry.key);
  gathered_[gathered_count_++] = std::move(entry);
  ++summary_.keys;
  if (gathered_count_ == kGather) StoreGathered();
  return {};
}

void KeyspaceLoader::StoreGathered() {
  for (size_t i = 0; i < gathered_count_; ++i) Store(&gathered_[i]);
  gathered_count_ = 0;
}

void KeyspaceLoader::Store(RdbEntry* entry) {
  keyspace::Database& db = keyspace_->db(entry->db);
  const slot::SlotId slot = db.slotted() ? slot::KeySlot(entry->key) : 0;
  keyspace::Expiry expiry;
  if (entry->expire_at_ms >= 0) expiry.at_ms = entry->expire_at_ms;
  if (entry->object != nullptr) {
    db.SetObject(slot, entry->key, std::move(entry->object), expiry);
  } else {
    db.SetString(slot, entry->key, entry->string, expiry);
  }
}

}  // namespace windlass::persistence
