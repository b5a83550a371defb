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
// The same in parts: the number of nodes, the nodes, and what comes behind them, with
// counters and length as they were when the nodes were counted.
void AppendStreamNode(types::StreamId master, const types::Listpack& pack, bool compress, std::string* out);
struct StreamFigures {
  types::Stream::Counters counters;
  uint64_t length = 0;
};
void AppendStreamTail(const StreamFigures& figures, const types::Stream::Groups& groups, bool compress, std::string* out);
// Null: not a type of stream.
std::unique_ptr<ObjectReader> MakeStreamReader(RdbType type);

}  // namespace windlass::persistence
