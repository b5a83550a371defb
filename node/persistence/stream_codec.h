// Streams in RDB. Written: the form of version 10, which has the counters of a
// stream and of its groups. Read: also the one before it, and that of version 11, which
// has a consumer's last success as well.
#pragma once

#include <memory>
#include <string>

#include "node/persistence/object_codec.h"
#include "node/types/stream.h"

namespace windlass::persistence {

inline constexpr RdbType kRdbTypeOfStream = RdbType::kStreamListpacks2;
void AppendStream(const types::Stream& stream, bool compress, std::string* out);
// Null: not a type of stream.
std::unique_ptr<ObjectReader> MakeStreamReader(RdbType type);

}  // namespace windlass::persistence
