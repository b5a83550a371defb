// A large value as an RDB has it behind the key.
#pragma once

#include "node/persistence/value_form.h"

namespace windlass::persistence {

class RdbValueForm final : public ValueForm {
 public:
  explicit RdbValueForm(bool compress) : compress_(compress) {}
  void Begin(uint64_t parts, std::string* out) override;
  void Bytes(std::string_view piece, std::string* out) override { out->append(piece); }
  void Field(std::string_view field, std::string_view value, std::string* out) override;
  void Member(std::string_view member, std::string* out) override;
  void Scored(std::string_view member, double score, std::string* out) override;
  void Chunk(const types::Listpack& chunk, std::string* out) override;
  void Node(types::StreamId master, const types::Listpack& pack, std::string* out) override;
  void Tail(const StreamFigures& figures, const types::Stream::Groups& groups, std::string* out) override;

 private:
  const bool compress_;
};

}  // namespace windlass::persistence
