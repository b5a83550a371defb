// SORT and SORT_RO: elements of a list, set or sorted set in order, by themselves or by
// what keys named after them hold.
#include "node/commands/sort_command.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/commands/access.h"
#include "node/commands/containers.h"
#include "node/commands/sort_pattern.h"
#include "node/types/list.h"
#include "node/types/number.h"
#include "node/types/set.h"
#include "node/types/zset.h"

namespace windlass::commands {

using keyspace::Entry;

namespace {

struct Request {
  bool descending = false;
  bool alphabetic = false;
  int64_t offset = 0;
  int64_t count = -1;  // negative: all
  std::optional<SortPattern> by;
  std::vector<SortPattern> get;
  std::optional<std::string_view> store;
  bool sorts() const { return !by || !by->is_constant(); }
};

// False: the reply was written.
bool ParseOption(Call& call, size_t* at, Request* request) {
  const auto args = call.args;
  const std::string_view word = args[*at];
  const size_t left = args.size() - *at - 1;
  const auto refuse = [&call](std::string_view error) {
    call.reply.Error(error);
    return false;
  };
  if (EqualsNoCase(word, "ASC") || EqualsNoCase(word, "DESC")) {
    request->descending = EqualsNoCase(word, "DESC");
  } else if (EqualsNoCase(word, "ALPHA")) {
    request->alphabetic = true;
  } else if (EqualsNoCase(word, "LIMIT") && left >= 2) {
    const auto offset = types::ParseInteger(args[*at + 1]);
    const auto count = types::ParseInteger(args[*at + 2]);
    if (!offset || !count) return refuse(kNotInteger);
    request->offset = *offset;
    request->count = *count;
    *at += 2;
  } else if (EqualsNoCase(word, "STORE") && left >= 1 && (call.spec.flags & kReadonly) == 0) {
    request->store = args[++*at];
  } else if (EqualsNoCase(word, "BY") && left >= 1) {
    const SortPattern by(args[++*at]);
    if (!by.is_constant() && call.node.cluster != nullptr) return refuse("ERR BY option of SORT denied in cluster mode.");
    if (!by.is_constant() && !MayReadAnyKey(call)) {
      return refuse("ERR BY option of SORT denied due to insufficient ACL permissions.");
    }
    if (request->sorts()) request->by = by;  // once told not to sort, it does not
  } else if (EqualsNoCase(word, "GET") && left >= 1) {
    if (call.node.cluster != nullptr) return refuse("ERR GET option of SORT denied in cluster mode.");
    if (!MayReadAnyKey(call)) return refuse("ERR GET option of SORT denied due to insufficient ACL permissions.");
    request->get.emplace_back(args[++*at]);
  } else {
    return refuse(kSyntaxError);
  }
  return true;
}

// An element, what it is sorted by, and where it stood.
struct Item {
  std::string_view element;
  std::string_view key;  // of alphabetic sorting by a pattern
  double score = 0;
  uint32_t place = 0;
  bool has_key = false;
};

// Texts, one behind the other; views of them are taken when all are there.
class TextPool {
 public:
  void Add(std::string_view text) {
    bytes_.append(text);
    ends_.push_back(bytes_.size());
  }
  size_t size() const { return ends_.size(); }
  std::string_view operator[](size_t i) const {
    const size_t begin = i == 0 ? 0 : ends_[i - 1];
    return std::string_view(bytes_).substr(begin, ends_[i] - begin);
  }

 private:
  std::string bytes_;
  std::vector<size_t> ends_;
};

// The part [first, first + count) of what there is, as LIMIT asks.
struct Window {
  size_t first;
  size_t count;
};

Window WindowOf(const Request& request, size_t size) {
  const int64_t total = static_cast<int64_t>(size);
  const int64_t first = std::clamp<int64_t>(request.offset, 0, total);
  const int64_t wanted = request.count < 0 ? total : std::min(request.count, total);
  return {static_cast<size_t>(first), static_cast<size_t>(std::min(wanted, total - first))};
}

// All elements; of an unsorted list only those in `window`, which is then all of them.
void LoadList(const types::List& list, const Request& request, Window* window, TextPool* pool) {
  const auto add = [pool](std::string_view element) { pool->Add(element); };
  if (request.sorts()) return list.ForEach(add);
  if (window->count == 0) return;
  if (!request.descending) {
    list.ForRange(window->first, window->count, add);
  } else {
    std::vector<std::string> range;  // its last is the first wanted
    list.ForRange(list.size() - window->first - window->count, window->count,
                  [&range](std::string_view element) { range.emplace_back(element); });
    std::for_each(range.rbegin(), range.rend(), add);
  }
  window->first = 0;
}

// As of a list; unsorted it is in the order of its scores.
void LoadZset(const types::Zset& zset, const Request& request, Window* window, TextPool* pool) {
  const auto add = [pool](std::string_view member, double) { pool->Add(member); };
  if (request.sorts()) return zset.ForEach(add);
  const size_t first = request.descending ? zset.size() - window->first - window->count : window->first;
  if (window->count != 0) zset.ForRange(first, window->count, request.descending, add);
  window->first = 0;
}

// The value of a text as a score: all of it must be a number.
bool ScoreOf(std::string_view text, double* score) {
  const std::string terminated(text);
  char* end = nullptr;
  errno = 0;
  *score = std::strtod(terminated.c_str(), &end);
  return *end == '\0' && errno != ERANGE && !std::isnan(*score);
}

// What the items are sorted by. False: the reply was written.
bool LoadKeys(Call& call, Request* request, std::vector<Item>* items, TextPool* keys) {
  for (Item& item : *items) {
    std::optional<std::string_view> value = item.element;
    if (request->by) value = request->by->Lookup(call, item.element);
    if (request->alphabetic) {
      if (!request->by) continue;
      item.has_key = value.has_value();
      keys->Add(value.value_or(std::string_view()));
    } else if (value && !ScoreOf(*value, &item.score)) {
      call.reply.Error("ERR One or more scores can't be converted into double");
      return false;
    }
  }
  for (size_t i = 0; i < keys->size(); ++i) (*items)[i].key = (*keys)[i];
  return true;
}

// As the C locale collates: up to the first zero byte.
int Collate(std::string_view a, std::string_view b) { return a.substr(0, a.find('\0')).compare(b.substr(0, b.find('\0'))); }

class Order {
 public:
  explicit Order(const Request& request) : request_(request) {}
  // A total order, so that sorting a part gives the same as sorting all.
  bool operator()(const Item& a, const Item& b) const {
    const int order = Compare(a, b);
    return order == 0 ? a.place < b.place : (order < 0) != request_.descending;
  }

 private:
  int Compare(const Item& a, const Item& b) const {
    if (!request_.alphabetic) {
      if (a.score != b.score) return a.score < b.score ? -1 : 1;
      return a.element.compare(b.element);
    }
    if (!request_.by) return CompareTexts(a.element, b.element);
    if (!a.has_key || !b.has_key) return static_cast<int>(a.has_key) - static_cast<int>(b.has_key);
    return CompareTexts(a.key, b.key);
  }
  // What is stored must not depend on how this machine collates.
  int CompareTexts(std::string_view a, std::string_view b) const { return request_.store ? a.compare(b) : Collate(a, b); }

  const Request& request_;
};

void SortItems(const Request& request, Window window, std::vector<Item>* items) {
  const size_t end = window.first + window.count;
  if (end < items->size()) {
    std::partial_sort(items->begin(), items->begin() + static_cast<std::ptrdiff_t>(end), items->end(), Order(request));
  } else {
    std::sort(items->begin(), items->end(), Order(request));
  }
}

void ReplyItems(Call& call, Request* request, std::span<const Item> items) {
  call.reply.Array(static_cast<int64_t>(items.size() * std::max<size_t>(request->get.size(), 1)));
  for (const Item& item : items) {
    if (request->get.empty()) call.reply.Bulk(item.element);
    for (SortPattern& pattern : request->get) {
      if (const auto value = pattern.Lookup(call, item.element)) {
        call.reply.Bulk(*value);
      } else {
        call.reply.Null();
      }
    }
  }
}

void StoreItems(Call& call, Request* request, std::span<const Item> items) {
  const std::string_view target = *request->store;
  const types::Limits& limits = LimitsOf(call);
  auto list = std::make_unique<types::List>();
  const auto push = [&](std::string_view value) {
    list->Grow(1, value.size(), limits);
    list->Push(types::List::End::kTail, value, limits);
  };
  for (const Item& item : items) {
    if (request->get.empty()) push(item.element);
    for (SortPattern& pattern : request->get) push(pattern.Lookup(call, item.element).value_or(std::string_view()));
  }
  const int64_t size = static_cast<int64_t>(list->size());
  if (size == 0) {
    if (call.db.Find(call.slot, target, call.now_ms) != nullptr) DeleteKey(call, target);
  } else {
    list->FitEncoding(false, limits);
    call.db.SetObject(call.slot, target, std::move(list));
    Notify(call, NotifyClass::kList, "sortstore", target);
  }
  call.reply.Integer(size);
}

// The elements as texts. False: the reply was written.
bool LoadElements(Call& call, Request* request, Window* window, TextPool* pool) {
  const Entry* entry = call.db.FindRead(call.slot, call.args[1], call.now_ms, !call.client.Has(client::kNoTouch));
  if (entry == nullptr) return true;
  if (entry->type() == types::Type::kList) {
    const auto& list = static_cast<const types::List&>(*entry->object());
    *window = WindowOf(*request, list.size());
    LoadList(list, *request, window, pool);
    return true;
  }
  if (entry->type() == types::Type::kSet) {
    const auto& set = static_cast<const types::Set&>(*entry->object());
    if (!request->sorts() && request->store) {
      // A set has no order of its own, and replicas must come to the same list.
      request->by.reset();
      request->alphabetic = true;
    }
    *window = WindowOf(*request, set.size());
    set.ForEach([pool](std::string_view member) { pool->Add(member); });
    return true;
  }
  if (entry->type() == types::Type::kSortedSet) {
    auto& zset = static_cast<types::Zset&>(*entry->object());
    zset.ToSkiplist();  // as OBJECT ENCODING has always told after SORT
    *window = WindowOf(*request, zset.size());
    LoadZset(zset, *request, window, pool);
    return true;
  }
  call.reply.Error(kWrongType);
  return false;
}

}  // namespace

void SortCommand(Call& call) {
  Request request;
  for (size_t at = 2; at < call.args.size(); ++at) {
    if (!ParseOption(call, &at, &request)) return;
  }
  TextPool pool;
  Window window{0, 0};
  if (!LoadElements(call, &request, &window, &pool)) return;
  std::vector<Item> items(pool.size());
  for (size_t i = 0; i < items.size(); ++i) {
    items[i].element = pool[i];
    items[i].place = static_cast<uint32_t>(i);
  }
  TextPool keys;
  if (request.sorts()) {
    if (!LoadKeys(call, &request, &items, &keys)) return;
    SortItems(request, window, &items);
  }
  const std::span<const Item> wanted = std::span<const Item>(items).subspan(window.first, window.count);
  if (request.store) return StoreItems(call, &request, wanted);
  ReplyItems(call, &request, wanted);
}

namespace {

// The key that is sorted and, of several STORE, the last one's.
bool SortKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 2) return false;
  out->push_back({1, kKeyRO | kKeyAccess});
  int store = 0;
  for (size_t i = 2; i < args.size(); ++i) {
    if (EqualsNoCase(args[i], "LIMIT")) {
      i += 2;
    } else if (EqualsNoCase(args[i], "GET") || EqualsNoCase(args[i], "BY")) {
      ++i;
    } else if (EqualsNoCase(args[i], "STORE") && i + 1 < args.size()) {
      store = static_cast<int>(i) + 1;
    }
  }
  if (store != 0) out->push_back({store, kKeyOW | kKeyUpdate});
  return true;
}

constexpr uint64_t kSortAcl = kAclSet | kAclSortedSet | kAclList | kAclDangerous;
constexpr KeySpec kSortedKey = {1, 1, 1, kKeyRO | kKeyAccess, nullptr};
constexpr KeySpec kSortedAndStored = {1, 1, 1, kKeyRO | kKeyAccess, SortKeys};

const CommandSpec kRows[] = {
    {"sort", -2, kWrite | kDenyOom | kMovableKeys, kSortedAndStored, kSortAcl,
     {"Sorts the elements of a list, set or sorted set; the result can be stored.", "1.0.0", "generic",
      "O(N+M*log(M)), N elements, M of them returned"}, SortCommand},
    {"sort_ro", -2, kReadonly | kMovableKeys, kSortedKey, kSortAcl,
     {"Sorts the elements of a list, set or sorted set, only to be read.", "7.0.0", "generic",
      "O(N+M*log(M)), N elements, M of them returned"}, SortCommand},
};

}  // namespace

std::span<const CommandSpec> SortCommands() { return kRows; }

}  // namespace windlass::commands
