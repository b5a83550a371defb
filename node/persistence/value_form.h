// How the parts of a large value are written down, wherever they go: as an RDB has them,
// or as commands that make the value again.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/persistence/stream_codec.h"
#include "node/types/listpack.h"
#include "node/types/object.h"
#include "node/types/stream.h"

namespace windlass::persistence {

class ValueForm {
 public:
  virtual ~ValueForm() = default;
  // Before all parts: how many fields, members, chunks, nodes or bytes follow.
  virtual void Begin(uint64_t parts, std::string* out) = 0;
  // Elements come in any order, chunks, nodes and bytes in theirs.
  virtual void Bytes(std::string_view piece, std::string* out) = 0;
  virtual void Field(std::string_view field, std::string_view value, std::string* out) = 0;
  virtual void Member(std::string_view member, std::string* out) = 0;
  virtual void Scored(std::string_view member, double score, std::string* out) = 0;
  virtual void Chunk(const types::Listpack& chunk, std::string* out) = 0;
  virtual void Node(types::StreamId master, const types::Listpack& pack, std::string* out) = 0;
  virtual void NodesEnd(std::string* out) {}
  // What stands behind a stream's nodes. May be made before they are.
  virtual void Tail(const StreamFigures& figures, const types::Stream::Groups& groups, std::string* out) = 0;
  virtual void End(std::string* out) {}
};

}  // namespace windlass::persistence
