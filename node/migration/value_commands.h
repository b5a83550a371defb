// A large value as a migration sends it: as commands that make it again, a few KiB each.
// The target, its log and its replicas take them one by one, as any client's, so nobody
// ever has to take in or pass on the value as one piece.
//
// A stream's deleted entries do not go along. Those that are still pending in a group are
// made for it to claim, and deleted again. A consumer was last seen when it arrived.
//
// A string has no such commands that would not copy it over and over: it goes packed, in
// pieces (entry_chunk.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/keyspace/entry.h"
#include "node/persistence/value_form.h"

namespace windlass::migration {

class ValueCommands final : public persistence::ValueForm {
 public:
  explicit ValueCommands(const keyspace::Entry& entry);

  void Begin(uint64_t parts, std::string* out) override {}
  void Bytes(std::string_view piece, std::string* out) override;
  void Field(std::string_view field, std::string_view value, std::string* out) override;
  void Member(std::string_view member, std::string* out) override;
  void Scored(std::string_view member, double score, std::string* out) override;
  void Chunk(const types::Listpack& chunk, std::string* out) override;
  void Node(types::StreamId master, const types::Listpack& pack, std::string* out) override;
  void NodesEnd(std::string* out) override;
  void Tail(const persistence::StreamFigures& figures, const types::Stream::Groups& groups, std::string* out) override;
  void End(std::string* out) override;

 private:
  // One more word of the batch, which is sent as `command` when it is long enough.
  void AddWord(std::string_view word);
  void SendIfLong(std::string_view command, std::string* out);
  void SendBatch(std::string* out);
  // What is pending below this id, or all, and was not there.
  void Ghosts(const types::StreamId* below, std::string* out);
  void DeleteGhosts(std::string* out);
  void Group(std::string_view name, const types::StreamGroup& group, std::string* out);

  const std::string key_;
  const int64_t expire_at_ms_;  // -1: never
  bool is_string_ = false;
  bool is_stream_ = false;
  std::string_view command_;    // of the batch
  std::string batch_;           // words as bulk strings
  int words_ = 0;
  // Of a stream.
  std::vector<types::StreamId> pending_;      // in any group, in order
  size_t pending_at_ = 0;                     // those before it are past
  std::vector<types::StreamId> ghosts_;       // made though they were deleted
  std::optional<types::StreamId> first_live_;
  persistence::StreamFigures figures_;
};

}  // namespace windlass::migration
