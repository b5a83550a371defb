// What the two files of the list family share.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/containers.h"
#include "node/types/list.h"

namespace windlass::commands {

// Puts elements at an end, one after the other; tells "lpush" or "rpush".
void PushAll(Call& call, std::string_view key, const Found<types::List>& found, types::List::End end,
             std::span<const std::string_view> elements);
// Takes up to `count` elements; tells "lpop" or "rpop", and "del" if none is left.
std::vector<std::string> PopSome(Call& call, std::string_view key, const Found<types::List>& found,
                                 types::List::End end, size_t count);
void AfterListRemoval(Call& call, std::string_view key, std::string_view event, bool emptied);

// list_move_commands.cc
void LMoveCommand(Call& call);
void RPopLPushCommand(Call& call);
void LMPopCommand(Call& call);
void BLPopCommand(Call& call);
void BRPopCommand(Call& call);
void BLMoveCommand(Call& call);
void BRPopLPushCommand(Call& call);
void BLMPopCommand(Call& call);

}  // namespace windlass::commands
