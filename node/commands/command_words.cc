// See command_words.h.
#include "node/commands/command_words.h"

#include <string>

#include "node/commands/command.h"

namespace windlass::commands {
namespace {

constexpr Word kFlagWords[] = {
    {kWrite, "write"}, {kReadonly, "readonly"}, {kDenyOom, "denyoom"}, {kAdmin, "admin"}, {kPubSub, "pubsub"},
    {kNoScript, "noscript"}, {kBlocking, "blocking"}, {kLoading, "loading"}, {kStale, "stale"},
    {kSkipMonitor, "skip_monitor"}, {kSkipSlowlog, "skip_slowlog"}, {kAskingFlag, "asking"}, {kFast, "fast"},
    {kNoAuth, "no_auth"}, {kMovableKeys, "movablekeys"},
    {kAllowBusy, "allow_busy"}, {kNoAsyncLoading, "no_async_loading"}, {kNoMulti, "no_multi"},
    {kNoMandatoryKeys, "no_mandatory_keys"}};
constexpr Word kCategoryWords[] = {
    {kAclKeyspace, "keyspace"}, {kAclRead, "read"}, {kAclWrite, "write"}, {kAclSet, "set"},
    {kAclSortedSet, "sortedset"}, {kAclList, "list"}, {kAclHash, "hash"}, {kAclString, "string"},
    {kAclBitmap, "bitmap"}, {kAclHyperLogLog, "hyperloglog"}, {kAclGeo, "geo"}, {kAclStream, "stream"},
    {kAclPubSub, "pubsub"}, {kAclAdmin, "admin"}, {kAclFast, "fast"}, {kAclSlow, "slow"},
    {kAclBlocking, "blocking"}, {kAclDangerous, "dangerous"}, {kAclConnection, "connection"},
    {kAclTransaction, "transaction"}, {kAclScripting, "scripting"}};
constexpr Word kKeyFlagWords[] = {
    {kKeyRO, "RO"}, {kKeyRW, "RW"}, {kKeyOW, "OW"}, {kKeyRM, "RM"}, {kKeyAccess, "access"},
    {kKeyUpdate, "update"}, {kKeyInsert, "insert"}, {kKeyDelete, "delete"}, {kKeyNotKey, "not_key"},
    {kKeyIncomplete, "incomplete"}, {kKeyVariableFlags, "variable_flags"}};

}  // namespace

std::span<const Word> FlagWords() { return kFlagWords; }
std::span<const Word> CategoryWords() { return kCategoryWords; }
std::span<const Word> KeyFlagWords() { return kKeyFlagWords; }

uint64_t CategoryByName(std::string_view name) {
  for (const Word& word : kCategoryWords) {
    if (EqualsNoCase(word.word, name)) return word.bit;
  }
  return 0;
}

void ReplyWords(resp::ReplyWriter& reply, uint64_t bits, std::span<const Word> words, std::string_view prefix) {
  int64_t count = 0;
  for (const Word& word : words) count += (bits & word.bit) != 0 ? 1 : 0;
  reply.Set(count);
  for (const Word& word : words) {
    if ((bits & word.bit) != 0) reply.Simple(std::string(prefix) + std::string(word.word));
  }
}

}  // namespace windlass::commands
