// See store.h.
#include "operator/informer/store.h"

#include <nlohmann/json.hpp>

#include "operator/base/text.h"

namespace windlass::informer {
namespace {

uint64_t VersionNumber(const std::string& version) {
  return base::ParseUint(version).value_or(UINT64_MAX);
}

uint64_t VersionIn(const Json& object) {
  return VersionNumber(object.value("metadata", Json::object()).value("resourceVersion", ""));
}

std::string LabelOf(const Json& object, const std::string& label) {
  const auto metadata = object.find("metadata");
  if (label.empty() || metadata == object.end()) return "";
  const auto labels = metadata->find("labels");
  return labels == metadata->end() ? "" : labels->value(label, "");
}

// Without who manages which field: it is long, and a write without it leaves it as it was.
Json Plain(const Json& object) {
  Json plain = object;
  if (const auto metadata = plain.find("metadata"); metadata != plain.end()) metadata->erase("managedFields");
  return plain;
}

std::string Pack(const Json& object) {
  std::string bytes;
  Json::to_msgpack(object, bytes);
  bytes.shrink_to_fit();
  return bytes;
}

Object Unpack(const std::string& bytes) { return std::make_shared<const Json>(Json::from_msgpack(bytes)); }

std::string IndexKey(const std::string& key, const std::string& value) { return key.substr(0, key.find('/') + 1) + value; }

}  // namespace

std::string KeyOf(const Json& object) {
  const Json& metadata = object.at("metadata");
  return metadata.value("namespace", "") + "/" + metadata.at("name").get<std::string>();
}

Object Store::Find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : Unpack(found->second.packed);
}

std::vector<Object> Store::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<Object> all;
  for (const auto& [key, held] : objects_) all.push_back(Unpack(held.packed));
  return all;
}

std::vector<Object> Store::WithLabel(const std::string& name_space, const std::string& value) const {
  const std::lock_guard lock(mutex_);
  std::vector<Object> found;
  const auto keys = labelled_.find(name_space + "/" + value);
  if (keys == labelled_.end()) return found;
  for (const std::string& key : keys->second) found.push_back(Unpack(objects_.at(key).packed));
  return found;
}

std::string Store::StampOf(const std::string& name_space, const std::string& value) const {
  const std::lock_guard lock(mutex_);
  const auto keys = labelled_.find(name_space + "/" + value);
  if (keys == labelled_.end()) return "";
  // Every version is of one object only, and a later one is a higher number.
  std::string stamp;
  for (const std::string& key : keys->second) stamp += std::to_string(objects_.at(key).version) + " ";
  return stamp;
}

std::string Store::VersionOf(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? "" : std::to_string(found->second.version);
}

uint64_t Store::changes() const {
  const std::lock_guard lock(mutex_);
  return changes_;
}

bool Store::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

bool Store::OlderLocked(const std::string& key, uint64_t version) const {
  if (const auto held = objects_.find(key); held != objects_.end() && version <= held->second.version) return true;
  const auto tombstone = tombstones_.find(key);
  return tombstone != tombstones_.end() && version <= tombstone->second;
}

void Store::UnindexLocked(const std::string& key, const Held& held) {
  if (held.label.empty()) return;
  const auto keys = labelled_.find(IndexKey(key, held.label));
  keys->second.erase(key);
  if (keys->second.empty()) labelled_.erase(keys);
}

bool Store::Observe(const Json& object) {
  const std::string key = KeyOf(object);
  Held now{VersionIn(object), LabelOf(object, label_), Pack(trim_ == nullptr ? Plain(object) : trim_(object))};
  const std::lock_guard lock(mutex_);
  if (OlderLocked(key, now.version)) return false;
  Held& held = objects_[key];
  UnindexLocked(key, held);
  if (held.packed != now.packed) ++changes_;
  held = std::move(now);
  if (!held.label.empty()) labelled_[IndexKey(key, held.label)].insert(key);
  tombstones_.erase(key);
  return true;
}

bool Store::ObserveDeleted(const Json& object) {
  const std::string key = KeyOf(object);
  const uint64_t version = VersionIn(object);
  const std::lock_guard lock(mutex_);
  const auto held = objects_.find(key);
  // A newer object of the name was made since.
  if (held != objects_.end() && held->second.version > version) return false;
  tombstones_[key] = version;
  if (held == objects_.end()) return false;
  UnindexLocked(key, held->second);
  objects_.erase(held);
  ++changes_;
  return true;
}

std::vector<Object> Store::RetainOnly(const std::set<std::string>& listed, const std::string& resource_version) {
  const uint64_t list_version = VersionNumber(resource_version);
  std::vector<Object> gone;
  const std::lock_guard lock(mutex_);
  for (auto entry = objects_.begin(); entry != objects_.end();) {
    if (listed.count(entry->first) != 0 || entry->second.version > list_version) {
      ++entry;
      continue;
    }
    gone.push_back(Unpack(entry->second.packed));
    UnindexLocked(entry->first, entry->second);
    entry = objects_.erase(entry);
    ++changes_;
  }
  synced_ = true;
  return gone;
}

void Store::ForgetTombstonesUpTo(const std::string& resource_version) {
  const uint64_t version = VersionNumber(resource_version);
  const std::lock_guard lock(mutex_);
  for (auto entry = tombstones_.begin(); entry != tombstones_.end();) {
    entry = entry->second <= version ? tombstones_.erase(entry) : std::next(entry);
  }
}

}  // namespace windlass::informer
