// See key_waiter.h.
#include "node/server/key_waiter.h"

#include <algorithm>

#include "node/keyspace/keyspace.h"

namespace windlass::server {

using commands::WakeReason;

void KeyWaiter::Wait(commands::Call& call, std::span<const std::string_view> keys, types::Type type,
                     int64_t deadline_ms) {
  const uint64_t id = call.client.id;
  ClientWait wait{{}, type, std::vector<std::string>(call.args.begin(), call.args.end())};
  for (const std::string_view name : keys) {
    Key key(call.db.index(), name);
    if (std::find(wait.keys.begin(), wait.keys.end(), key) != wait.keys.end()) continue;
    by_key_[key].push_back(id);
    wait.keys.push_back(std::move(key));
  }
  waits_.insert_or_assign(id, std::move(wait));
  node_->blocker->Block(call.client, deadline_ms, [this, id](client::Client& client, WakeReason reason) {
    const std::vector<std::string> command = std::move(waits_.at(id).command);
    Forget(id);
    if (reason == WakeReason::kTimeout || reason == WakeReason::kUnblock) return client.reply.NullArray();
    if (reason != WakeReason::kReady) return;
    const std::vector<std::string_view> args(command.begin(), command.end());
    node_->executor->Execute(client, args);
  });
}

void KeyWaiter::Forget(uint64_t client_id) {
  const auto wait = waits_.find(client_id);
  for (const Key& key : wait->second.keys) {
    const auto queue = by_key_.find(key);
    queue->second.remove(client_id);
    if (queue->second.empty()) by_key_.erase(queue);
  }
  waits_.erase(wait);
}

void KeyWaiter::AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  next_->AfterChange(db, slot, key);
  if (by_key_.empty()) [[likely]] return;
  Key changed(db.index(), key);
  if (by_key_.count(changed) == 0 || std::find(ready_.begin(), ready_.end(), changed) != ready_.end()) return;
  ready_.push_back(std::move(changed));
}

// SWAPDB may have brought what somebody waits for.
void KeyWaiter::AfterFlush(keyspace::Database& db) {
  next_->AfterFlush(db);
  for (auto it = by_key_.lower_bound({db.index(), ""}); it != by_key_.end() && it->first.first == db.index(); ++it) {
    if (std::find(ready_.begin(), ready_.end(), it->first) == ready_.end()) ready_.push_back(it->first);
  }
}

uint64_t KeyWaiter::FirstFor(const Key& key) const {
  const auto queue = by_key_.find(key);
  if (queue == by_key_.end()) return 0;
  const keyspace::Database& db = node_->keyspace->db(key.first);
  const keyspace::Entry* entry = db.Peek(db.slotted() ? slot::KeySlot(key.second) : 0, key.second);
  if (entry == nullptr || entry->IsExpired(node_->clock->UnixMs())) return 0;
  for (const uint64_t id : queue->second) {
    if (waits_.at(id).type == entry->type()) return id;
  }
  return 0;
}

void KeyWaiter::ServeReady() {
  if (ready_.empty() || serving_) return;  // serving: the loop below goes on
  serving_ = true;
  for (size_t i = 0; i < ready_.size(); ++i) {
    const Key key = ready_[i];
    // Serving may make this key ready anew, or another.
    ready_[i].second.clear();
    ready_[i].first = -1;
    while (const uint64_t id = FirstFor(key)) node_->blocker->Wake(id);
  }
  ready_.clear();
  serving_ = false;
}

}  // namespace windlass::server
