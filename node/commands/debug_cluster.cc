// See debug_cluster.h.
#include "node/commands/debug_cluster.h"

#include "node/cluster/core.h"
#include "node/commands/cluster_port.h"
#include "node/commands/ports.h"

namespace windlass::commands {

// Without cluster mode there is nothing that could be dropped; that is no error.
void DebugDropPackets(Call& call) {
  int64_t type;
  if (!ParseInt64(call.args[2], &type)) return call.reply.Error(kNotInteger);
  if (call.node.cluster != nullptr) call.node.cluster->DropMessages(static_cast<int>(type));
  call.reply.Ok();
}

void DebugCloseLinkOnDrop(Call& call) {
  if (call.node.cluster != nullptr) call.node.cluster->CloseLinksOnDrop(call.args[2] != "0");
  call.reply.Ok();
}

void DebugClusterLink(Call& call) {
  if (call.node.cluster == nullptr) {
    return call.reply.Error("ERR Debug option only available for cluster mode enabled setup!");
  }
  const std::string_view which = call.args[3];
  const bool all = EqualsNoCase(which, "all");
  const bool to = all || EqualsNoCase(which, "to");
  const bool from = all || EqualsNoCase(which, "from");
  if (!EqualsNoCase(call.args[2], "kill") || (!to && !from)) return ReplySubcommandSyntaxError(call);
  if (!call.node.cluster->KillLinks(call.args[4], to, from)) {
    return call.reply.Error("ERR Unknown node " + std::string(call.args[4]));
  }
  call.reply.Ok();
}

}  // namespace windlass::commands
