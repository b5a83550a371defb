// See store.h.
#include "operator/informer/store.h"

#include <nlohmann/json.hpp>
#include <set>

#include "operator/base/text.h"

namespace windlass::informer {
namespace {

uint64_t VersionNumber(const std::string& version) {
  return base::ParseUint(version).value_or(UINT64_MAX);
}

uint64_t VersionOf(const Json& object) {
  return VersionNumber(object.value("metadata", Json::object()).value("resourceVersion", ""));
}

std::string LabelOf(const Json& object, const std::string& label) {
  return object.value("metadata", Json::object()).value("labels", Json::object()).value(label, "");
}

}  // namespace

std::string KeyOf(const Json& object) {
  const Json& metadata = object.at("metadata");
  return metadata.value("namespace", "") + "/" + metadata.at("name").get<std::string>();
}

Object Store::Find(const std::string& key) const {
  const std::lock_guard lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<Object> Store::All() const {
  const std::lock_guard lock(mutex_);
  std::vector<Object> all;
  for (const auto& [key, object] : objects_) all.push_back(object);
  return all;
}

std::vector<Object> Store::WithLabel(const std::string& name_space, const std::string& label,
                                     const std::string& value) const {
  const std::lock_guard lock(mutex_);
  std::vector<Object> found;
  for (auto it = objects_.lower_bound(name_space + "/"); it != objects_.end(); ++it) {
    if (it->first.compare(0, name_space.size() + 1, name_space + "/") != 0) break;
    if (LabelOf(*it->second, label) == value) found.push_back(it->second);
  }
  return found;
}

bool Store::synced() const {
  const std::lock_guard lock(mutex_);
  return synced_;
}

bool Store::OlderLocked(const std::string& key, const Json& object) const {
  const uint64_t version = VersionOf(object);
  if (const auto held = objects_.find(key); held != objects_.end() && version <= VersionOf(*held->second)) return true;
  const auto tombstone = tombstones_.find(key);
  return tombstone != tombstones_.end() && version <= tombstone->second;
}

bool Store::Observe(const Json& object) {
  const std::string key = KeyOf(object);
  const std::lock_guard lock(mutex_);
  if (OlderLocked(key, object)) return false;
  objects_[key] = std::make_shared<const Json>(object);
  tombstones_.erase(key);
  return true;
}

bool Store::ObserveDeleted(const Json& object) {
  const std::string key = KeyOf(object);
  const std::lock_guard lock(mutex_);
  const auto held = objects_.find(key);
  // A newer object of the name was made since.
  if (held != objects_.end() && VersionOf(*held->second) > VersionOf(object)) return false;
  tombstones_[key] = VersionOf(object);
  return objects_.erase(key) != 0;
}

std::vector<Object> Store::Replace(const Json& list) {
  const uint64_t list_version = VersionOf(list);
  std::vector<Object> changed;
  std::set<std::string> listed;
  const std::lock_guard lock(mutex_);
  for (const Json& item : list.at("items")) {
    const std::string key = KeyOf(item);
    listed.insert(key);
    if (OlderLocked(key, item)) continue;
    changed.push_back(objects_[key] = std::make_shared<const Json>(item));
  }
  for (auto entry = objects_.begin(); entry != objects_.end();) {
    if (listed.count(entry->first) != 0 || VersionOf(*entry->second) > list_version) {
      ++entry;
      continue;
    }
    changed.push_back(entry->second);
    entry = objects_.erase(entry);
  }
  synced_ = true;
  return changed;
}

void Store::ForgetTombstonesUpTo(const std::string& resource_version) {
  const uint64_t version = VersionNumber(resource_version);
  const std::lock_guard lock(mutex_);
  for (auto entry = tombstones_.begin(); entry != tombstones_.end();) {
    entry = entry->second <= version ? tombstones_.erase(entry) : std::next(entry);
  }
}

}  // namespace windlass::informer
