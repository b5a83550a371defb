// See stream_group.h.
#include "node/types/stream_group.h"

#include <cassert>

namespace windlass::types {
namespace {

// What a map's element takes from the allocator, besides its own bytes: three
// pointers and a colour.
constexpr size_t kMapNode = 32;
constexpr size_t kPendingBytes = kMapNode + sizeof(StreamGroup::Pendings::value_type) +  //
                                 kMapNode + sizeof(decltype(StreamConsumer::pending)::value_type);

size_t BytesOf(std::string_view consumer) {
  return kMapNode + sizeof(StreamGroup::Consumers::value_type) + (consumer.size() > 15 ? consumer.size() + 1 : 0);
}

}  // namespace

void StreamGroup::CopyFrom(const StreamGroup& other) {
  last_id = other.last_id;
  entries_read = other.entries_read;
  for (const auto& [name, consumer] : other.consumers_) AddConsumer(name, consumer.seen_ms).active_ms = consumer.active_ms;
  for (const auto& [id, pending] : other.pending_) {
    AddPending(id, {pending.delivered_ms, pending.deliveries, FindConsumer(pending.consumer->name)});
  }
}

StreamConsumer* StreamGroup::FindConsumer(std::string_view name) {
  const auto it = consumers_.find(name);
  return it == consumers_.end() ? nullptr : &it->second;
}

const StreamConsumer* StreamGroup::FindConsumer(std::string_view name) const {
  const auto it = consumers_.find(name);
  return it == consumers_.end() ? nullptr : &it->second;
}

StreamConsumer& StreamGroup::AddConsumer(std::string_view name, int64_t seen_ms) {
  const auto [it, added] = consumers_.try_emplace(std::string(name));
  assert(added);
  it->second.name = it->first;
  it->second.seen_ms = seen_ms;
  *bytes_ += BytesOf(name);
  return it->second;
}

int64_t StreamGroup::RemoveConsumer(std::string_view name) {
  const auto it = consumers_.find(name);
  if (it == consumers_.end()) return -1;
  const size_t pending = it->second.pending.size();
  for (const auto& [id, entry] : it->second.pending) pending_.erase(id);
  *bytes_ -= pending * kPendingBytes + BytesOf(it->first);
  consumers_.erase(it);
  return static_cast<int64_t>(pending);
}

StreamPending* StreamGroup::FindPending(StreamId id) {
  const auto it = pending_.find(id);
  return it == pending_.end() ? nullptr : &it->second;
}

StreamPending& StreamGroup::AddPending(StreamId id, const StreamPending& pending) {
  const size_t before = pending_.size();
  // Mostly ids come in order.
  const auto it = pending_.emplace_hint(pending_.end(), id, pending);
  assert(pending_.size() == before + 1);
  (void)before;
  it->second.consumer->pending.emplace_hint(it->second.consumer->pending.end(), id, &it->second);
  *bytes_ += kPendingBytes;
  return it->second;
}

void StreamGroup::Give(StreamId id, StreamPending* pending, StreamConsumer* consumer) {
  if (pending->consumer == consumer) return;
  pending->consumer->pending.erase(id);
  pending->consumer = consumer;
  consumer->pending.emplace(id, pending);
}

bool StreamGroup::Forget(StreamId id) {
  const auto it = pending_.find(id);
  if (it == pending_.end()) return false;
  it->second.consumer->pending.erase(id);
  pending_.erase(it);
  *bytes_ -= kPendingBytes;
  return true;
}

bool StreamGroup::FreeStep(size_t entries) {
  for (; entries > 0 && !pending_.empty(); --entries) Forget(pending_.begin()->first);
  return pending_.empty();
}

}  // namespace windlass::types
