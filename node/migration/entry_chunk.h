// Entries of keys as a migration sends them: packed one after the other, without
// an RDB's frame and checksums, so that small ones cost little at both ends.
//
// An entry is a type byte of RDB, eight bytes of expiry (little-endian, -1 for
// none), the key, and the value: a string plain, a container as RDB has it. A
// stream of entries may be cut anywhere: a large value goes in many pieces and is
// taken in part by part, never held twice.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "node/base/result.h"
#include "node/keyspace/entry.h"
#include "node/persistence/object_codec.h"
#include "node/types/limits.h"

namespace windlass::migration {

void AppendEntry(const keyspace::Entry& entry, std::string* out);
// The beginning of a string's entry; its bytes follow.
void AppendStringHead(const keyspace::Entry& entry, size_t bytes, std::string* out);
// A piece of the stream of entries as the command that carries it.
void AppendChunkCommand(std::string_view piece, std::string* out);

struct ChunkEntry {
  std::string_view key;
  std::string_view string;                 // the value, if there is no object
  std::unique_ptr<types::Object> object;
  int64_t expire_at_ms = -1;
};

class ChunkReader {
 public:
  using OnEntry = std::function<void(ChunkEntry&)>;

  // Takes the next bytes and tells of every entry that is whole; the views die with
  // the call. Never trusts a length: memory is bounded by what was fed.
  base::Result<void> Feed(std::string_view bytes, const types::Limits& limits, const OnEntry& on_entry);
  // No entry is begun and unfinished.
  bool at_rest() const { return inbox_.empty() && reader_ == nullptr; }

 private:
  persistence::ReadStatus Next(persistence::EncodingCursor* cursor, const types::Limits& limits, const OnEntry& on_entry);
  persistence::ReadStatus ReadParts(persistence::EncodingCursor* cursor, const OnEntry& on_entry);

  std::string inbox_;    // bytes of an entry, or of a part, that is not whole
  size_t wanted_ = 1;    // try again when there are this many
  std::string key_;
  std::string value_;
  int64_t expire_at_ms_ = -1;
  std::unique_ptr<persistence::ObjectReader> reader_;  // of the container being read
};

}  // namespace windlass::migration
