// Keys that are being copied to another node and will be deleted here when it has
// them: a write to one has to wait until then. Reads need not.
//
// What writes without naming keys (FLUSHALL, expiry, eviction, a master's stream) is
// not held, but seen: what changed is not what is copied. The copy breaks off if it is
// still being read, and the key is not deleted here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "node/keyspace/observers.h"

namespace windlass::keyspace {
class Keyspace;
}
namespace windlass::persistence {
class DumpStream;
}

namespace windlass::migration {

class MovingKeys final : public keyspace::ChangeObserver {
 public:
  explicit MovingKeys(keyspace::Keyspace* keyspace) : keyspace_(keyspace) {}
  ~MovingKeys() override;
  MovingKeys(const MovingKeys&) = delete;
  MovingKeys& operator=(const MovingKeys&) = delete;

  bool empty() const { return keys_.empty(); }
  bool Contains(int db, std::string_view key) const {
    return keys_.find(std::pair<int, std::string_view>(db, key)) != keys_.end();
  }
  // False: it is moving already.
  bool Add(int db, std::string_view key);
  // The value is read in steps, by this. REQUIRES: Contains(db, key)
  void ReadBy(int db, std::string_view key, std::shared_ptr<persistence::DumpStream> stream);
  // True: it has changed since Add.
  bool Remove(int db, std::string_view key);

  void BeforeChange(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) override;
  void AfterInsert(keyspace::Database& db, slot::SlotId slot, keyspace::Entry& entry) override;
  void BeforeDrop(keyspace::Database& db, slot::SlotId slot) override;
  void BeforeSwap(keyspace::Database& a, keyspace::Database& b) override;

 private:
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (a.first != b.first) return a.first < b.first;
      return std::string_view(a.second) < std::string_view(b.second);
    }
  };
  struct State {
    bool changed = false;
    std::shared_ptr<persistence::DumpStream> stream;  // null: was read at once
  };
  static void NoteChange(State* state);
  void NoteChangeOf(const keyspace::Database& db, std::string_view key);

  keyspace::Keyspace* keyspace_;  // observed while there are keys
  std::map<std::pair<int, std::string>, State, Less> keys_;
};

}  // namespace windlass::migration
