// See stream.h.
#include "node/types/stream.h"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace windlass::types {
namespace {

constexpr size_t kMapNode = 32;  // three pointers and a colour
constexpr size_t kNodeBytes = kMapNode + sizeof(Stream::Nodes::value_type);

size_t BytesOfGroup(std::string_view name) {
  return kMapNode + sizeof(Stream::Groups::value_type) + (name.size() > 15 ? name.size() + 1 : 0);
}

}  // namespace

// --- nodes

template <typename F>
void Stream::Change(Nodes::iterator node, F&& f) {
  watches_.Tell([node](ChangeWatch& watch) { watch.BeforeNode(node->first); });
  bytes_ -= node->second.MemoryBytes();
  f(&node->second);
  bytes_ += node->second.MemoryBytes();
}

void Stream::RemoveNode(Nodes::iterator node) {
  watches_.Tell([node](ChangeWatch& watch) { watch.BeforeNode(node->first); });
  bytes_ -= kNodeBytes + node->second.MemoryBytes();
  nodes_.erase(node);
}

void Stream::InsertNode(StreamId master, Listpack pack) {
  bytes_ += kNodeBytes + pack.MemoryBytes();
  nodes_.emplace_hint(nodes_.end(), master, std::move(pack));
  watches_.Tell([master](ChangeWatch& watch) { watch.AfterNodeCame(master); });
}

Stream::Nodes::iterator Stream::NodeFor(StreamId id) {
  const auto above = nodes_.upper_bound(id);
  return above == nodes_.begin() ? nodes_.end() : std::prev(above);
}

Stream::Nodes::const_iterator Stream::NodeFor(StreamId id) const {
  const auto above = nodes_.upper_bound(id);
  return above == nodes_.begin() ? nodes_.end() : std::prev(above);
}

Stream::~Stream() {
  watches_.Tell([](ChangeWatch& watch) { watch.BeforeGone(); });
}

void Stream::TellOfGroups() const {
  watches_.Tell([](ChangeWatch& watch) { watch.BeforeGroups(); });
}

std::unique_ptr<Object> Stream::Clone() const {
  auto copy = std::make_unique<Stream>();
  for (const auto& [master, pack] : nodes_) copy->InsertNode(master, pack.Clone());
  copy->length_ = length_;
  copy->counters_ = counters_;
  for (const auto& [name, group] : groups_) copy->AddGroup(name, {}, 0)->CopyFrom(group);
  return copy;
}

bool Stream::FreeStep(size_t leaves) {
  for (; leaves > 0 && !nodes_.empty(); --leaves) RemoveNode(std::prev(nodes_.end()));
  constexpr size_t kPendingPerLeaf = 50;
  while (leaves > 0 && !groups_.empty()) {
    if (!groups_.begin()->second.FreeStep(leaves * kPendingPerLeaf)) break;
    RemoveGroup(std::string(groups_.begin()->first));
    --leaves;
  }
  return nodes_.empty() && groups_.empty();
}

// --- entries

void Stream::Append(StreamId id, std::span<const std::string_view> content, const Limits& limits) {
  assert(id > counters_.last_id && !content.empty());
  size_t bytes = 0;
  for (const std::string_view part : content) bytes += part.size();
  const size_t most_bytes =
      limits.stream_node_max_bytes == 0 ? Listpack::kMaxBytes : std::min(limits.stream_node_max_bytes, Listpack::kMaxBytes);
  auto node = nodes_.empty() ? nodes_.end() : std::prev(nodes_.end());
  if (node != nodes_.end()) {
    Listpack& pack = node->second;
    const auto live = pack.First();
    const int64_t entries = pack.Get(live).integer + pack.Get(pack.Next(live)).integer;
    const bool many = limits.stream_node_max_entries != 0 && entries >= static_cast<int64_t>(limits.stream_node_max_entries);
    if (many || pack.bytes().size() + bytes >= most_bytes) {
      Change(node, [](Listpack* full) { full->ShrinkToFit(); });
      node = nodes_.end();
    }
  }
  if (node == nodes_.end()) {
    InsertNode(id, MakeStreamNode(content));
    node = std::prev(nodes_.end());
  }
  Change(node, [&](Listpack* pack) {
    // Grows by halves, so that appending seldom moves the node.
    const size_t needed = pack->bytes().size() + MostStreamEntryBytes(content);
    if (needed > pack->MemoryBytes()) {
      pack->Reserve(std::max(needed, std::min(pack->MemoryBytes() * 3 / 2, most_bytes)));
    }
    AppendStreamEntry(node->first, id, content, pack);
  });
  if (++length_ == 1) counters_.first_id = id;
  ++counters_.entries_added;
  counters_.last_id = id;
}

bool Stream::Contains(StreamId id) const { return StreamRange(*this, id, id).Next(); }

bool Stream::Erase(StreamId id) {
  const auto node = NodeFor(id);
  if (node == nodes_.end()) return false;
  const StreamNodeHead head = ReadStreamNode(node->second);
  for (auto at = head.entries; at != Listpack::kEnd;) {
    const StreamEntry entry(node->first, head, node->second, at);
    if (entry.id() > id) return false;
    if (entry.id() == id) {
      if (entry.deleted()) return false;
      if (head.live == 1) {
        RemoveNode(node);
      } else {
        Change(node, [&](Listpack* pack) {
          FlagStreamEntryDeleted(at, pack);
          SetStreamNodeCounts(head.live - 1, head.deleted + 1, pack);
        });
      }
      --length_;
      counters_.max_deleted_id = std::max(counters_.max_deleted_id, id);
      if (length_ == 0 || id == counters_.first_id) FindFirstId();
      return true;
    }
    at = entry.Next();
  }
  return false;
}

int64_t Stream::TrimNode(Nodes::iterator node, const StreamTrim& trim) {
  int64_t trimmed = 0;
  Change(node, [&](Listpack* pack) {
    const StreamNodeHead head = ReadStreamNode(*pack);
    for (auto at = head.entries; at != Listpack::kEnd;) {
      const StreamEntry entry(node->first, head, *pack, at);
      if (trim.kind == StreamTrim::Kind::kMaxLength ? length_ <= trim.max_length : entry.id() >= trim.min_id) break;
      const bool live = !entry.deleted();
      const auto next = entry.Next();
      // A flag takes one byte whatever it is: `next` stays good.
      if (live) FlagStreamEntryDeleted(at, pack);
      at = next;
      if (!live) continue;
      ++trimmed;
      --length_;
    }
    SetStreamNodeCounts(head.live - trimmed, head.deleted + trimmed, pack);
  });
  return trimmed;
}

uint64_t Stream::Trim(const StreamTrim& trim) {
  if (trim.kind == StreamTrim::Kind::kNone) return 0;
  uint64_t trimmed = 0;
  while (!nodes_.empty()) {
    if (trim.kind == StreamTrim::Kind::kMaxLength && length_ <= trim.max_length) break;
    const auto node = nodes_.begin();
    const StreamNodeHead head = ReadStreamNode(node->second);
    const uint64_t live = static_cast<uint64_t>(head.live);
    if (trim.limit != 0 && trimmed + live > trim.limit) break;
    bool whole = false;
    if (trim.kind == StreamTrim::Kind::kMaxLength) {
      whole = length_ - live >= trim.max_length;
    } else {
      const StreamEntry last(node->first, head, node->second, LastStreamEntry(node->second));
      whole = last.id() < trim.min_id;
    }
    if (whole) {
      RemoveNode(node);
      length_ -= live;
      trimmed += live;
      continue;
    }
    if (!trim.approximate) trimmed += static_cast<uint64_t>(TrimNode(node, trim));
    break;
  }
  if (trimmed > 0 || length_ == 0) FindFirstId();
  return trimmed;
}

StreamId Stream::LastEntryId() const {
  StreamRange range(*this, {}, kLastStreamId, true);
  return range.Next() ? range.entry().id() : StreamId{};
}

void Stream::FindFirstId() {
  StreamRange range(*this, {}, kLastStreamId);
  counters_.first_id = range.Next() ? range.entry().id() : StreamId{};
}

void Stream::SetLastId(StreamId last_id, std::optional<uint64_t> entries_added, std::optional<StreamId> max_deleted_id) {
  counters_.last_id = last_id;
  if (entries_added) counters_.entries_added = *entries_added;
  if (max_deleted_id) counters_.max_deleted_id = *max_deleted_id;
}

// --- groups

StreamGroup* Stream::FindGroup(std::string_view name) {
  TellOfGroups();
  const auto it = groups_.find(name);
  return it == groups_.end() ? nullptr : &it->second;
}

const StreamGroup* Stream::FindGroup(std::string_view name) const {
  const auto it = groups_.find(name);
  return it == groups_.end() ? nullptr : &it->second;
}

StreamGroup* Stream::AddGroup(std::string_view name, StreamId last_id, int64_t entries_read) {
  TellOfGroups();
  const auto [it, added] = groups_.try_emplace(std::string(name), &bytes_);
  if (!added) return nullptr;
  bytes_ += BytesOfGroup(name);
  it->second.last_id = last_id;
  it->second.entries_read = entries_read;
  return &it->second;
}

bool Stream::RemoveGroup(std::string_view name) {
  TellOfGroups();
  const auto it = groups_.find(name);
  if (it == groups_.end()) return false;
  while (!it->second.consumers().empty()) it->second.RemoveConsumer(std::string(it->second.consumers().begin()->first));
  bytes_ -= BytesOfGroup(name);
  groups_.erase(it);
  return true;
}

bool Stream::HasGapsFrom(StreamId from) const {
  const StreamId deleted = counters_.max_deleted_id;
  if (length_ == 0 || deleted.zero() || counters_.first_id > deleted) return false;
  return from <= deleted;
}

std::optional<int64_t> Stream::CountUpTo(StreamId id) const {
  const int64_t added = static_cast<int64_t>(counters_.entries_added);
  if (added == 0) return 0;
  if (length_ == 0 && id <= counters_.last_id) return added;
  if (id == counters_.last_id) return added;
  if (id > counters_.last_id) return std::nullopt;
  if (counters_.max_deleted_id.zero() || counters_.max_deleted_id < counters_.first_id) {
    const int64_t before = added - static_cast<int64_t>(length_);
    if (id < counters_.first_id) return before;
    if (id == counters_.first_id) return before + 1;
  }
  return std::nullopt;
}

std::optional<int64_t> Stream::LagOf(const StreamGroup& group) const {
  const int64_t added = static_cast<int64_t>(counters_.entries_added);
  if (added == 0) return 0;
  if (group.entries_read != StreamGroup::kUnknown && !HasGapsFrom(group.last_id)) return added - group.entries_read;
  const auto read = CountUpTo(group.last_id);
  return read ? std::optional<int64_t>(added - *read) : std::nullopt;
}

void Stream::Advance(StreamGroup* group, StreamId id) const {
  if (group->entries_read != StreamGroup::kUnknown && !HasGapsFrom(id)) {
    ++group->entries_read;
  } else if (counters_.entries_added != 0) {
    group->entries_read = CountUpTo(id).value_or(StreamGroup::kUnknown);
  }
  group->last_id = id;
}

// --- from a file

bool Stream::AppendNode(StreamId master, Listpack pack) {
  const auto last = CheckStreamNode(master, pack);
  if (!last || *last < master || (!nodes_.empty() && master <= last_in_nodes_)) return false;
  last_in_nodes_ = *last;
  length_ += static_cast<uint64_t>(ReadStreamNode(pack).live);
  InsertNode(master, std::move(pack));
  return true;
}

bool Stream::Restore(const Counters& counters, uint64_t length) {
  if (length != length_ || counters.last_id < last_in_nodes_) return false;
  counters_ = counters;
  FindFirstId();
  return true;
}

Stream::Counters Stream::CountersOfOld(StreamId last_id) const { return {last_id, {}, {}, length_}; }

// --- ranges

StreamRange::StreamRange(const Stream& stream, StreamId first, StreamId last, bool backwards)
    : stream_(stream), first_(first), last_(last), backwards_(backwards) {
  if (first > last) {
    node_ = backwards ? stream.nodes_.begin() : stream.nodes_.end();
  } else if (backwards) {
    node_ = stream.nodes_.upper_bound(last);
  } else {
    node_ = stream.NodeFor(first);
    if (node_ == stream.nodes_.end()) node_ = stream.nodes_.begin();
  }
}

bool StreamRange::EnterNode() {
  if (backwards_ ? node_ == stream_.nodes_.begin() : node_ == stream_.nodes_.end()) return false;
  if (backwards_) --node_;
  master_ = node_->first;
  pack_ = &node_->second;
  head_ = ReadStreamNode(*pack_);
  at_ = backwards_ ? LastStreamEntry(*pack_) : head_.entries;
  if (!backwards_) ++node_;
  return true;
}

bool StreamRange::Step() {
  if (pack_ != nullptr) at_ = backwards_ ? PreviousStreamEntry(*pack_, at_) : entry_.Next();
  while (pack_ == nullptr || at_ == Listpack::kEnd) {
    if (!EnterNode()) return false;
  }
  entry_ = StreamEntry(master_, head_, *pack_, at_);
  return true;
}

bool StreamRange::Next() {
  while (Step()) {
    if (backwards_ ? entry_.id() < first_ : entry_.id() > last_) return false;
    if (!entry_.deleted() && entry_.id() >= first_ && entry_.id() <= last_) return true;
  }
  return false;
}

}  // namespace windlass::types
