// Keys that are being copied to another node and will be deleted here when it has
// them: a write to one has to wait until then. Reads need not.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>

namespace windlass::migration {

class MovingKeys {
 public:
  bool empty() const { return keys_.empty(); }
  bool Contains(int db, std::string_view key) const {
    return keys_.find(std::pair<int, std::string_view>(db, key)) != keys_.end();
  }
  // False: it is moving already.
  bool Add(int db, std::string_view key) { return keys_.emplace(db, key).second; }
  void Remove(int db, std::string_view key) {
    const auto found = keys_.find(std::pair<int, std::string_view>(db, key));
    if (found != keys_.end()) keys_.erase(found);
  }

 private:
  struct Less {
    using is_transparent = void;
    template <typename A, typename B>
    bool operator()(const A& a, const B& b) const {
      if (a.first != b.first) return a.first < b.first;
      return std::string_view(a.second) < std::string_view(b.second);
    }
  };
  std::set<std::pair<int, std::string>, Less> keys_;
};

}  // namespace windlass::migration
