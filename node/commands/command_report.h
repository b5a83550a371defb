// One command as COMMAND INFO and COMMAND DOCS tell it: its row in the table
// together with its page of the manual.
#pragma once

#include "node/commands/command.h"
#include "node/resp/reply_writer.h"

namespace windlass::commands {

void ReplyCommandInfo(resp::ReplyWriter& reply, const CommandSpec& spec);
// The name and its documentation: one pair of a map.
void ReplyCommandDocs(resp::ReplyWriter& reply, const CommandSpec& spec);

}  // namespace windlass::commands
