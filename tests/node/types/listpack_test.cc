// Listpack: the bytes of the format, and a random comparison with a vector.
#include "node/types/listpack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

#include "node/types/repeat_filter.h"

namespace windlass::types {
namespace {

std::vector<std::string> Elements(const Listpack& pack) {
  std::vector<std::string> out;
  for (auto at = pack.First(); at != Listpack::kEnd; at = pack.Next(at)) out.push_back(pack.Get(at).ToString());
  return out;
}

TEST(ListpackTest, BytesAreThoseOfTheFormat) {
  Listpack pack;
  pack.Append("1");
  pack.Append("abc");
  pack.Append("-1");
  const std::string expected("\x11\0\0\0\x03\0" "\x01\x01" "\x83" "abc\x04" "\xdf\xff\x02" "\xff", 17);
  EXPECT_EQ(std::string(pack.bytes()), expected);
}

TEST(ListpackTest, AppendingSeveralAtOnceGivesTheSameBytes) {
  const std::vector<std::string> texts = {"", "abc", "17", "-5000", std::string(63, 'x'), std::string(64, 'y'),
                                          std::string(5000, 'z'), "9223372036854775807"};
  const std::vector<int64_t> numbers = {0, 127, 128, -1, -4096, 70000, INT64_MIN, INT64_MAX};
  Listpack one_by_one;
  Listpack at_once;
  size_t bytes = 0;
  for (const std::string& text : texts) bytes += text.size() + 2 * Listpack::Appender::kMostOverhead;
  for (int round = 0; round < 3; ++round) {
    Listpack::Appender out(&at_once, bytes);
    for (size_t i = 0; i < texts.size(); ++i) {
      one_by_one.Append(texts[i]);
      one_by_one.AppendInteger(numbers[i]);
      out.Text(texts[i]);
      out.Integer(numbers[i]);
    }
  }
  EXPECT_EQ(at_once.bytes(), one_by_one.bytes());
  EXPECT_EQ(at_once.size(), 6 * texts.size());
}

TEST(ListpackTest, GrowsAndShrinksAtBothEnds) {
  for (uint64_t seed = 1; seed <= 8; ++seed) {
    std::mt19937_64 random(seed);
    Listpack pack;
    std::deque<std::string> model;
    bool growing = true;
    for (int i = 0; i < 6000; ++i) {
      if (random() % 700 == 0) growing = !growing;
      const bool front = random() % 8 < seed;
      if (model.empty() || (growing == (random() % 4 != 0) && pack.bytes().size() < 20000)) {
        const std::string text = random() % 3 == 0 ? std::to_string(random() % 100000) : std::string(random() % 70, 'x');
        front ? pack.Prepend(text) : pack.Append(text);
        front ? model.push_front(text) : model.push_back(text);
      } else {
        pack.Erase(front ? pack.First() : pack.Last());
        front ? model.pop_front() : model.pop_back();
      }
      ASSERT_EQ(pack.size(), model.size());
      ASSERT_LE(pack.MemoryBytes(), pack.bytes().size() * 2 + 4096) << "room is bounded";
      if (i % 50 == 0) {
        ASSERT_EQ(Elements(pack), std::vector<std::string>(model.begin(), model.end())) << i;
        ASSERT_TRUE(Listpack::Parse(pack.bytes()));
      }
    }
    Listpack moved = std::move(pack);
    EXPECT_EQ(moved.Clone().bytes(), moved.bytes());
    moved.ShrinkToFit();
    EXPECT_EQ(moved.MemoryBytes(), moved.empty() ? 0 : moved.bytes().size());
    EXPECT_EQ(Elements(moved), std::vector<std::string>(model.begin(), model.end()));
  }
}

TEST(ListpackTest, SurveyTellsWhatStandsTwiceAndTheLongest) {
  for (const size_t count : {0, 1, 2, 7, 100, 1024, 1025, 3000}) {
    Listpack pack;
    for (size_t i = 0; i < count; ++i) {
      pack.Append("field-of-some-length:" + std::to_string(i));
      pack.Append("the same");
    }
    EXPECT_FALSE(Survey(pack, 1).repeats) << count;
    EXPECT_EQ(Survey(pack, 0).repeats, count > 1) << count;
    EXPECT_EQ(Survey(pack, 1).longest, count == 0 ? 0 : 21 + std::to_string(count - 1).size());
    if (count == 0) continue;
    pack.Append("field-of-some-length:0");
    pack.Append("");
    EXPECT_TRUE(Survey(pack, 1).repeats) << count;
  }
}

TEST(ListpackTest, FindsWhatStandsBetweenElementsOfOtherLengths) {
  Listpack pack;
  const std::vector<std::string> texts = {std::string(64, 'a'), "b", "12", "", std::string(63, 'c'), "b", "x", "12"};
  for (const std::string& text : texts) pack.Append(text);
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t first = static_cast<size_t>(std::find(texts.begin(), texts.end(), texts[i]) - texts.begin());
    EXPECT_EQ(pack.Find(texts[i], pack.First()), pack.Seek(static_cast<int64_t>(first)));
  }
  // Every second one, as of a hash's fields.
  EXPECT_EQ(pack.Find("b", pack.First(), 1), Listpack::kEnd);
  EXPECT_EQ(pack.Find("12", pack.First(), 1), pack.Seek(2));
  EXPECT_EQ(pack.Find("b", pack.Seek(1), 1), pack.Seek(1));
  EXPECT_EQ(pack.Find("c", pack.First()), Listpack::kEnd);
}

TEST(ListpackTest, EveryEncodingComesBack) {
  std::vector<std::string> values = {"", "0", "127", "128", "-1", "4095", "-4096", "4096", "32767", "-32768", "8388607",
                                     "-8388608", "2147483647", "-2147483648", "9223372036854775807",
                                     "-9223372036854775808", "9223372036854775808", "007", "+1"};
  for (const size_t length : {size_t{63}, size_t{64}, size_t{4095}, size_t{4096}, size_t{16380}, size_t{70000}}) {
    values.emplace_back(length, 'x');
  }
  Listpack pack;
  for (const std::string& value : values) pack.Append(value);
  EXPECT_EQ(Elements(pack), values);
  const auto parsed = Listpack::Parse(pack.bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(Elements(*parsed), values);
  std::vector<std::string> backwards;
  for (auto at = pack.Last(); at != Listpack::kEnd; at = pack.Previous(at)) {
    backwards.insert(backwards.begin(), pack.Get(at).ToString());
  }
  EXPECT_EQ(backwards, values);
}

TEST(ListpackTest, BehavesAsAVector) {
  std::mt19937 random(7);
  Listpack pack;
  std::vector<std::string> model;
  const auto value = [&] {
    const unsigned kind = random() % 3;
    return kind == 0 ? std::to_string(static_cast<int>(random())) : std::string(random() % (kind == 1 ? 10 : 300), 'v');
  };
  for (int i = 0; i < 20000; ++i) {
    const size_t at = model.empty() ? 0 : random() % model.size();
    switch (model.size() > 200 ? 3 : random() % 4) {
      case 0:
        model.push_back(value());
        pack.Append(model.back());
        break;
      case 1:
        model.insert(model.begin() + static_cast<long>(at), value());
        pack.Insert(pack.Seek(static_cast<int64_t>(at)), model[at]);
        break;
      case 2:
        if (model.empty()) break;
        model[at] = value();
        pack.Replace(pack.Seek(static_cast<int64_t>(at)), model[at]);
        break;
      default: {
        if (model.empty()) break;
        const size_t count = std::min<size_t>(1 + random() % 5, model.size() - at);
        model.erase(model.begin() + static_cast<long>(at), model.begin() + static_cast<long>(at + count));
        pack.Erase(pack.Seek(static_cast<int64_t>(at)), count);
      }
    }
    ASSERT_EQ(pack.size(), model.size());
    if (i % 50 == 0) {
      ASSERT_EQ(Elements(pack), model);
      ASSERT_TRUE(Listpack::Parse(pack.bytes()));
    }
  }
}

TEST(ListpackTest, MoreElementsThanItsCountHolds) {
  Listpack pack;
  for (int i = 0; i < 66000; ++i) pack.Append("1");
  EXPECT_EQ(pack.size(), 66000u);
  pack.Erase(pack.First(), 65000);
  EXPECT_EQ(pack.size(), 1000u);
}

TEST(ListpackTest, DamagedBytesAreRefused) {
  Listpack pack;
  for (const char* value : {"1", "hello", "-70000", "12345678901"}) pack.Append(value);
  pack.Append(std::string(100, 'y'));
  const std::string good(pack.bytes());
  for (size_t cut = 0; cut < good.size(); ++cut) EXPECT_FALSE(Listpack::Parse(good.substr(0, cut)));
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    std::string bad = good;
    bad[random() % bad.size()] = static_cast<char>(random());
    // Accepted or not: what is accepted can be walked.
    if (const auto parsed = Listpack::Parse(bad)) {
      EXPECT_EQ(Elements(*parsed).size(), parsed->size());
    }
  }
}

}  // namespace
}  // namespace windlass::types
