// Sets in RDB. Written: an intset, or a count and members (version 10 has no
// listpack form). Read: also the listpack of version 11.
#pragma once

#include <memory>
#include <string>

#include "node/persistence/object_codec.h"
#include "node/types/set.h"

namespace windlass::persistence {

RdbType RdbTypeOfSet(const types::Set& set);
void AppendSet(const types::Set& set, bool compress, std::string* out);
// Null (both): not a type of set; some are one blob, the others have a reader.
BlobConverter SetConverterOf(RdbType type);
std::unique_ptr<ObjectReader> MakeSetReader(RdbType type, const types::Limits& limits);

}  // namespace windlass::persistence
