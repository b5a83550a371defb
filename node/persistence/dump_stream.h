// A large value as DUMP makes it, in steps with time for clients between them. What is told
// is the value as it was at the beginning, or nothing more: it breaks off when the value is
// about to change, so whoever makes one keeps changes away.
//
// Its length stands before it on the wire. It is found by going through the value once
// before: to hold all of it would take its size in memory again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "node/keyspace/entry.h"

namespace windlass::persistence {

class ValueWriter;

class DumpStream {
 public:
  // REQUIRES: ValueWriter::Cuts(entry)
  explicit DumpStream(const keyspace::Entry& entry);
  ~DumpStream();

  // Goes through about `bytes` more; true when the length is known.
  bool Measure(size_t bytes);
  bool measured() const { return measuring_ == nullptr; }
  // The whole payload's, footer included. REQUIRES: measured()
  uint64_t size() const { return size_; }
  // Appends about `bytes` more of the payload; true when it is whole.
  bool Step(size_t bytes, std::string* out);

  // The value is about to change or to go. Nothing can be read from then on.
  void Break();
  bool broken() const { return broken_; }

 private:
  std::unique_ptr<ValueWriter> measuring_;
  std::unique_ptr<ValueWriter> writing_;
  std::string measured_;    // what the last step of measuring made
  uint8_t type_;
  bool begun_ = false;
  bool broken_ = false;
  uint64_t size_;
  uint64_t checksum_ = 0;
};

}  // namespace windlass::persistence
