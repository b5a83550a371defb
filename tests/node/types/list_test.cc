// List against a deque, with chunks so small that every border is met.
#include "node/types/list.h"

#include <gtest/gtest.h>

#include <deque>
#include <random>
#include <string>
#include <vector>

namespace windlass::types {
namespace {

std::deque<std::string> Elements(const List& list) {
  std::deque<std::string> out;
  list.ForEach([&out](std::string_view value) { out.emplace_back(value); });
  return out;
}

TEST(ListTest, BehavesAsADeque) {
  for (const int64_t setting : {int64_t{1}, int64_t{4}, int64_t{-1}}) {
    std::mt19937 random(static_cast<unsigned>(setting) + 99);
    Limits limits;
    limits.list_max_listpack_size = setting;
    List list;
    std::deque<std::string> model;
    for (int i = 0; i < 20000; ++i) {
      const std::string value = random() % 40 == 0 ? std::string(9000, 'x') : std::to_string(random() % 1000);
      const size_t at = model.empty() ? 0 : random() % model.size();
      const auto place_of = [&] { return list.Seek(random() % 2 == 0 ? static_cast<int64_t>(at)
                                                                     : static_cast<int64_t>(at) - static_cast<int64_t>(model.size())); };
      switch (model.size() > 100 ? 6 + random() % 4 : random() % 9) {
        case 0:
        case 1:
          list.Push(List::End::kHead, value, limits);
          model.push_front(value);
          break;
        case 2:
        case 3:
          list.Push(List::End::kTail, value, limits);
          model.push_back(value);
          break;
        case 4:
        case 5: {
          if (model.empty()) break;
          const bool after = random() % 2 == 0;
          list.Insert(place_of(), after, value, limits);
          model.insert(model.begin() + static_cast<long>(at) + (after ? 1 : 0), value);
          break;
        }
        case 6:
          if (model.empty()) break;
          list.Replace(place_of(), value, limits);
          model[at] = value;
          break;
        case 7: {
          if (model.empty()) break;
          const bool head = random() % 2 == 0;
          EXPECT_EQ(list.Pop(head ? List::End::kHead : List::End::kTail), head ? model.front() : model.back());
          head ? model.pop_front() : model.pop_back();
          break;
        }
        case 8: {
          if (model.empty()) break;
          auto place = list.Seek(static_cast<int64_t>(at));
          const bool backwards = random() % 2 == 0;
          const bool more = list.Erase(&place, backwards);
          model.erase(model.begin() + static_cast<long>(at));
          ASSERT_EQ(more, backwards ? at > 0 : at < model.size());
          if (more) {
            ASSERT_EQ(list.Get(place).ToString(), model[backwards ? at - 1 : at]);
          }
          break;
        }
        default: {
          if (model.empty()) break;
          const size_t count = std::min<size_t>(random() % 30, model.size() - at);
          list.EraseRange(at, count);
          model.erase(model.begin() + static_cast<long>(at), model.begin() + static_cast<long>(at + count));
        }
      }
      ASSERT_EQ(list.size(), model.size());
      if (i % 20 == 0) {
        ASSERT_EQ(Elements(list), model) << i;
      }
    }
    const auto copy = list.Clone();
    EXPECT_EQ(Elements(static_cast<const List&>(*copy)), model);
    EXPECT_LE(copy->MemoryBytes(), list.MemoryBytes());  // it has no room for what may come
    EXPECT_GT(copy->MemoryBytes() + 4096, list.MemoryBytes());
    while (list.size() > 0) list.Pop(List::End::kTail);
    EXPECT_EQ(list.MemoryBytes(), List().MemoryBytes());
  }
}

TEST(ListTest, OutgrowsItsSmallFormAndComesBack) {
  Limits limits;
  limits.list_max_listpack_size = 4;
  List list;
  for (int i = 0; i < 5; ++i) {
    list.Grow(1, 1, limits);
    list.Push(List::End::kTail, "v", limits);
    EXPECT_EQ(list.encoding(), i < 4 ? Encoding::kListpack : Encoding::kQuicklist);
  }
  while (list.size() > 2) {
    EXPECT_EQ(list.encoding(), Encoding::kQuicklist);
    list.Pop(List::End::kTail);
    list.FitEncoding(true, limits);
  }
  EXPECT_EQ(list.encoding(), Encoding::kListpack);
}

}  // namespace
}  // namespace windlass::types
