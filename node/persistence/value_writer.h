// One large value on its way into an RDB, in steps: what lies between two steps is time
// for clients. The value may not change before it is finished; whoever is about to change
// it has it finished first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/keyspace/entry.h"
#include "node/types/object.h"

namespace windlass::persistence {

class ValueWriter {
 public:
  // Whether a value is large enough for steps, and of a kind that can be cut. A stream
  // cannot, nor can a small form.
  static bool Cuts(const keyspace::Entry& entry);

  // REQUIRES: Cuts(entry). Type byte and key were written already.
  ValueWriter(const keyspace::Entry& entry, bool compress);

  // Appends about `bytes` more bytes; true when the value is whole.
  bool Step(size_t bytes, std::string* out);
  bool Is(const keyspace::Entry& entry) const;

 private:
  bool StepList(size_t end, std::string* out);
  bool StepRanks(size_t end, std::string* out);
  template <typename Table, typename Append>
  bool StepTable(const Table& table, size_t end, std::string* out, const Append& append);

  const types::Object* object_ = nullptr;  // null: a string
  std::string_view string_;
  const bool compress_;
  bool begun_ = false;
  uint64_t at_ = 0;  // cursor, chunk, byte, or number of elements done
};

}  // namespace windlass::persistence
