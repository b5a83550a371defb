// One node of a stream: a run of entries in a listpack, in the layout that RDB
// carries. The node's key, the master id, is the id of the first entry it ever had.
//
//   live deleted n field-1..field-n 0                                  master entry
//   { flags ms-delta seq-delta value-1..value-n                 elements }*  same fields
//   { flags ms-delta seq-delta m field-1 value-1..field-m value-m elements }*  others
//
// Deltas are to the master id; `elements` counts those of the entry before it, so
// that a node is read backwards too. A deleted entry is flagged and stays.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/types/listpack.h"
#include "node/types/stream_id.h"

namespace windlass::types {

// The flags of an entry.
inline constexpr int64_t kStreamEntryDeleted = 1;
inline constexpr int64_t kStreamSameFields = 2;

// The master entry.
struct StreamNodeHead {
  int64_t live = 0;
  int64_t deleted = 0;
  int64_t field_count = 0;
  Listpack::Position fields = Listpack::kEnd;   // the first of them; if there is none, the zero behind them
  Listpack::Position entries = Listpack::kEnd;  // the first entry; kEnd: none
};

// A view of an entry; good until the node's next change.
class StreamEntry {
 public:
  StreamEntry() = default;
  // REQUIRES: an entry begins at `at`
  StreamEntry(StreamId master, const StreamNodeHead& head, const Listpack& pack, Listpack::Position at);

  StreamId id() const { return id_; }
  bool deleted() const { return (flags_ & kStreamEntryDeleted) != 0; }
  Listpack::Position begin() const { return begin_; }
  size_t field_count() const { return field_count_; }
  // f(field, value), in order.
  template <typename F>
  void ForEach(F&& f) const {
    const bool same = (flags_ & kStreamSameFields) != 0;
    char field_buffer[kMaxIntegerDigits];
    char value_buffer[kMaxIntegerDigits];
    Listpack::Position field = same ? master_fields_ : content_;
    Listpack::Position value = content_;
    for (size_t i = 0; i < field_count_; ++i) {
      if (!same) value = pack_->Next(field);
      f(pack_->Get(field).Text(field_buffer), pack_->Get(value).Text(value_buffer));
      field = pack_->Next(same ? field : value);
      if (same) value = pack_->Next(value);
    }
    behind_content_ = same ? value : field;
  }
  // The entry behind it in the node; kEnd: none.
  Listpack::Position Next() const;

 private:
  const Listpack* pack_ = nullptr;
  StreamId id_;
  int64_t flags_ = 0;
  size_t field_count_ = 0;
  Listpack::Position begin_ = Listpack::kEnd;
  Listpack::Position content_ = Listpack::kEnd;
  Listpack::Position master_fields_ = Listpack::kEnd;
  mutable Listpack::Position behind_content_ = Listpack::kEnd;  // kEnd: not known yet
};

StreamNodeHead ReadStreamNode(const Listpack& pack);
// The node's last entry; kEnd: it has none.
Listpack::Position LastStreamEntry(const Listpack& pack);
// The entry before the one at `at`; kEnd: it is the first.
Listpack::Position PreviousStreamEntry(const Listpack& pack, Listpack::Position at);

// An empty node for entries with the fields of this one. `content`: field, value, ...
Listpack MakeStreamNode(std::span<const std::string_view> content);
// REQUIRES: `id` is above that of every entry in the node
void AppendStreamEntry(StreamId master, StreamId id, std::span<const std::string_view> content, Listpack* pack);
// What appending an entry takes at most.
size_t MostStreamEntryBytes(std::span<const std::string_view> content);
// Flags the entry that begins at `at`; the counts in the head stay.
void FlagStreamEntryDeleted(Listpack::Position at, Listpack* pack);
void SetStreamNodeCounts(int64_t live, int64_t deleted, Listpack* pack);

// Checks bytes that were not written here: every number and count. Returns the id of
// the last entry, deleted ones included. Nothing: not a node.
std::optional<StreamId> CheckStreamNode(StreamId master, const Listpack& pack);

}  // namespace windlass::types
