// Which containers can be watched: see change_watch.h.
#include "node/types/change_watch.h"

#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace windlass::types {

Watches* WatchesOf(const Object& object) {
  switch (object.type()) {
    case Type::kHash: return static_cast<const Hash&>(object).watches();
    case Type::kSet: return static_cast<const Set&>(object).watches();
    case Type::kSortedSet: return static_cast<const Zset&>(object).watches();
    case Type::kList: return static_cast<const List&>(object).watches();
    case Type::kStream: return static_cast<const Stream&>(object).watches();
    default: return nullptr;
  }
}

void TellGone(const Object& object) {
  if (const Watches* watches = WatchesOf(object)) watches->Tell([](ChangeWatch& watch) { watch.BeforeGone(); });
}

}  // namespace windlass::types
