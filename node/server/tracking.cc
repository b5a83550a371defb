// See tracking.h.
#include "node/server/tracking.h"

#include <algorithm>

#include "node/config/config.h"

namespace windlass::server {

using client::Client;

namespace {

constexpr std::string_view kChannel = "__redis__:invalidate";

void WriteKeys(resp::ReplyWriter& out, const std::vector<std::string_view>* keys) {
  if (keys == nullptr) return out.Null();
  out.Strings(keys->data(), keys->size());
}

}  // namespace

Tracking::Tracking(commands::Node* node, client::Registry* clients, keyspace::ChangeListener* next)
    : node_(node), registry_(clients), next_(next), max_keys_(node->config->Int("tracking-table-max-keys")) {}

void Tracking::Begin(Client& client, const client::TrackingState& wanted) {
  if (client.tracking == nullptr) ++clients_tracking_;
  std::vector<std::string> prefixes = client.tracking == nullptr ? std::vector<std::string>() : client.tracking->prefixes;
  for (const std::string& prefix : wanted.prefixes) prefixes.push_back(prefix);
  client.tracking = std::make_unique<client::TrackingState>(wanted);
  if (wanted.broadcast && wanted.prefixes.empty()) prefixes.emplace_back();
  std::sort(prefixes.begin(), prefixes.end());
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  for (const std::string& prefix : prefixes) prefixes_[prefix].clients.insert(client.id);
  client.tracking->prefixes = std::move(prefixes);
  client.Set(client::kTracking);
}

// Noted keys stay until they change: the client is told if it tracks again by then.
void Tracking::End(Client& client) {
  if (client.tracking == nullptr) return;
  for (const std::string& prefix : client.tracking->prefixes) {
    const auto found = prefixes_.find(prefix);
    if (found == prefixes_.end()) continue;
    found->second.clients.erase(client.id);
    if (found->second.clients.empty()) prefixes_.erase(found);
  }
  client.tracking.reset();
  client.Clear(client::kTracking);
  --clients_tracking_;
}

commands::TrackingCounts Tracking::Counts() const {
  return {clients_tracking_, keys_.size(), items_, prefixes_.size()};
}

void Tracking::Remember(Client& client, const std::vector<std::string_view>& keys) {
  const client::TrackingState& state = *client.tracking;
  if (state.broadcast || (state.opt_in && !state.caching) || (state.opt_out && state.caching)) return;
  for (const std::string_view key : keys) {
    if (keys_[std::string(key)].insert(client.id).second) ++items_;
  }
}

void Tracking::AfterChange(keyspace::Database& db, slot::SlotId slot, std::string_view key) {
  next_->AfterChange(db, slot, key);
  if (active()) [[unlikely]] Invalidate(key);
}

void Tracking::Invalidate(std::string_view key) {
  const uint64_t by = acting_ == nullptr || by_script_ ? 0 : acting_->id;
  for (auto& [prefix, state] : prefixes_) {
    if (key.substr(0, prefix.size()) == prefix) state.changed[std::string(key)] = by;
  }
  const auto entry = keys_.find(std::string(key));
  if (entry != keys_.end()) DropKey(entry, false);
}

void Tracking::DropKey(std::unordered_map<std::string, std::set<uint64_t>>::iterator entry, bool by_limit) {
  const std::vector<std::string_view> one{entry->first};
  for (const uint64_t id : entry->second) {
    Client* client = registry_->Find(id);
    if (client == nullptr || client->tracking == nullptr || client->tracking->broadcast) continue;
    if (!by_limit && client->tracking->no_loop && client == acting_) continue;
    Tell(*client, &one);
  }
  items_ -= entry->second.size();
  keys_.erase(entry);
}

void Tracking::AfterFlush(keyspace::Database& db) {
  next_->AfterFlush(db);
  if (!active() || flush_told_) return;
  flush_told_ = true;
  registry_->ForEach([this](Client& client) {
    if (client.tracking != nullptr) Tell(client, nullptr);
  });
  keys_.clear();
  items_ = 0;
}

void Tracking::Tell(Client& client, const std::vector<std::string_view>* keys) {
  Client* target = &client;
  client::TrackingState& state = *client.tracking;
  std::string frame;
  if (state.redirect != 0) {
    target = registry_->Find(state.redirect);
    if (target == nullptr) {
      state.broken = true;
      if (client.reply.protocol() != 3) return;
      resp::ReplyWriter writer(&frame, 3);
      writer.Push(2);
      writer.Bulk("tracking-redir-broken");
      writer.Integer(static_cast<int64_t>(state.redirect));
      return client.Push(frame);
    }
  }
  resp::ReplyWriter writer(&frame, target->reply.protocol());
  if (target->reply.protocol() == 3) {
    writer.Push(2);
    writer.Bulk("invalidate");
  } else if (target != &client && target->Has(client::kPubSub)) {
    writer.Push(3);
    writer.Bulk("message");
    writer.Bulk(kChannel);
  } else {
    return;  // it could not tell the message from a reply
  }
  WriteKeys(writer, keys);
  target->Push(frame);
}

void Tracking::Broadcast(Prefix& prefix) {
  std::vector<std::string_view> all;
  for (const auto& [key, who] : prefix.changed) all.push_back(key);
  for (const uint64_t id : prefix.clients) {
    Client* client = registry_->Find(id);
    if (client == nullptr || client->tracking == nullptr) continue;
    if (!client->tracking->no_loop) {
      Tell(*client, &all);
      continue;
    }
    std::vector<std::string_view> others;
    for (const auto& [key, who] : prefix.changed) {
      if (who != id) others.push_back(key);
    }
    if (!others.empty()) Tell(*client, &others);
  }
  prefix.changed.clear();
}

void Tracking::EndTurn() {
  flush_told_ = false;
  if (!active()) return;
  for (auto& [text, prefix] : prefixes_) {
    if (!prefix.changed.empty()) Broadcast(prefix);
  }
  while (max_keys_ > 0 && keys_.size() > static_cast<size_t>(max_keys_)) DropKey(keys_.begin(), true);
}

}  // namespace windlass::server
