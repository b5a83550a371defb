// See stream_node.h.
#include "node/types/stream_node.h"

#include <cassert>

namespace windlass::types {
namespace {

constexpr int64_t kFixedElements = 3;  // flags and two deltas

StreamId IdOf(StreamId master, int64_t ms_delta, int64_t seq_delta) {
  return {master.ms + static_cast<uint64_t>(ms_delta), master.seq + static_cast<uint64_t>(seq_delta)};
}

bool HasFields(const Listpack& pack, const StreamNodeHead& head, std::span<const std::string_view> content) {
  if (static_cast<size_t>(head.field_count) * 2 != content.size()) return false;
  char buffer[kMaxIntegerDigits];
  Listpack::Position at = head.fields;
  for (size_t i = 0; i < content.size(); i += 2, at = pack.Next(at)) {
    if (pack.Get(at).Text(buffer) != content[i]) return false;
  }
  return true;
}

}  // namespace

StreamEntry::StreamEntry(StreamId master, const StreamNodeHead& head, const Listpack& pack, Listpack::Position at)
    : pack_(&pack), begin_(at), master_fields_(head.fields) {
  flags_ = pack.Get(at).integer;
  at = pack.Next(at);
  const int64_t ms_delta = pack.Get(at).integer;
  at = pack.Next(at);
  id_ = IdOf(master, ms_delta, pack.Get(at).integer);
  at = pack.Next(at);
  if ((flags_ & kStreamSameFields) != 0) {
    field_count_ = static_cast<size_t>(head.field_count);
  } else {
    field_count_ = static_cast<size_t>(pack.Get(at).integer);
    at = pack.Next(at);
  }
  content_ = at;
}

Listpack::Position StreamEntry::Next() const {
  Listpack::Position at = behind_content_;
  if (at == Listpack::kEnd) {
    at = content_;
    const size_t elements = (flags_ & kStreamSameFields) != 0 ? field_count_ : field_count_ * 2;
    for (size_t i = 0; i < elements; ++i) at = pack_->Next(at);
  }
  return pack_->Next(at);  // behind the count of elements
}

StreamNodeHead ReadStreamNode(const Listpack& pack) {
  StreamNodeHead head;
  Listpack::Position at = pack.First();
  head.live = pack.Get(at).integer;
  at = pack.Next(at);
  head.deleted = pack.Get(at).integer;
  at = pack.Next(at);
  head.field_count = pack.Get(at).integer;
  at = pack.Next(at);
  head.fields = at;
  for (int64_t i = 0; i < head.field_count; ++i) at = pack.Next(at);
  head.entries = pack.Next(at);
  return head;
}

namespace {

// `at`: the count of elements of an entry, or the zero of the master entry.
Listpack::Position EntryBefore(const Listpack& pack, Listpack::Position at) {
  const int64_t elements = pack.Get(at).integer;
  if (elements == 0) return Listpack::kEnd;
  for (int64_t i = 0; i < elements; ++i) at = pack.Previous(at);
  return at;
}

}  // namespace

Listpack::Position LastStreamEntry(const Listpack& pack) { return EntryBefore(pack, pack.Last()); }

Listpack::Position PreviousStreamEntry(const Listpack& pack, Listpack::Position at) {
  return EntryBefore(pack, pack.Previous(at));
}

Listpack MakeStreamNode(std::span<const std::string_view> content) {
  Listpack pack;
  pack.AppendInteger(0);
  pack.AppendInteger(0);
  pack.AppendInteger(static_cast<int64_t>(content.size() / 2));
  for (size_t i = 0; i < content.size(); i += 2) pack.Append(content[i]);
  pack.AppendInteger(0);
  return pack;
}

void AppendStreamEntry(StreamId master, StreamId id, std::span<const std::string_view> content, Listpack* pack) {
  const StreamNodeHead head = ReadStreamNode(*pack);
  const bool same = HasFields(*pack, head, content);
  const int64_t fields = static_cast<int64_t>(content.size() / 2);
  pack->ReplaceInteger(pack->First(), head.live + 1);
  Listpack::Appender out(pack, MostStreamEntryBytes(content));
  out.Integer(same ? kStreamSameFields : 0);
  out.Integer(static_cast<int64_t>(id.ms - master.ms));
  out.Integer(static_cast<int64_t>(id.seq - master.seq));
  if (!same) out.Integer(fields);
  for (size_t i = same ? 1 : 0; i < content.size(); i += same ? 2 : 1) out.Text(content[i]);
  out.Integer(kFixedElements + (same ? fields : 2 * fields + 1));
}

size_t MostStreamEntryBytes(std::span<const std::string_view> content) {
  size_t bytes = (content.size() + kFixedElements + 2) * Listpack::Appender::kMostOverhead;
  for (const std::string_view part : content) bytes += part.size();
  return bytes;
}

void FlagStreamEntryDeleted(Listpack::Position at, Listpack* pack) {
  pack->ReplaceInteger(at, pack->Get(at).integer | kStreamEntryDeleted);
}

void SetStreamNodeCounts(int64_t live, int64_t deleted, Listpack* pack) {
  pack->ReplaceInteger(pack->First(), live);
  pack->ReplaceInteger(pack->Next(pack->First()), deleted);
}

// --- what was not written here

namespace {

// Walks over elements and expects numbers.
class CheckedReader {
 public:
  explicit CheckedReader(const Listpack& pack) : pack_(pack), at_(pack.First()) {}
  bool end() const { return at_ == Listpack::kEnd; }
  bool Number(int64_t* value) {
    if (end()) return false;
    const Listpack::Value element = pack_.Get(at_);
    *value = element.integer;
    at_ = pack_.Next(at_);
    return element.is_integer;
  }
  bool Count(int64_t* value) { return Number(value) && *value >= 0 && *value <= UINT32_MAX; }
  bool Skip(int64_t elements) {
    for (; elements > 0 && !end(); --elements) at_ = pack_.Next(at_);
    return elements == 0;
  }

 private:
  const Listpack& pack_;
  Listpack::Position at_;
};

}  // namespace

std::optional<StreamId> CheckStreamNode(StreamId master, const Listpack& pack) {
  CheckedReader reader(pack);
  int64_t live = 0, deleted = 0, fields = 0, zero = 0;
  if (!reader.Count(&live) || !reader.Count(&deleted) || !reader.Count(&fields)) return std::nullopt;
  if (!reader.Skip(fields) || !reader.Number(&zero) || zero != 0 || reader.end()) return std::nullopt;
  int64_t found_live = 0, found_deleted = 0;
  StreamId last;
  for (bool first = true; !reader.end(); first = false) {
    int64_t flags = 0, ms_delta = 0, seq_delta = 0, elements = 0, content = fields;
    if (!reader.Number(&flags) || !reader.Number(&ms_delta) || !reader.Number(&seq_delta)) return std::nullopt;
    if ((flags & ~(kStreamEntryDeleted | kStreamSameFields)) != 0) return std::nullopt;
    const StreamId id = IdOf(master, ms_delta, seq_delta);
    if (first ? id < master : id <= last) return std::nullopt;
    last = id;
    (flags & kStreamEntryDeleted) != 0 ? ++found_deleted : ++found_live;
    int64_t wanted = kFixedElements + fields;
    if ((flags & kStreamSameFields) == 0) {
      if (!reader.Count(&content)) return std::nullopt;
      content *= 2;
      wanted = kFixedElements + content + 1;
    }
    if (!reader.Skip(content) || !reader.Number(&elements) || elements != wanted) return std::nullopt;
  }
  if (found_live != live || found_deleted != deleted) return std::nullopt;
  return last;
}

}  // namespace windlass::types
