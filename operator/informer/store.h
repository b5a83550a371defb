// The cache of one kind of object, by "namespace/name".
//
// Never older than our own last write: what a write answered is put in at once
// (Observe, ObserveDeleted), and an event of the watch that is older than what
// is held is passed over. Versions are compared as numbers, which every API
// server's are; one that is not is taken as newer. Thread-safe; objects are
// immutable once stored.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace windlass::informer {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;

std::string KeyOf(const Json& object);

class Store {
 public:
  Object Find(const std::string& key) const;  // null if absent
  std::vector<Object> All() const;            // by key
  // Of one namespace, with this label.
  std::vector<Object> WithLabel(const std::string& name_space, const std::string& label,
                                const std::string& value) const;
  bool synced() const;

  // True if the object is newer than what was held (or was not held).
  bool Observe(const Json& object);
  // The object was deleted at its version, or later. True if it was held.
  bool ObserveDeleted(const Json& object);
  // A whole list as of `resource_version`: what it does not hold and is not
  // newer than it, is gone. Returns the objects that are new, changed or gone.
  std::vector<Object> Replace(const Json& list);
  // Forgets tombstones that no event still under way can precede.
  void ForgetTombstonesUpTo(const std::string& resource_version);

 private:
  bool OlderLocked(const std::string& key, const Json& object) const;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::map<std::string, Object> objects_;
  std::map<std::string, uint64_t> tombstones_;  // key → version of the deletion
  bool synced_ = false;
};

}  // namespace windlass::informer
