// A consumer group of a stream: how far it has read, who reads in it, and which
// entries were given to whom and not acknowledged yet.
//
// An entry is pending in a group at most once: in the group's map, and by pointer in
// that of the consumer that has it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "node/types/stream_id.h"

namespace windlass::types {

struct StreamConsumer;

// An entry that was delivered.
struct StreamPending {
  int64_t delivered_ms = 0;  // unix time
  uint64_t deliveries = 1;
  StreamConsumer* consumer = nullptr;  // never null in a group
};

struct StreamConsumer {
  std::string_view name;    // in the group's map
  int64_t seen_ms = 0;      // its last attempt; unix time
  int64_t active_ms = -1;   // its last success; -1: none yet
  std::map<StreamId, StreamPending*> pending;
};

class StreamGroup {
 public:
  static constexpr int64_t kUnknown = -1;
  using Consumers = std::map<std::string, StreamConsumer, std::less<>>;
  using Pendings = std::map<StreamId, StreamPending>;

  // `bytes` of the stream are kept in step.
  explicit StreamGroup(size_t* bytes) : bytes_(bytes) {}
  StreamGroup(const StreamGroup&) = delete;
  StreamGroup& operator=(const StreamGroup&) = delete;
  void CopyFrom(const StreamGroup& other);

  StreamId last_id;                  // delivered to the group
  int64_t entries_read = kUnknown;   // of all that were ever added, up to last_id

  const Consumers& consumers() const { return consumers_; }
  const Pendings& pending() const { return pending_; }

  // Null: there is none.
  StreamConsumer* FindConsumer(std::string_view name);
  const StreamConsumer* FindConsumer(std::string_view name) const;
  // REQUIRES: there is no consumer of this name
  StreamConsumer& AddConsumer(std::string_view name, int64_t seen_ms);
  // Its pending entries go with it. Returns how many; -1: there was none.
  int64_t RemoveConsumer(std::string_view name);

  StreamPending* FindPending(StreamId id);
  // REQUIRES: it is not pending
  StreamPending& AddPending(StreamId id, const StreamPending& pending);
  void Give(StreamId id, StreamPending* pending, StreamConsumer* consumer);
  // False: it was not pending.
  bool Forget(StreamId id);
  // Frees about `entries` of what is pending; true when none is left.
  bool FreeStep(size_t entries);

 private:
  size_t* bytes_;
  Consumers consumers_;
  Pendings pending_;
};

}  // namespace windlass::types
