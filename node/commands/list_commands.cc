// Lists: elements in order under one key. What takes from one list for another, or
// waits for an element: list_move_commands.cc.
#include <algorithm>
#include <climits>
#include <string>
#include <vector>

#include "node/commands/container_families.h"
#include "node/commands/containers.h"
#include "node/commands/key_positions.h"
#include "node/commands/list_commands.h"
#include "node/types/number.h"

namespace windlass::commands {

using types::List;

void AfterListRemoval(Call& call, std::string_view key, std::string_view event, bool emptied) {
  Notify(call, NotifyClass::kList, event, key);
  if (emptied) Notify(call, NotifyClass::kGeneric, "del", key);
}

void PushAll(Call& call, std::string_view key, const Found<List>& found, List::End end,
             std::span<const std::string_view> elements) {
  size_t bytes = 0;
  for (const std::string_view element : elements) bytes += element.size();
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, EntryOrNew(call, key, found));
    List& list = edit.As<List>();
    list.Grow(elements.size(), bytes, LimitsOf(call));
    for (const std::string_view element : elements) list.Push(end, element, LimitsOf(call));
    edit.Changed(elements.size());
  }
  Notify(call, NotifyClass::kList, end == List::End::kHead ? "lpush" : "rpush", key);
}

std::vector<std::string> PopSome(Call& call, std::string_view key, const Found<List>& found, List::End end, size_t count) {
  std::vector<std::string> popped;
  bool emptied = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    List& list = edit.As<List>();
    count = std::min(count, list.size());
    for (size_t i = 0; i < count; ++i) popped.push_back(list.Pop(end));
    list.FitEncoding(true, LimitsOf(call));
    emptied = list.size() == 0;
    edit.Changed(count);
    edit.EraseIf(emptied);
  }
  AfterListRemoval(call, key, end == List::End::kHead ? "lpop" : "rpop", emptied);
  return popped;
}

namespace {

void Push(Call& call, List::End end, bool only_if_exists) {
  const auto found = FindToWrite<List>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr && only_if_exists) return call.reply.Integer(0);
  const size_t before = found.object == nullptr ? 0 : found.object->size();
  PushAll(call, call.args[1], found, end, call.args.subspan(2));
  call.reply.Integer(static_cast<int64_t>(before + call.args.size() - 2));
}

void LPushCommand(Call& call) { Push(call, List::End::kHead, false); }
void RPushCommand(Call& call) { Push(call, List::End::kTail, false); }
void LPushXCommand(Call& call) { Push(call, List::End::kHead, true); }
void RPushXCommand(Call& call) { Push(call, List::End::kTail, true); }

void Pop(Call& call, List::End end) {
  if (call.args.size() > 3) {
    return call.reply.Error("ERR wrong number of arguments for '" + std::string(call.spec.name) + "' command");
  }
  const bool counted = call.args.size() == 3;
  const auto count = counted ? types::ParseInteger(call.args[2]) : std::optional<int64_t>(1);
  if (!count || *count < 0) return call.reply.Error("ERR value is out of range, must be positive");
  const auto found = FindToWrite<List>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return counted ? call.reply.NullArray() : call.reply.Null();
  if (*count == 0) return call.reply.Array(0);
  const auto popped = PopSome(call, call.args[1], found, end, static_cast<size_t>(*count));
  if (counted) call.reply.Array(static_cast<int64_t>(popped.size()));
  for (const std::string& element : popped) call.reply.Bulk(element);
}

void LPopCommand(Call& call) { Pop(call, List::End::kHead); }
void RPopCommand(Call& call) { Pop(call, List::End::kTail); }

void LLenCommand(Call& call) {
  const auto found = FindToRead<List>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Integer(found.object == nullptr ? 0 : static_cast<int64_t>(found.object->size()));
}

struct Range {
  int64_t first;
  int64_t last;  // inclusive
  // Within a list of this size; count() may be zero then.
  Range Within(size_t size) const {
    const int64_t length = static_cast<int64_t>(size);
    return {std::max<int64_t>(first < 0 ? first + length : first, 0),
            std::min<int64_t>(last < 0 ? last + length : last, length - 1)};
  }
  size_t count() const { return first > last ? 0 : static_cast<size_t>(last - first + 1); }
};

// Nothing: the error reply was written.
std::optional<Range> ParseRange(Call& call) {
  const auto first = types::ParseInteger(call.args[2]);
  const auto last = types::ParseInteger(call.args[3]);
  if (first && last) return Range{*first, *last};
  call.reply.Error(kNotInteger);
  return std::nullopt;
}

void LRangeCommand(Call& call) {
  const auto asked = ParseRange(call);
  if (!asked) return;
  const auto found = FindToRead<List>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Array(0);
  const Range range = asked->Within(found.object->size());
  call.reply.Array(static_cast<int64_t>(range.count()));
  if (range.count() == 0) return;
  found.object->ForRange(static_cast<size_t>(range.first), range.count(),
                         [&call](std::string_view element) { call.reply.Bulk(element); });
}

bool HasIndex(const List& list, int64_t index) {
  const int64_t size = static_cast<int64_t>(list.size());
  return index >= -size && index < size;
}

void LIndexCommand(Call& call) {
  const auto found = FindToRead<List>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Null();
  const auto index = types::ParseInteger(call.args[2]);
  if (!index) return call.reply.Error(kNotInteger);
  if (!HasIndex(*found.object, *index)) return call.reply.Null();
  char buffer[types::kMaxIntegerDigits];
  call.reply.Bulk(found.object->Get(found.object->Seek(*index)).Text(buffer));
}

// As if the value was added: the list outgrows its small form even if it is not, then, for
// want of the index or the pivot.
void GrowFor(Call& call, const Found<List>& found, std::string_view value) {
  if (found.object->encoding() != types::Encoding::kListpack) return;
  keyspace::ObjectEdit edit(call.db, call.slot, call.args[1], *found.entry);
  edit.As<List>().Grow(1, value.size(), LimitsOf(call));
}

void LSetCommand(Call& call) {
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<List>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Error(kNoSuchKey);
  const auto index = types::ParseInteger(call.args[2]);
  if (!index) return call.reply.Error(kNotInteger);
  GrowFor(call, found, call.args[3]);
  if (!HasIndex(*found.object, *index)) return call.reply.Error(kOutOfRange);
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    List& list = edit.As<List>();
    list.Replace(list.Seek(*index), call.args[3], LimitsOf(call));
    list.FitEncoding(true, LimitsOf(call));
    edit.Changed();
  }
  Notify(call, NotifyClass::kList, "lset", key);
  call.reply.Ok();
}

// Whether an element equals `value`; parsed once for a whole search.
class Matcher {
 public:
  explicit Matcher(std::string_view value)
      : value_(value), integer_(value.size() <= types::kMaxIntegerDigits ? types::ParseInteger(value) : std::nullopt) {}
  bool Matches(const types::Listpack::Value& element) const {
    return element.is_integer ? integer_ == element.integer : element.bytes == value_;
  }

 private:
  const std::string_view value_;
  const std::optional<int64_t> integer_;
};

void LInsertCommand(Call& call) {
  const bool after = EqualsNoCase(call.args[2], "AFTER");
  if (!after && !EqualsNoCase(call.args[2], "BEFORE")) return call.reply.Error(kSyntaxError);
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<List>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  GrowFor(call, found, call.args[4]);
  const Matcher matcher(call.args[3]);
  List::Place place = found.object->Seek(0);
  do {
    if (!matcher.Matches(found.object->Get(place))) continue;
    {
      keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
      edit.As<List>().Insert(place, after, call.args[4], LimitsOf(call));
      edit.Changed();
    }
    Notify(call, NotifyClass::kList, "linsert", key);
    return call.reply.Integer(static_cast<int64_t>(found.object->size()));
  } while (found.object->Next(&place));
  call.reply.Integer(-1);
}

void LRemCommand(Call& call) {
  const auto count = types::ParseInteger(call.args[2]);
  if (!count) return call.reply.Error(kNotInteger);
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<List>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Integer(0);
  const bool backwards = *count < 0;
  const uint64_t most = *count == 0 ? UINT64_MAX : backwards ? 0 - static_cast<uint64_t>(*count) : static_cast<uint64_t>(*count);
  const Matcher matcher(call.args[3]);
  uint64_t removed = 0;
  bool emptied = false;
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    List& list = edit.As<List>();
    List::Place place = list.Seek(backwards ? -1 : 0);
    bool more = true;
    while (more && removed < most) {
      if (matcher.Matches(list.Get(place))) {
        more = list.Erase(&place, backwards);
        ++removed;
      } else {
        more = backwards ? list.Previous(&place) : list.Next(&place);
      }
    }
    if (removed > 0) {
      list.FitEncoding(true, LimitsOf(call));
      edit.Changed(removed);
    }
    emptied = list.size() == 0;
    edit.EraseIf(emptied);
  }
  if (removed > 0) AfterListRemoval(call, key, "lrem", emptied);
  call.reply.Integer(static_cast<int64_t>(removed));
}

void LTrimCommand(Call& call) {
  const auto asked = ParseRange(call);
  if (!asked) return;
  const std::string_view key = call.args[1];
  const auto found = FindToWrite<List>(call, key);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Ok();
  const size_t size = found.object->size();
  const Range kept = asked->Within(size);
  const size_t removed = size - kept.count();
  {
    keyspace::ObjectEdit edit(call.db, call.slot, key, *found.entry);
    List& list = edit.As<List>();
    if (kept.count() > 0) {
      const size_t behind = static_cast<size_t>(kept.last) + 1;
      list.EraseRange(behind, size - behind);
      list.EraseRange(0, static_cast<size_t>(kept.first));
      list.FitEncoding(true, LimitsOf(call));
    }
    edit.Changed(removed);
    edit.EraseIf(kept.count() == 0);
  }
  AfterListRemoval(call, key, "ltrim", kept.count() == 0);
  call.reply.Ok();
}

struct Search {
  int64_t rank = 1;                // the first match to tell; from the tail if negative
  std::optional<int64_t> count;    // 0: all
  int64_t most_compared = 0;       // 0: no bound
};

// Nothing: the error reply was written.
std::optional<Search> ParseSearch(Call& call) {
  Search search;
  for (size_t i = 3; i < call.args.size(); i += 2) {
    const std::string_view word = call.args[i];
    std::string_view error;
    if (i + 1 >= call.args.size()) {
      call.reply.Error(kSyntaxError);
      return std::nullopt;
    }
    const auto value = types::ParseInteger(call.args[i + 1]);
    const int64_t or_negative = value.value_or(-1);
    if (EqualsNoCase(word, "RANK")) {
      search.rank = value.value_or(1);
      if (!value) error = kNotInteger;
      if (value == INT64_MIN) error = "ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807";
      if (value == 0) {
        error =
            "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to "
            "start from the end of the list";
      }
    } else if (EqualsNoCase(word, "COUNT")) {
      search.count = or_negative;
      if (or_negative < 0) error = "ERR COUNT can't be negative";
    } else if (EqualsNoCase(word, "MAXLEN")) {
      search.most_compared = or_negative;
      if (or_negative < 0) error = "ERR MAXLEN can't be negative";
    } else {
      error = kSyntaxError;
    }
    if (error.empty()) continue;
    call.reply.Error(error);
    return std::nullopt;
  }
  return search;
}

void LPosCommand(Call& call) {
  const auto search = ParseSearch(call);
  if (!search) return;
  const auto found = FindToRead<List>(call, call.args[1]);
  if (found.refused) return;
  std::vector<int64_t> indexes;
  if (found.object != nullptr) {
    const bool backwards = search->rank < 0;
    const int64_t size = static_cast<int64_t>(found.object->size());
    const int64_t most = search->count ? (*search->count == 0 ? size : *search->count) : 1;
    const Matcher matcher(call.args[2]);
    int64_t to_skip = (backwards ? -search->rank : search->rank) - 1;
    int64_t index = backwards ? size - 1 : 0;
    int64_t compared = 0;
    List::Place place = found.object->Seek(index);
    do {
      if (search->most_compared != 0 && ++compared > search->most_compared) break;
      if (matcher.Matches(found.object->Get(place)) && to_skip-- <= 0) {
        indexes.push_back(index);
        if (static_cast<int64_t>(indexes.size()) == most) break;
      }
      index += backwards ? -1 : 1;
    } while (backwards ? found.object->Previous(&place) : found.object->Next(&place));
  }
  if (!search->count) return indexes.empty() ? call.reply.Null() : call.reply.Integer(indexes[0]);
  call.reply.Array(static_cast<int64_t>(indexes.size()));
  for (const int64_t index : indexes) call.reply.Integer(index);
}

const CommandSpec kRows[] = {
    {"lpush", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclList,
     {"Puts elements at the head of a list, which is created if it does not exist.", "1.0.0", "list", "O(1)"}, LPushCommand},
    {"rpush", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclList,
     {"Puts elements at the tail of a list, which is created if it does not exist.", "1.0.0", "list", "O(1)"}, RPushCommand},
    {"lpushx", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclList,
     {"Puts elements at the head of a list that exists.", "2.2.0", "list", "O(1)"}, LPushXCommand},
    {"rpushx", -3, kWrite | kDenyOom | kFast, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclList,
     {"Puts elements at the tail of a list that exists.", "2.2.0", "list", "O(1)"}, RPushXCommand},
    {"lpop", -2, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyDelete, nullptr}, kAclList,
     {"Takes elements from the head of a list.", "1.0.0", "list", "O(N)"}, LPopCommand},
    {"rpop", -2, kWrite | kFast, {1, 1, 1, kKeyRW | kKeyAccess | kKeyDelete, nullptr}, kAclList,
     {"Takes elements from the tail of a list.", "1.0.0", "list", "O(N)"}, RPopCommand},
    {"llen", 2, kReadonly | kFast, {1, 1, 1, kKeyRO, nullptr}, kAclList,
     {"Returns how many elements there are.", "1.0.0", "list", "O(1)"}, LLenCommand},
    {"lrange", 4, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclList,
     {"Returns the elements between two indexes.", "1.0.0", "list", "O(S+N)"}, LRangeCommand},
    {"lindex", 3, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclList,
     {"Returns the element at an index.", "1.0.0", "list", "O(N)"}, LIndexCommand},
    {"lset", 4, kWrite | kDenyOom, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclList,
     {"Replaces the element at an index.", "1.0.0", "list", "O(N)"}, LSetCommand},
    {"linsert", 5, kWrite | kDenyOom, {1, 1, 1, kKeyRW | kKeyInsert, nullptr}, kAclList,
     {"Puts an element before or after another.", "2.2.0", "list", "O(N)"}, LInsertCommand},
    {"lrem", 4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclList,
     {"Removes elements that equal a value.", "1.0.0", "list", "O(N+M)"}, LRemCommand},
    {"ltrim", 4, kWrite, {1, 1, 1, kKeyRW | kKeyDelete, nullptr}, kAclList,
     {"Removes all elements but those between two indexes.", "1.0.0", "list", "O(N)"}, LTrimCommand},
    {"lpos", -3, kReadonly, {1, 1, 1, kKeyRO | kKeyAccess, nullptr}, kAclList,
     {"Returns the indexes of elements that equal a value.", "6.0.6", "list", "O(N)"}, LPosCommand},
    {"lmove", 5, kWrite | kDenyOom, {1, 2, 1, kKeyRW | kKeyAccess | kKeyDelete, MoveKeys}, kAclList,
     {"Takes an element from an end of a list and puts it at an end of another.", "6.2.0", "list", "O(1)"}, LMoveCommand},
    {"rpoplpush", 3, kWrite | kDenyOom, {1, 2, 1, kKeyRW | kKeyAccess | kKeyDelete, MoveKeys}, kAclList,
     {"Takes the last element of a list and puts it first in another.", "1.2.0", "list", "O(1)"}, RPopLPushCommand},
    {"lmpop", -4, kWrite | kMovableKeys, {0, 0, 0, kKeyRW | kKeyAccess | kKeyDelete, KeysByCount<1, kKeyRW | kKeyAccess | kKeyDelete>}, kAclList,
     {"Takes elements from the first of several lists that is not empty.", "7.0.0", "list", "O(N+M)"}, LMPopCommand},
    {"blpop", -3, kWrite | kBlocking, {1, -2, 1, kKeyRW | kKeyAccess | kKeyDelete, nullptr}, kAclList,
     {"Takes the first element of the first list that has one, waiting if none has.", "2.0.0", "list", "O(N)"}, BLPopCommand},
    {"brpop", -3, kWrite | kBlocking, {1, -2, 1, kKeyRW | kKeyAccess | kKeyDelete, nullptr}, kAclList,
     {"Takes the last element of the first list that has one, waiting if none has.", "2.0.0", "list", "O(N)"}, BRPopCommand},
    {"blmove", 6, kWrite | kDenyOom | kBlocking, {1, 2, 1, kKeyRW | kKeyAccess | kKeyDelete, MoveKeys}, kAclList,
     {"LMOVE that waits for an element.", "6.2.0", "list", "O(1)"}, BLMoveCommand},
    {"brpoplpush", 4, kWrite | kDenyOom | kBlocking, {1, 2, 1, kKeyRW | kKeyAccess | kKeyDelete, MoveKeys}, kAclList,
     {"RPOPLPUSH that waits for an element.", "2.2.0", "list", "O(1)"}, BRPopLPushCommand},
    {"blmpop", -5, kWrite | kBlocking | kMovableKeys, {0, 0, 0, kKeyRW | kKeyAccess | kKeyDelete, KeysByCount<2, kKeyRW | kKeyAccess | kKeyDelete>}, kAclList,
     {"LMPOP that waits for an element.", "7.0.0", "list", "O(N+M)"}, BLMPopCommand},
};

}  // namespace

std::span<const CommandSpec> ListCommands() { return kRows; }

}  // namespace windlass::commands
