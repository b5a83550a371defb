// What the files of the sorted set family share.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "node/commands/containers.h"
#include "node/types/zset.h"

namespace windlass::commands {

// How members and scores are replied: flat in RESP2, in pairs in RESP3.
struct ElementsReply {
  bool with_scores = false;
  bool always_pairs = false;
};
// The head of a reply of `count` elements, and each of them.
void ReplyElementCount(Call& call, size_t count, ElementsReply form);
void ReplyElement(Call& call, std::string_view member, double score, ElementsReply form);

// Puts a result at a key, telling `event`; an empty one deletes the key.
void StoreResult(Call& call, std::string_view key, std::unique_ptr<types::Zset> result, std::string_view event);

// Removes `count` elements from rank `first` on; tells `event`, and "del" if none is left.
void RemoveRange(Call& call, std::string_view key, const Found<types::Zset>& found, size_t first, size_t count,
                 std::string_view event);

// ZADD with these arguments (args[0] is the name). True if anything changed.
bool AddElements(Call& call, std::span<const std::string_view> args, bool increment);

// For a KeySpec: args[1] is the target, args[2] is read.
bool StoreOfOneKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out);

// zset_range_commands.cc
void ZRangeCommand(Call& call);
void ZRevRangeCommand(Call& call);
void ZRangeByScoreCommand(Call& call);
void ZRevRangeByScoreCommand(Call& call);
void ZRangeByLexCommand(Call& call);
void ZRevRangeByLexCommand(Call& call);
void ZRangeStoreCommand(Call& call);
void ZCountCommand(Call& call);
void ZLexCountCommand(Call& call);
void ZRemRangeByRankCommand(Call& call);
void ZRemRangeByScoreCommand(Call& call);
void ZRemRangeByLexCommand(Call& call);

// zset_pop_commands.cc
void ZPopMinCommand(Call& call);
void ZPopMaxCommand(Call& call);
void BZPopMinCommand(Call& call);
void BZPopMaxCommand(Call& call);
void ZMPopCommand(Call& call);
void BZMPopCommand(Call& call);

// zset_algebra_commands.cc
void ZUnionCommand(Call& call);
void ZInterCommand(Call& call);
void ZDiffCommand(Call& call);
void ZUnionStoreCommand(Call& call);
void ZInterStoreCommand(Call& call);
void ZDiffStoreCommand(Call& call);
void ZInterCardCommand(Call& call);

}  // namespace windlass::commands
