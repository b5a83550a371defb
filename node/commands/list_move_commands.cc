// Lists: taking from one list for another, and waiting for an element.
#include <climits>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/key_waits.h"
#include "node/commands/list_commands.h"
#include "node/commands/many_pop.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::List;

namespace {

std::optional<List::End> EndOf(std::string_view word) {
  if (EqualsNoCase(word, "LEFT")) return List::End::kHead;
  if (EqualsNoCase(word, "RIGHT")) return List::End::kTail;
  return std::nullopt;
}

// --- from one list to another

struct Ends {
  List::End from;
  List::End to;
};

// False: there is nothing to move, and no reply was written.
bool MoveElement(Call& call, Ends ends) {
  const std::string_view source_key = call.args[1];
  const std::string_view target_key = call.args[2];
  const auto source = FindToWrite<List>(call, source_key);
  if (source.refused) return true;
  if (source.object == nullptr) return false;
  const auto target = FindToWrite<List>(call, target_key);
  if (target.refused) return true;
  if (source_key == target_key) {
    std::string element;
    {
      keyspace::ObjectEdit edit(call.db, call.slot, source_key, *source.entry);
      List& list = edit.As<List>();
      element = list.Pop(ends.from);
      list.Grow(1, element.size(), LimitsOf(call));
      list.Push(ends.to, element, LimitsOf(call));
      list.FitEncoding(true, LimitsOf(call));
      edit.Changed(2);
    }
    Notify(call, NotifyClass::kList, ends.to == List::End::kHead ? "lpush" : "rpush", target_key);
    AfterListRemoval(call, source_key, ends.from == List::End::kHead ? "lpop" : "rpop", false);
    call.reply.Bulk(element);
    return true;
  }
  // Copied first: a change of the one key may move the other's entry.
  char buffer[types::kMaxIntegerDigits];
  const List::Place place = source.object->Seek(ends.from == List::End::kHead ? 0 : -1);
  const std::string element(source.object->Get(place).Text(buffer));
  const std::string_view elements[] = {element};
  PushAll(call, target_key, target, ends.to, elements);
  PopSome(call, source_key, FindToWrite<List>(call, source_key), ends.from, 1);
  call.reply.Bulk(element);
  return true;
}

std::optional<Ends> ParseEnds(Call& call) {
  const auto from = EndOf(call.args[3]);
  const auto to = EndOf(call.args[4]);
  if (from && to) return Ends{*from, *to};
  call.reply.Error(kSyntaxError);
  return std::nullopt;
}

void MoveOrWait(Call& call, Ends ends, std::string_view timeout_text) {
  const auto deadline = ParseDeadline(call, timeout_text);
  if (!deadline) return;
  if (!MoveElement(call, ends)) {
    if (!WaitForKeys(call, call.args.subspan(1, 1), types::Type::kList, *deadline)) call.reply.Null();
    return;
  }
  // The log need not wait.
  std::vector<std::string_view> argv(call.args.begin(), call.args.end() - 1);
  argv[0] = call.args.size() == 4 ? "RPOPLPUSH" : "LMOVE";
  call.effects.Replace(argv);
}

// --- from the first of several lists

// False: all lists are empty, and no reply was written.
bool PopFromFirst(Call& call, const ManyPop& pop) {
  for (const std::string_view key : pop.keys) {
    const auto found = FindToWrite<List>(call, key);
    if (found.refused) return true;
    if (found.object == nullptr) continue;
    const List::End end = pop.second ? List::End::kTail : List::End::kHead;
    const auto popped = PopSome(call, key, found, end, pop.count);
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Array(static_cast<int64_t>(popped.size()));
    for (const std::string& element : popped) call.reply.Bulk(element);
    call.effects.Replace({pop.second ? "RPOP" : "LPOP", key, std::to_string(popped.size())});
    return true;
  }
  return false;
}

void PopOrWait(Call& call, List::End end) {
  const auto deadline = ParseDeadline(call, call.args.back());
  if (!deadline) return;
  const auto keys = call.args.subspan(1, call.args.size() - 2);
  for (const std::string_view key : keys) {
    const auto found = FindToWrite<List>(call, key);
    if (found.refused) return;
    if (found.object == nullptr) continue;
    const auto popped = PopSome(call, key, found, end, 1);
    call.reply.Array(2);
    call.reply.Bulk(key);
    call.reply.Bulk(popped[0]);
    return call.effects.Replace({end == List::End::kHead ? "LPOP" : "RPOP", key});
  }
  if (!WaitForKeys(call, keys, types::Type::kList, *deadline)) call.reply.NullArray();
}

}  // namespace

void LMoveCommand(Call& call) {
  const auto ends = ParseEnds(call);
  if (ends && !MoveElement(call, *ends)) call.reply.Null();
}

void RPopLPushCommand(Call& call) {
  if (!MoveElement(call, {List::End::kTail, List::End::kHead})) call.reply.Null();
}

void BLMoveCommand(Call& call) {
  if (const auto ends = ParseEnds(call)) MoveOrWait(call, *ends, call.args[5]);
}

void BRPopLPushCommand(Call& call) { MoveOrWait(call, {List::End::kTail, List::End::kHead}, call.args[3]); }

void LMPopCommand(Call& call) {
  const auto pop = ParseManyPop(call, 1, {"LEFT", "RIGHT"});
  if (pop && !PopFromFirst(call, *pop)) call.reply.NullArray();
}

void BLMPopCommand(Call& call) {
  const auto pop = ParseManyPop(call, 2, {"LEFT", "RIGHT"});
  if (!pop) return;
  const auto deadline = ParseDeadline(call, call.args[1]);
  if (!deadline || PopFromFirst(call, *pop)) return;
  if (!WaitForKeys(call, pop->keys, types::Type::kList, *deadline)) call.reply.NullArray();
}

void BLPopCommand(Call& call) { PopOrWait(call, List::End::kHead); }
void BRPopCommand(Call& call) { PopOrWait(call, List::End::kTail); }

}  // namespace windlass::commands
