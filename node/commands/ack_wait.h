// Blocks a client until replicas have acknowledged something: WAIT, WAITAOF and
// CLUSTER SETSLOT.
#pragma once

#include <cstdint>
#include <functional>

#include "node/commands/command.h"
#include "node/replication/primary_side.h"

namespace windlass::commands {

struct AckWait {
  int64_t timeout_ms = 0;  // 0: for ever
  // Time is up, too, when replicas have stopped taking in what they are to acknowledge.
  replication::AckPatience patience;
  std::function<bool()> enough;
  // Writes the reply, whether it is enough or time is up.
  std::function<void(client::Client&)> answer;
};

// Answers at once where it is enough already or the client may not be blocked.
void WaitForAcks(Call& call, AckWait wait);

}  // namespace windlass::commands
