// See value_walk.h.
#include "node/persistence/value_walk.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace windlass::persistence {

std::unique_ptr<ValueWalk> ValueWalk::Of(const types::Object& object, ValueForm* form, std::string* early) {
  if (types::WatchesOf(object) == nullptr) return nullptr;
  switch (object.type()) {
    case types::Type::kHash:
      return std::make_unique<TableWalk<types::Hash>>(static_cast<const types::Hash&>(object), form, early);
    case types::Type::kSet:
      return std::make_unique<TableWalk<types::Set>>(static_cast<const types::Set&>(object), form, early);
    case types::Type::kSortedSet: return std::make_unique<ZsetWalk>(static_cast<const types::Zset&>(object), form, early);
    case types::Type::kList: return std::make_unique<ListWalk>(static_cast<const types::List&>(object), form);
    case types::Type::kStream: return std::make_unique<StreamWalk>(static_cast<const types::Stream&>(object), form);
    default: return nullptr;
  }
}

// --- hashes and sets

namespace {

// f(element, how to write it), the same for both.
template <typename F>
uint64_t ScanTable(const types::Hash& hash, uint64_t cursor, ValueForm* form, std::string* out, const F& wanted) {
  return hash.Scan(cursor, [&](std::string_view field, std::string_view value) {
    if (wanted(field)) form->Field(field, value, out);
  });
}

template <typename F>
uint64_t ScanTable(const types::Set& set, uint64_t cursor, ValueForm* form, std::string* out, const F& wanted) {
  return set.Scan(cursor, [&](std::string_view member) {
    if (wanted(member)) form->Member(member, out);
  });
}

void WriteOne(const types::Hash& hash, std::string_view field, ValueForm* form, std::string* out) {
  char buffer[types::kMaxIntegerDigits];
  if (const auto value = hash.Get(field, buffer)) form->Field(field, *value, out);
}

void WriteOne(const types::Set& set, std::string_view member, ValueForm* form, std::string* out) {
  if (set.Contains(member)) form->Member(member, out);
}

}  // namespace

template <typename Table>
bool TableWalk<Table>::Step(size_t end, std::string* out) {
  // After changes a leaf may come again, joined of two.
  const auto wanted = [this](std::string_view element) {
    return !changed_ || (!types::PackedTable::IsBefore(element, cursor_) &&
                         touched_.find(element) == touched_.end());
  };
  while (!whole_ && out->size() < end) {
    cursor_ = ScanTable(table_, cursor_, form_, out, wanted);
    whole_ = cursor_ == 0;
  }
  return whole_;
}

template <typename Table>
void TableWalk<Table>::BeforeElement(std::string_view element) {
  changed_ = true;
  if (whole_ || types::PackedTable::IsBefore(element, cursor_) || !touched_.emplace(element).second) return;
  WriteOne(table_, element, form_, early_);
}

template class TableWalk<types::Hash>;
template class TableWalk<types::Set>;

// --- sorted sets

bool ZsetWalk::IsPast(double score, std::string_view member) const {
  return begun_ && (score != score_ ? score > score_ : member >= member_);
}

bool ZsetWalk::Step(size_t end, std::string* out) {
  constexpr size_t kAtOnce = 256;
  size_t left = begun_ ? zset_.CountBelow(types::ZsetBound(score_, member_)) : zset_.size();
  while (left > 0 && out->size() < end) {
    const size_t count = std::min(kAtOnce, left);
    size_t told = 0;
    zset_.ForRange(left - count, count, true, [&](std::string_view member, double score) {
      if (touched_.empty() || touched_.find(member) == touched_.end()) form_->Scored(member, score, out);
      if (++told < count) return;
      score_ = score;
      member_ = member;
    });
    begun_ = true;
    left -= count;
  }
  return left == 0;
}

void ZsetWalk::BeforeElement(std::string_view element) {
  if (!touched_.emplace(element).second) return;
  const auto score = zset_.Score(element);
  if (score && !IsPast(*score, element)) form_->Scored(element, *score, early_);
}

// --- lists

ListWalk::Ahead& ListWalk::AheadOf(size_t chunk) {
  if (!std::exchange(changed_, true)) ahead_.resize(list_.chunks().size() - at_);
  return ahead_[chunk - at_];
}

void ListWalk::Copy(size_t chunk) {
  Ahead& ahead = AheadOf(chunk);
  if (std::exchange(ahead.skip, true)) return;
  ahead.before.push_back(list_.chunks()[chunk].Clone());
}

void ListWalk::BeforeChunk(size_t chunk) {
  if (chunk >= at_) Copy(chunk);
}

void ListWalk::BeforeChunkGoes(size_t chunk) {
  if (chunk < at_) {
    --at_;
    return;
  }
  Copy(chunk);
  std::vector<types::Listpack> kept = std::move(AheadOf(chunk).before);
  std::vector<types::Listpack>& next = chunk + 1 < list_.chunks().size() ? AheadOf(chunk + 1).before : last_;
  next.insert(next.begin(), std::make_move_iterator(kept.begin()), std::make_move_iterator(kept.end()));
  ahead_.erase(ahead_.begin() + static_cast<std::ptrdiff_t>(chunk - at_));
}

void ListWalk::AfterChunkCame(size_t chunk) {
  if (chunk < at_) {
    ++at_;
    return;
  }
  if (!std::exchange(changed_, true)) ahead_.resize(list_.chunks().size() - 1 - at_);
  Ahead fresh;
  fresh.skip = true;
  ahead_.insert(ahead_.begin() + static_cast<std::ptrdiff_t>(chunk - at_), std::move(fresh));
}

void ListWalk::WriteAll(std::vector<types::Listpack>* chunks, std::string* out) {
  for (const types::Listpack& chunk : *chunks) form_->Chunk(chunk, out);
  chunks->clear();
}

bool ListWalk::Step(size_t end, std::string* out) {
  while (at_ < list_.chunks().size() && out->size() < end) {
    bool skip = false;
    if (changed_) {
      WriteAll(&ahead_.front().before, out);
      skip = ahead_.front().skip;
      ahead_.pop_front();
    }
    if (!skip) form_->Chunk(list_.chunks()[at_], out);
    ++at_;
  }
  if (at_ < list_.chunks().size()) return false;
  WriteAll(&last_, out);
  return true;
}

// --- streams

StreamWalk::StreamWalk(const types::Stream& stream, ValueForm* form)
    : stream_(stream),
      form_(form),
      parts_(stream.nodes().size()),
      figures_{stream.counters(), stream.size()},
      nodes_done_(stream.nodes().empty()) {
  if (!nodes_done_) end_ = std::prev(stream.nodes().end())->first;
}

void StreamWalk::BeforeNode(types::StreamId master) {
  if (nodes_done_ || !IsAhead(master)) return;
  const auto [at, added] = aside_.try_emplace(master);
  if (added) at->second = stream_.nodes().find(master)->second.Clone();
}

// One with the place of an old node: the last id was set back.
void StreamWalk::AfterNodeCame(types::StreamId master) {
  if (!nodes_done_ && IsAhead(master)) aside_.try_emplace(master);
}

void StreamWalk::BeforeGroups() {
  if (std::exchange(tail_made_, true)) return;
  form_->Tail(figures_, stream_.groups(), &tail_);
}

// The next node as it was; false: there is none.
bool StreamWalk::StepNode(std::string* out) {
  const auto node = begun_ ? stream_.nodes().upper_bound(past_) : stream_.nodes().begin();
  const bool is_there = node != stream_.nodes().end() && node->first <= end_;
  const auto aside = aside_.begin();
  if (!is_there && aside == aside_.end()) return false;
  if (aside == aside_.end() || (is_there && node->first < aside->first)) {
    past_ = node->first;
    form_->Node(node->first, node->second, out);
  } else {
    past_ = aside->first;
    if (aside->second) form_->Node(aside->first, *aside->second, out);
    aside_.erase(aside);
  }
  begun_ = true;
  return true;
}

bool StreamWalk::Step(size_t end, std::string* out) {
  while (!nodes_done_ && out->size() < end) nodes_done_ = !StepNode(out);
  if (!nodes_done_) return false;
  form_->NodesEnd(out);
  BeforeGroups();
  out->append(tail_);
  return true;
}

}  // namespace windlass::persistence
