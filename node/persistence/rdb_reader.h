// Reads an RDB as its bytes arrive, from a file or from a master's socket, and
// tells a sink what it finds. Accepts versions 1 to 11.
//
// Never trusts a length: what it allocates is bounded by what it was fed. Not
// thread safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/types/limits.h"
#include "node/types/object.h"

namespace windlass::persistence {

class EncodingCursor;
class ObjectReader;
enum class ReadStatus;

struct RdbEntry {
  int db = 0;
  std::string key;
  std::string string;                      // the value, if there is no object
  std::unique_ptr<types::Object> object;
  int64_t expire_at_ms = -1;  // -1: none
};

// An error from any of these ends the reading with that error.
class RdbSink {
 public:
  virtual ~RdbSink() = default;
  // By which containers are encoded.
  virtual types::Limits limits() const { return {}; }
  virtual base::Result<void> OnVersion(int version) { return {}; }
  virtual base::Result<void> OnAux(std::string_view name, std::string_view value) { return {}; }
  virtual base::Result<void> OnSelectDb(int db) { return {}; }
  virtual base::Result<void> OnResizeDb(uint64_t keys, uint64_t expires) { return {}; }
  virtual base::Result<void> OnFunction(std::string_view code) { return {}; }
  virtual base::Result<void> OnEntry(RdbEntry entry) = 0;
  // No entry follows. The checksum may still prove wrong.
  virtual void OnEnd() {}
};

struct RdbReaderOptions {
  bool verify_checksum = true;
};

class RdbReader {
 public:
  RdbReader(RdbReaderOptions options, RdbSink* sink);
  ~RdbReader();

  // Takes the next bytes. Bytes after the end of the RDB are left alone: see extra().
  base::Result<void> Feed(std::string_view bytes);

  bool done() const { return state_ == State::kDone; }
  // Fed bytes that lie after the RDB's end. REQUIRES: done()
  std::string_view extra() const { return std::string_view(inbox_).substr(consumed_); }
  // Bytes of the RDB read and understood so far.
  uint64_t bytes_read() const { return bytes_read_; }

 private:
  enum class State { kHeader, kItems, kChecksum, kDone };

  ReadStatus ParseNext(EncodingCursor* cursor);
  ReadStatus ParseHeader(EncodingCursor* cursor);
  ReadStatus ParseItem(EncodingCursor* cursor);
  ReadStatus ParseOpcode(uint8_t opcode, EncodingCursor* cursor);
  ReadStatus ParseAux(EncodingCursor* cursor);
  ReadStatus ParseSelectDb(EncodingCursor* cursor);
  ReadStatus ParseEntry(uint8_t type, EncodingCursor* cursor);
  ReadStatus ParsePart(EncodingCursor* cursor);
  ReadStatus TellObject();
  ReadStatus TellEntry();
  void Sum();
  ReadStatus ParseModuleAux(EncodingCursor* cursor);
  ReadStatus ParseChecksum(EncodingCursor* cursor);
  ReadStatus Tell(base::Result<void> verdict);
  ReadStatus Fail(std::string message);
  std::string Where() const;

  RdbReaderOptions options_;
  RdbSink* sink_;
  State state_ = State::kHeader;
  std::string inbox_;
  size_t consumed_ = 0;  // of inbox_
  size_t wanted_ = 1;    // parse again when inbox_ holds this many bytes after consumed_
  uint64_t bytes_read_ = 0;
  uint64_t checksum_ = 0;
  size_t summed_ = 0;      // of inbox_, in checksum_
  int version_ = 0;
  int db_ = 0;
  int64_t next_expire_at_ms_ = -1;  // of the entry that follows
  RdbEntry entry_;                               // being read
  std::unique_ptr<ObjectReader> object_reader_;  // of entry_, while its parts come in
  std::string scratch_;
  std::string failure_;
};

}  // namespace windlass::persistence
