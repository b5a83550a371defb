// A stream: entries of fields and values in the order of their ids, and the groups
// that consume them.
//
// Entries stand in nodes of bounded size (stream_node.h), so that an append touches
// the last one, trimming drops whole ones from the front, and a deletion changes one.
// A stream without entries is still a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "node/types/change_watch.h"
#include "node/types/limits.h"
#include "node/types/listpack.h"
#include "node/types/object.h"
#include "node/types/stream_group.h"
#include "node/types/stream_id.h"
#include "node/types/stream_node.h"

namespace windlass::types {

// Which entries to drop from the front.
struct StreamTrim {
  enum class Kind { kNone, kMaxLength, kMinId };
  Kind kind = Kind::kNone;
  uint64_t max_length = 0;
  StreamId min_id;
  bool approximate = false;  // only whole nodes
  uint64_t limit = 0;        // entries at most; 0: no bound
};

class Stream final : public Object {
 public:
  static constexpr Type kType = Type::kStream;
  using Nodes = std::map<StreamId, Listpack>;  // by master id
  using Groups = std::map<std::string, StreamGroup, std::less<>>;

  // What does not follow from the entries.
  struct Counters {
    StreamId last_id;         // the largest ever given, or set
    StreamId first_id;        // of the first entry; zero if there is none
    StreamId max_deleted_id;  // the largest of a single deleted entry
    uint64_t entries_added = 0;
  };

  Stream() = default;
  ~Stream() override;

  Type type() const override { return kType; }
  Encoding encoding() const override { return Encoding::kStream; }
  size_t MemoryBytes() const override { return sizeof *this + bytes_; }
  std::unique_ptr<Object> Clone() const override;
  bool FreeStep(size_t leaves) override;
  Watches* watches() const { return &watches_; }

  uint64_t size() const { return length_; }
  const Counters& counters() const { return counters_; }
  const Nodes& nodes() const { return nodes_; }

  // `content`: field, value, ... REQUIRES: id > counters().last_id; not empty
  void Append(StreamId id, std::span<const std::string_view> content, const Limits& limits);
  bool Contains(StreamId id) const;
  bool Erase(StreamId id);  // false: there is no such entry
  uint64_t Trim(const StreamTrim& trim);  // returns how many entries went
  // Of the last entry; zero if there is none.
  StreamId LastEntryId() const;
  // From now on the last id, and, where given, the other counters.
  void SetLastId(StreamId last_id, std::optional<uint64_t> entries_added, std::optional<StreamId> max_deleted_id);

  const Groups& groups() const { return groups_; }
  // To change it. Null: there is none.
  StreamGroup* FindGroup(std::string_view name);
  const StreamGroup* FindGroup(std::string_view name) const;
  // Null: there is one already.
  StreamGroup* AddGroup(std::string_view name, StreamId last_id, int64_t entries_read);
  bool RemoveGroup(std::string_view name);

  // Whether a single deleted entry may lie at or behind `from`, before which all
  // counting stops.
  bool HasGapsFrom(StreamId from) const;
  // How many of the entries ever added are not behind `id`; nothing: deletions hide it.
  std::optional<int64_t> CountUpTo(StreamId id) const;
  // How many entries the group has not read yet.
  std::optional<int64_t> LagOf(const StreamGroup& group) const;
  // Moves a group's position and count to an entry that is delivered to it.
  void Advance(StreamGroup* group, StreamId id) const;

  // For a file: nodes in order, then the counters. False: a node does not follow
  // the one before it, or is damaged.
  bool AppendNode(StreamId master, Listpack pack);
  // False: contradicted by the entries. `length`: as was written.
  bool Restore(const Counters& counters, uint64_t length);
  // For a file that has the last id alone.
  Counters CountersOfOld(StreamId last_id) const;

 private:
  friend class StreamRange;

  // Changes a node, keeping the books.
  template <typename F>
  void Change(Nodes::iterator node, F&& f);
  void RemoveNode(Nodes::iterator node);
  void InsertNode(StreamId master, Listpack pack);
  // The node in which `id` would be; end: none.
  Nodes::iterator NodeFor(StreamId id);
  Nodes::const_iterator NodeFor(StreamId id) const;
  // Flags entries at the front of a node as deleted; returns how many.
  int64_t TrimNode(Nodes::iterator node, const StreamTrim& trim);
  void FindFirstId();
  void TellOfGroups() const;

  Nodes nodes_;  // each with at least one entry, deleted or not
  uint64_t length_ = 0;
  Counters counters_;
  Groups groups_;
  size_t bytes_ = 0;  // of nodes and groups
  StreamId last_in_nodes_;  // while a file is read
  mutable Watches watches_;
};

// The entries of a stream between two ids, both included, without the deleted ones.
// The stream does not change meanwhile.
class StreamRange {
 public:
  StreamRange(const Stream& stream, StreamId first, StreamId last, bool backwards = false);
  // To the next entry; false: there is none.
  bool Next();
  const StreamEntry& entry() const { return entry_; }

 private:
  bool EnterNode();  // false: there is none further
  bool Step();

  const Stream& stream_;
  const StreamId first_;
  const StreamId last_;
  const bool backwards_;
  Stream::Nodes::const_iterator node_;  // backwards: the one after it
  const Listpack* pack_ = nullptr;      // of the node entered; null: none
  StreamId master_;
  StreamNodeHead head_;
  StreamEntry entry_;
  Listpack::Position at_ = Listpack::kEnd;
};

}  // namespace windlass::types
