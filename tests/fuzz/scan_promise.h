// What a SCAN of a hash or set promises, tried while the container changes: an element
// that is there from the first step to the last is met.
#pragma once

#include <set>
#include <string>

#include "tests/fuzz/input.h"

class ScanPromise {
 public:
  explicit ScanPromise(std::set<std::string> there) : owed_(std::move(there)) {}
  // Advances `scan(cursor, met)`; true when the scan is over and nothing was owed.
  template <typename Scan>
  bool Step(Scan&& scan) {
    cursor_ = scan(cursor_, [this](std::string_view element) { owed_.erase(std::string(element)); });
    if (cursor_ != 0) return false;
    Require(owed_.empty());
    return true;
  }
  void Gone(const std::string& element) { owed_.erase(element); }

 private:
  std::set<std::string> owed_;
  uint64_t cursor_ = 0;
};
