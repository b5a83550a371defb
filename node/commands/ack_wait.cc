// See ack_wait.h.
#include "node/commands/ack_wait.h"

#include <utility>

#include "node/commands/ports.h"

namespace windlass::commands {

void WaitForAcks(Call& call, AckWait wait) {
  replication::PrimarySide* primary = call.node.primary_side;
  if (wait.enough() || call.client.Has(client::kDenyBlocking)) return wait.answer(call.client);
  const uint64_t id = call.client.id;
  Blocker* blocker = call.node.blocker;
  blocker->Block(call.client, wait.timeout_ms == 0 ? 0 : call.now_ms + wait.timeout_ms,
                 [primary, id, answer = std::move(wait.answer)](client::Client& client, WakeReason reason) {
                   primary->CancelWait(id);
                   if (reason != WakeReason::kClosed && reason != WakeReason::kUnblockError) answer(client);
                 });
  primary->WaitForAcks(id, std::move(wait.enough), wait.patience, [blocker, id] { blocker->Wake(id); });
}

}  // namespace windlass::commands
