// See object_codec.h.
#include "node/persistence/object_codec.h"

#include <cassert>

namespace windlass::persistence {

RdbType RdbTypeOf(const types::Object& object) {
  switch (object.type()) {
    case types::Type::kString:
    case types::Type::kList:
    case types::Type::kSet:
    case types::Type::kSortedSet:
    case types::Type::kHash:
    case types::Type::kStream: break;
  }
  assert(false && "no codec for this type");
  return RdbType::kString;
}

void AppendObject(const types::Object& object, bool compress, std::string* out) {
  switch (object.type()) {
    case types::Type::kString:
    case types::Type::kList:
    case types::Type::kSet:
    case types::Type::kSortedSet:
    case types::Type::kHash:
    case types::Type::kStream: break;
  }
  assert(false && "no codec for this type");
}

std::unique_ptr<ObjectReader> MakeObjectReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
