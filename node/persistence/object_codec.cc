// See object_codec.h.
#include "node/persistence/object_codec.h"

#include <cassert>
#include <utility>

#include "node/persistence/hash_codec.h"
#include "node/persistence/list_codec.h"
#include "node/persistence/object_readers.h"
#include "node/persistence/set_codec.h"
#include "node/persistence/zset_codec.h"
#include "node/persistence/stream_codec.h"

namespace windlass::persistence {

RdbType RdbTypeOf(const types::Object& object) {
  switch (object.type()) {
    case types::Type::kList: return kRdbTypeOfList;
    case types::Type::kSet: return RdbTypeOfSet(static_cast<const types::Set&>(object));
    case types::Type::kSortedSet: return RdbTypeOfZset(static_cast<const types::Zset&>(object));
    case types::Type::kHash: return RdbTypeOfHash(static_cast<const types::Hash&>(object));
    case types::Type::kStream: return kRdbTypeOfStream;
    default: break;
  }
  assert(false && "no codec for this type");
  return RdbType::kString;
}

void AppendObject(const types::Object& object, bool compress, std::string* out) {
  switch (object.type()) {
    case types::Type::kList: return AppendList(static_cast<const types::List&>(object), compress, out);
    case types::Type::kSet: return AppendSet(static_cast<const types::Set&>(object), compress, out);
    case types::Type::kSortedSet: return AppendZset(static_cast<const types::Zset&>(object), compress, out);
    case types::Type::kHash: return AppendHash(static_cast<const types::Hash&>(object), compress, out);
    case types::Type::kStream: return AppendStream(static_cast<const types::Stream&>(object), compress, out);
    default: break;
  }
  assert(false && "no codec for this type");
}

BlobConverter BlobConverterOf(RdbType type) {
  if (const BlobConverter convert = HashConverterOf(type)) return convert;
  if (const BlobConverter convert = SetConverterOf(type)) return convert;
  if (const BlobConverter convert = ZsetConverterOf(type)) return convert;
  return ListConverterOf(type);
}

ReadStatus ReadBlob(BlobConverter convert, const types::Limits& limits, EncodingCursor* cursor, std::string* scratch,
                    std::unique_ptr<types::Object>* object) {
  std::string_view bytes;
  if (const ReadStatus s = cursor->View(&bytes, scratch); s != ReadStatus::kDone) return s;
  std::string error;
  *object = convert(bytes, limits, &error);
  return error.empty() ? ReadStatus::kDone : cursor->Bad(std::move(error));
}

std::unique_ptr<ObjectReader> MakeObjectReader(RdbType type, const types::Limits& limits) {
  if (const BlobConverter convert = BlobConverterOf(type)) return std::make_unique<BlobReader>(convert, limits);
  if (auto reader = MakeHashReader(type, limits)) return reader;
  if (auto reader = MakeListReader(type, limits)) return reader;
  if (auto reader = MakeSetReader(type, limits)) return reader;
  if (auto reader = MakeZsetReader(type, limits)) return reader;
  if (auto reader = MakeStreamReader(type)) return reader;
  return nullptr;
}

}  // namespace windlass::persistence
