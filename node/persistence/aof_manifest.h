// The list of files an append-only log consists of: one base, then increments in
// order. Text form as Redis 7 writes it, one "file NAME seq N type b|i|h" a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"

namespace windlass::persistence {

struct AofFileInfo {
  std::string name;
  int64_t sequence = 0;
};

struct AofManifest {
  std::optional<AofFileInfo> base;
  std::vector<AofFileInfo> increments;  // ascending by sequence
  std::vector<AofFileInfo> history;     // replaced, to be deleted

  static base::Result<AofManifest> Parse(std::string_view text);
  std::string Text() const;

  bool empty() const { return !base.has_value() && increments.empty(); }
  int64_t NextBase() const { return base.has_value() ? base->sequence + 1 : 1; }
  int64_t NextIncrement() const { return increments.empty() ? 1 : increments.back().sequence + 1; }
};

}  // namespace windlass::persistence
