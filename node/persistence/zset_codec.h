// Sorted sets in RDB. Written: a listpack, or a count and members with doubles. Read:
// also the ziplist and the scores in text of old versions.
#pragma once

#include <memory>
#include <string>

#include "node/persistence/object_codec.h"
#include "node/types/zset.h"

namespace windlass::persistence {

RdbType RdbTypeOfZset(const types::Zset& zset);
void AppendZset(const types::Zset& zset, bool compress, std::string* out);
// One element of the large form.
void AppendZsetElement(std::string_view member, double score, bool compress, std::string* out);
// Null (both): not a type of sorted set; some are one blob, the others have a reader.
BlobConverter ZsetConverterOf(RdbType type);
std::unique_ptr<ObjectReader> MakeZsetReader(RdbType type, const types::Limits& limits);

}  // namespace windlass::persistence
