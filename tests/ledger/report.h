// The ledger's figures as JSON lines, its books as a file, and the verdict.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/ledger/workload.h"

namespace windlass::ledger {

using Workers = std::vector<std::unique_ptr<Worker>>;

std::string ToJson(const PhaseFigures& figures);
void Merge(PhaseFigures* into, const PhaseFigures& more);

// One line per key, "K name required attempted last_delete", and per counter,
// "C name required most": for verify.py. REQUIRES: the workers are drained.
void WriteBooks(const std::string& path, const Workers& workers);

struct Audit {
  uint64_t keys = 0;         // read back
  uint64_t unread = 0;       // could not be read: counts as lost
  uint64_t lost = 0;
  uint64_t from_nowhere = 0;
  uint64_t increments_lost = 0;
  uint64_t double_applied = 0;
  std::vector<std::string> examples;
  bool clean() const { return unread + lost + from_nowhere + increments_lost + double_applied == 0; }
};

// Reads every key and counter back. REQUIRES: the workers are drained.
Audit ReadBack(const ClientOptions& options, const Workers& workers);
std::string ToJson(const Audit& audit);

}  // namespace windlass::ledger
