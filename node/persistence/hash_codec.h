// Hashes in RDB. Written: a listpack, or a count and pairs. Read: also zipmap and
// ziplist.
#pragma once

#include <memory>
#include <string>

#include "node/persistence/object_codec.h"
#include "node/types/hash.h"

namespace windlass::persistence {

RdbType RdbTypeOfHash(const types::Hash& hash);
void AppendHash(const types::Hash& hash, bool compress, std::string* out);
// Null (both): not a type of hash; some are one blob, the others have a reader.
BlobConverter HashConverterOf(RdbType type);
std::unique_ptr<ObjectReader> MakeHashReader(RdbType type, const types::Limits& limits);

}  // namespace windlass::persistence
