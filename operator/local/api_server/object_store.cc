// The object store: a map, a bounded history, and the journal behind both.
#include "operator/local/api_server/object_store.h"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <tuple>

namespace windlass::api_server {

using nlohmann::json;

namespace {

Object Stamped(json object, uint64_t revision) {
  object["metadata"]["resourceVersion"] = std::to_string(revision);
  return std::make_shared<const json>(std::move(object));
}

std::string Encode(const json& record) {
  // Text that is not UTF-8 cannot come in over JSON; replace rather than throw.
  return record.dump(-1, ' ', false, json::error_handler_t::replace);
}

json PutRecord(const StoredObject& stored) {
  return {{"op", "put"},
          {"rev", stored.revision},
          {"resource", stored.key.resource},
          {"namespace", stored.key.name_space},
          {"name", stored.key.name},
          {"object", *stored.object}};
}

}  // namespace

bool ObjectKey::operator<(const ObjectKey& other) const {
  return std::tie(resource, name_space, name) <
         std::tie(other.resource, other.name_space, other.name);
}

bool ObjectKey::operator==(const ObjectKey& other) const {
  return resource == other.resource && name_space == other.name_space && name == other.name;
}

ObjectStore::ObjectStore(const std::string& directory, Limits limits) : limits_(limits) {
  journal_ = std::make_unique<Journal>(directory, [this](std::string_view r) { Replay(r); });
  for (const auto& entry : objects_) live_bytes_at_rewrite_ += Encode(*entry.second.object).size();
}

ObjectStore::~ObjectStore() = default;

void ObjectStore::Replay(std::string_view text) {
  json record = json::parse(text);
  const std::string op = record.at("op");
  uint64_t revision = record.at("rev");
  if (op == "base") {  // first record of a rewritten journal: history begins here
    revision_ = forgotten_ = revision;
    return;
  }
  ObjectKey key{record.at("resource"), record.at("namespace"), record.at("name")};
  auto it = objects_.find(key);
  Object before = it == objects_.end() ? nullptr : it->second.object;
  if (op == "put") {
    Object object = Stamped(std::move(record["object"]), revision);
    objects_[key] = StoredObject{key, object, revision};
    if (revision > forgotten_) Remember({revision, key, before, object, nullptr});
  } else if (op == "delete" && before != nullptr) {
    objects_.erase(it);
    Remember({revision, key, before, nullptr, Stamped(*before, revision)});
  } else {
    throw std::runtime_error("journal record " + std::to_string(revision) + " makes no sense: " + op);
  }
  revision_ = std::max(revision_, revision);
}

void ObjectStore::Remember(StoreEvent event) {
  history_.push_back(std::move(event));
  while (history_.size() > limits_.history_events) {
    forgotten_ = history_.front().revision;
    history_.pop_front();
  }
}

Object ObjectStore::Transaction::Get(const ObjectKey& key) const {
  auto it = store_.objects_.find(key);
  return it == store_.objects_.end() ? nullptr : it->second.object;
}

ObjectStore::Page ObjectStore::Transaction::List(const std::string& resource,
                                                 const std::string& name_space) const {
  Page page;
  page.revision = store_.revision_;
  for (auto it = store_.objects_.lower_bound({resource, name_space, ""});
       it != store_.objects_.end() && it->first.resource == resource &&
       (name_space.empty() || it->first.name_space == name_space);
       ++it) {
    page.items.push_back(it->second);
  }
  return page;
}

ObjectStore::Page ObjectStore::Transaction::ListAll() const {
  Page page;
  page.revision = store_.revision_;
  for (const auto& entry : store_.objects_) page.items.push_back(entry.second);
  return page;
}

Object ObjectStore::Transaction::Put(const ObjectKey& key, json object) {
  uint64_t revision = store_.revision_ + 1;
  StoredObject stored{key, Stamped(std::move(object), revision), revision};
  store_.journal_->Append(Encode(PutRecord(stored)));
  Object before = Get(key);
  store_.objects_[key] = stored;
  store_.revision_ = revision;
  store_.Remember({revision, key, before, stored.object, nullptr});
  store_.RewriteJournalIfLarge();
  store_.changed_.notify_all();
  return stored.object;
}

Object ObjectStore::Transaction::Delete(const ObjectKey& key) {
  Object before = Get(key);
  if (before == nullptr) throw std::logic_error("delete of an absent object " + key.name);
  uint64_t revision = store_.revision_ + 1;
  store_.journal_->Append(Encode({{"op", "delete"},
                                  {"rev", revision},
                                  {"resource", key.resource},
                                  {"namespace", key.name_space},
                                  {"name", key.name}}));
  store_.objects_.erase(key);
  store_.revision_ = revision;
  Object last = Stamped(*before, revision);
  store_.Remember({revision, key, before, nullptr, last});
  store_.RewriteJournalIfLarge();
  store_.changed_.notify_all();
  return last;
}

void ObjectStore::RewriteJournalIfLarge() {
  if (journal_->size_bytes() < 2 * live_bytes_at_rewrite_ + limits_.journal_slack_bytes) return;
  std::vector<std::string> records;
  records.push_back(Encode({{"op", "base"}, {"rev", revision_}}));
  live_bytes_at_rewrite_ = 0;
  for (const auto& entry : objects_) {
    records.push_back(Encode(PutRecord(entry.second)));
    live_bytes_at_rewrite_ += records.back().size();
  }
  journal_->Rewrite(records);
}

uint64_t ObjectStore::revision() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return revision_;
}

std::optional<ObjectStore::Batch> ObjectStore::Events(const std::string& resource,
                                                      uint64_t revision, int wait_ms) {
  std::unique_lock<std::mutex> lock(mutex_);
  const uint64_t wakes = wakes_;
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms),
                    [&] { return revision_ > revision || wakes_ != wakes; });
  if (revision < forgotten_) return std::nullopt;
  Batch batch;
  batch.next = std::max(revision, revision_);
  auto it = std::upper_bound(history_.begin(), history_.end(), revision,
                             [](uint64_t r, const StoreEvent& e) { return r < e.revision; });
  for (; it != history_.end(); ++it) {
    if (resource.empty() || it->key.resource == resource) batch.events.push_back(*it);
  }
  return batch;
}

void ObjectStore::CompactHistory() {
  std::lock_guard<std::mutex> lock(mutex_);
  history_.clear();
  forgotten_ = revision_;
}

void ObjectStore::Wake() {
  std::lock_guard<std::mutex> lock(mutex_);
  ++wakes_;
  changed_.notify_all();
}

}  // namespace windlass::api_server
