// See key_waiter.h.
#include "node/server/key_waiter.h"

#include <algorithm>

#include "node/commands/cluster_port.h"
#include "node/commands/command.h"
#include "node/keyspace/keyspace.h"
#include "node/observe/command_stats.h"

namespace windlass::server {

using commands::WakeReason;

void KeyWaiter::Wait(commands::Call& call, const commands::KeyWait& asked) {
  const uint64_t id = call.client.id;
  const auto command = asked.command.empty() ? call.args : asked.command;
  const int64_t deadline_ms = tried_again_ != nullptr ? tried_again_->deadline_ms : asked.deadline_ms;
  ClientWait wait{{},           asked.type, deadline_ms, asked.also_if_gone, {command.begin(), command.end()},
                  &call.spec,   ++last_ticket_};
  for (const std::string_view name : asked.keys) {
    Key key(call.db.index(), name);
    if (std::find(wait.keys.begin(), wait.keys.end(), key) != wait.keys.end()) continue;
    by_key_[key].emplace(wait.ticket, id);
    wait.keys.push_back(std::move(key));
  }
  waits_.insert_or_assign(id, std::move(wait));
  node_->blocker->Block(call.client, deadline_ms, [this, id](client::Client& client, WakeReason reason) {
    const ClientWait wait = std::move(waits_.at(id));
    Forget(id, wait);
    if (reason == WakeReason::kReady) {
      if (!Redirected(client, wait)) TryAgain(client, wait);
      return;
    }
    if (reason == WakeReason::kClosed) return;
    ++node_->command_stats->at(wait.spec->id).calls;
    if (reason != WakeReason::kUnblockError) client.reply.NullArray();
  });
}

void KeyWaiter::TryAgain(client::Client& client, const ClientWait& wait) {
  const std::vector<std::string_view> args(wait.command.begin(), wait.command.end());
  tried_again_ = &wait;
  client.Set(client::kReprocessing);
  node_->executor->Execute(client, args);
  client.Clear(client::kReprocessing);
  tried_again_ = nullptr;
}

void KeyWaiter::Forget(uint64_t client_id, const ClientWait& wait) {
  for (const Key& key : wait.keys) {
    const auto queue = by_key_.find(key);
    queue->second.erase(wait.ticket);
    if (queue->second.empty()) by_key_.erase(queue);
  }
  waits_.erase(client_id);
}

void KeyWaiter::MarkReady(int db, std::string_view key) {
  if (by_key_.empty()) [[likely]] return;
  Key changed(db, key);
  if (by_key_.count(changed) == 0 || std::find(ready_.begin(), ready_.end(), changed) != ready_.end()) return;
  ready_.push_back(std::move(changed));
}

void KeyWaiter::AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  next_->AfterChange(db, slot, key);
  MarkReady(db.index(), key);
}

void KeyWaiter::AfterFlush(keyspace::Database& db) {
  next_->AfterFlush(db);
  MarkAllReady(db);
}

void KeyWaiter::AfterSwap(keyspace::Database& a, keyspace::Database& b) {
  next_->AfterSwap(a, b);
  MarkAllReady(a);
  MarkAllReady(b);
}

void KeyWaiter::MarkAllReady(const keyspace::Database& db) {
  for (const auto& [key, queue] : by_key_) {
    if (key.first == db.index()) MarkReady(key.first, key.second);
  }
}

const KeyWaiter::Queue::value_type* KeyWaiter::NextFor(const Key& key, Ticket after, Ticket last) const {
  const auto queue = by_key_.find(key);
  if (queue == by_key_.end()) return nullptr;
  const keyspace::Database& db = node_->keyspace->db(key.first);
  const keyspace::Entry* entry = db.Peek(db.slotted() ? slot::KeySlot(key.second) : 0, key.second);
  if (entry != nullptr && entry->IsExpired(node_->clock->UnixMs())) entry = nullptr;
  for (auto it = queue->second.upper_bound(after); it != queue->second.end() && it->first <= last; ++it) {
    const ClientWait& wait = waits_.at(it->second);
    if (wait.also_if_gone || (entry != nullptr && wait.type == entry->type())) return &*it;
  }
  return nullptr;
}

bool KeyWaiter::Redirected(client::Client& client, const ClientWait& wait) const {
  if (node_->cluster == nullptr || wait.keys.empty()) return false;
  commands::SlotQuestion question;
  question.slot = slot::KeySlot(wait.keys.front().second);
  if (node_->cluster->Serves(question.slot)) return false;
  std::vector<std::string_view> keys;
  for (const Key& key : wait.keys) keys.push_back(key.second);
  question.keys = keys;
  question.command_flags = commands::kWrite;
  question.client_flags = client.flags;
  question.db = &node_->keyspace->db(client.db);
  question.now_ms = node_->clock->UnixMs();
  std::string error;
  if (node_->cluster->Admit(question, &error)) return false;
  client.reply.Error(error);
  return true;
}

void KeyWaiter::Redirect(const slot::SlotSet& slots) {
  std::vector<uint64_t> ids;
  for (const auto& [id, wait] : waits_) {
    if (!wait.keys.empty() && slots.Contains(slot::KeySlot(wait.keys.front().second))) ids.push_back(id);
  }
  for (const uint64_t id : ids) node_->blocker->Wake(id);
}

void KeyWaiter::ServeReady() {
  if (ready_.empty() || serving_) return;  // serving: the loop below goes on
  serving_ = true;
  for (size_t i = 0; i < ready_.size(); ++i) {
    const Key key = ready_[i];
    // Serving may make this key ready anew, or another.
    ready_[i].second.clear();
    ready_[i].first = -1;
    const Ticket last = last_ticket_;  // who waits again has been tried
    Ticket tried = 0;
    while (const auto* next = NextFor(key, tried, last)) {
      tried = next->first;
      node_->blocker->Wake(next->second);
    }
  }
  ready_.clear();
  serving_ = false;
}

}  // namespace windlass::server
