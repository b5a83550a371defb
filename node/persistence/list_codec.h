// Lists in RDB. Written: a count of chunks, each a listpack. Read: also single
// elements, one ziplist, and chunks of ziplists.
#pragma once

#include <memory>
#include <string>

#include "node/persistence/object_codec.h"
#include "node/types/list.h"

namespace windlass::persistence {

inline constexpr RdbType kRdbTypeOfList = RdbType::kListQuicklist2;
void AppendListChunk(const types::Listpack& chunk, bool compress, std::string* out);
void AppendList(const types::List& list, bool compress, std::string* out);
// Null (both): not a type of list; some are one blob, the others have a reader.
BlobConverter ListConverterOf(RdbType type);
std::unique_ptr<ObjectReader> MakeListReader(RdbType type, const types::Limits& limits);

}  // namespace windlass::persistence
