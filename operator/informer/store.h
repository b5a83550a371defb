// The cache of one kind of object, by "namespace/name".
//
// Never older than our own last write: what a write answered is put in at once
// (Observe, ObserveDeleted), and an event of the watch that is older than what
// is held is passed over. Versions are compared as numbers, which every API
// server's are; one that is not is taken as newer. Thread-safe.
//
// Objects are held packed, without what nobody here asks for (Trim), and unpacked
// when they are asked for: a tree of every object takes thirty times the memory.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

namespace windlass::informer {

using Json = nlohmann::json;
using Object = std::shared_ptr<const Json>;

std::string KeyOf(const Json& object);

class Store {
 public:
  // What of an object is worth keeping: its metadata, at least in part, and more.
  using Trim = Json (*)(const Json& object);

  // Objects are found by the value of this label, if it is not empty.
  explicit Store(Trim trim = nullptr, std::string label = "") : trim_(trim), label_(std::move(label)) {}

  Object Find(const std::string& key) const;  // null if absent
  std::vector<Object> All() const;            // by key
  // Of one namespace, with this value of the label. By key.
  std::vector<Object> WithLabel(const std::string& name_space, const std::string& value) const;
  // Differs once any of these was changed, added or taken away.
  std::string StampOf(const std::string& name_space, const std::string& value) const;
  // Of one object; empty if it is absent.
  std::string VersionOf(const std::string& key) const;
  // How often anything has come, gone, or changed in what is kept of it.
  uint64_t changes() const;
  bool synced() const;

  // True if the object is newer than what was held (or was not held).
  bool Observe(const Json& object);
  // The object was deleted at its version, or later. True if it was held.
  bool ObserveDeleted(const Json& object);
  // A whole list as of `resource_version` was observed: what it does not hold and is
  // not newer than it, is gone. Returns what is gone.
  std::vector<Object> RetainOnly(const std::set<std::string>& listed, const std::string& resource_version);
  // Forgets tombstones that no event still under way can precede.
  void ForgetTombstonesUpTo(const std::string& resource_version);

 private:
  struct Held {
    uint64_t version = 0;
    std::string label;   // its value
    std::string packed;  // MessagePack
  };
  using Entries = std::map<std::string, Held>;

  bool OlderLocked(const std::string& key, uint64_t version) const;
  void UnindexLocked(const std::string& key, const Held& held);

  const Trim trim_;
  const std::string label_;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  Entries objects_;
  std::map<std::string, std::set<std::string>> labelled_;  // "namespace/value" → keys
  std::map<std::string, uint64_t> tombstones_;             // key → version of the deletion
  uint64_t changes_ = 0;
  bool synced_ = false;
};

}  // namespace windlass::informer
