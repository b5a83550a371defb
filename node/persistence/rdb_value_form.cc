// See rdb_value_form.h.
#include "node/persistence/rdb_value_form.h"

#include "node/persistence/list_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/zset_codec.h"

namespace windlass::persistence {

void RdbValueForm::Begin(uint64_t parts, std::string* out) { AppendLength(parts, out); }

void RdbValueForm::Field(std::string_view field, std::string_view value, std::string* out) {
  AppendString(field, compress_, out);
  AppendString(value, compress_, out);
}

void RdbValueForm::Member(std::string_view member, std::string* out) { AppendString(member, compress_, out); }

void RdbValueForm::Scored(std::string_view member, double score, std::string* out) {
  AppendZsetElement(member, score, compress_, out);
}

void RdbValueForm::Chunk(const types::Listpack& chunk, std::string* out) { AppendListChunk(chunk, compress_, out); }

void RdbValueForm::Node(types::StreamId master, const types::Listpack& pack, std::string* out) {
  AppendStreamNode(master, pack, compress_, out);
}

void RdbValueForm::Tail(const StreamFigures& figures, const types::Stream::Groups& groups, std::string* out) {
  AppendStreamTail(figures, groups, compress_, out);
}

}  // namespace windlass::persistence
