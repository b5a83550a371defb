// Replays one file of an append-only log: an RDB, or commands, or an RDB followed
// by commands.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "node/base/result.h"
#include "node/persistence/rdb_reader.h"
#include "node/resp/command.h"

namespace windlass::persistence {

enum class AofVerdict {
  kOk,
  kTruncated,  // ends in the middle of a command or transaction
  kCorrupt,
  kUnreadable,
};

struct AofReplay {
  AofVerdict verdict = AofVerdict::kOk;
  std::string reason;
  int64_t valid_bytes = 0;  // up to the last whole command outside a transaction
  int64_t filler_bytes = 0; // behind them, written ahead and not used
  int64_t commands = 0;
  int64_t failed_at = 0;    // the first byte of what was not understood
  bool begins_with_rdb = false;
};

// A transaction takes effect only with its EXEC. `progress` hears bytes read.
AofReplay ReplayAofFile(const std::string& path, RdbSink* rdb_sink, resp::CommandSink* sink,
                        const std::function<void(int64_t)>& progress);

}  // namespace windlass::persistence
