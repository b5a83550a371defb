// Makes the bytes of an RDB file, entry by entry, in memory; whoever owns the
// writer takes the bytes to a file or a socket.
//
// Order of calls: Begin, then Function*, then SelectDb before entries of another
// database than the last one's, then End. Not thread safe.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "node/keyspace/entry.h"

namespace windlass::persistence {

// Where in a replication history the data stands; lets a restarted server resume.
struct RdbReplicationPoint {
  std::string id;  // 40 hexadecimal digits
  int64_t offset = 0;
  int stream_db = -1;  // the database the stream had selected, -1: none yet
};

struct RdbHeader {
  std::string server_version;
  int64_t created_unix_s = 0;
  uint64_t used_memory = 0;
  bool aof_base = false;
  std::optional<RdbReplicationPoint> replication;
};

struct RdbWriterOptions {
  bool compress = true;
  bool checksum = true;
};

class ValueWriter;

class RdbWriter {
 public:
  explicit RdbWriter(RdbWriterOptions options);
  ~RdbWriter();

  void Begin(const RdbHeader& header);
  void Aux(std::string_view name, std::string_view value);
  void Function(std::string_view code);
  void SelectDb(int db);
  // A hint for the reader, once for each database, after its first SelectDb.
  void ResizeDb(uint64_t keys, uint64_t expires);
  // expire_at_ms: -1 for none.
  void StringEntry(std::string_view key, std::string_view value, int64_t expire_at_ms);
  void Entry(const keyspace::Entry& entry);

  // The same, but a large value is left open (true) and written by Continue. What is
  // written meanwhile comes behind it.
  bool BeginEntry(const keyspace::Entry& entry);
  bool open() const { return !open_.empty(); }
  // About `bytes` more of the oldest open value. False: there is none (any more).
  bool Continue(size_t bytes);
  // See ValueWriter.
  void BeforeChange(const keyspace::Entry& entry);
  void BeforeAnyChange();
  void End();

  // Bytes made and not yet taken.
  size_t pending() const;
  std::string Take();

 private:
  void Expiry(int64_t expire_at_ms);
  std::string* target() { return open_.empty() ? &out_ : &open_.back().behind; }

  RdbWriterOptions options_;
  std::string out_;
  struct Open {
    std::unique_ptr<ValueWriter> value;
    std::string behind;  // what comes after it
  };
  std::deque<Open> open_;  // oldest first
  uint64_t checksum_ = 0;
};

}  // namespace windlass::persistence
