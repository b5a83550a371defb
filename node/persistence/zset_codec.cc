// See zset_codec.h.
#include "node/persistence/zset_codec.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "node/persistence/object_readers.h"
#include "node/persistence/ziplist.h"
#include "node/resp/reply_writer.h"
#include "node/types/listpack.h"
#include "node/types/number.h"
#include "node/types/real_number.h"

namespace windlass::persistence {
namespace {

using Elements = std::vector<types::ZsetTree::Element>;

// Elements one by one, in whatever order. What was packed stays so up to the number of
// entries, however long they are.
std::unique_ptr<types::Object> FromElements(const Elements& elements, const types::Limits& limits, std::string* error) {
  types::Limits any_length = limits;
  any_length.zset_max_listpack_value = std::numeric_limits<size_t>::max();
  auto zset = std::make_unique<types::Zset>();
  for (const auto& [score, member] : elements) {
    if (zset->Score(member)) {
      *error = "a sorted set with a member twice";
      return nullptr;
    }
    zset->Add(score, member, any_length);
  }
  return zset;
}

// A listpack of members, each with its score behind it.
std::unique_ptr<types::Object> FromListpack(std::string_view bytes, const types::Limits& limits, std::string* error) {
  types::Listpack::Walk walk(bytes);
  Elements elements;
  elements.reserve(std::min(walk.announced() / 2, bytes.size()));
  std::deque<std::string> digits;  // of members that are stored as numbers
  types::Listpack::Value member;
  types::Listpack::Value score;
  while (walk.Next(&member)) {
    if (!walk.Next(&score)) {
      *error = walk.damaged() ? "a damaged listpack in a sorted set" : "a sorted set with a member without a score";
      return nullptr;
    }
    const auto number = score.is_integer ? static_cast<double>(score.integer) : types::ParseDouble(score.bytes);
    if (!number) {
      *error = "a sorted set with a score that is no number";
      return nullptr;
    }
    if (member.is_integer) digits.push_back(member.ToString());
    elements.push_back({*number == 0 ? 0 : *number, member.is_integer ? digits.back() : member.bytes});
  }
  if (walk.damaged()) {
    *error = "a damaged listpack in a sorted set";
    return nullptr;
  }
  if (elements.empty()) return nullptr;
  auto zset = std::make_unique<types::Zset>();
  if (zset->Fill(elements, limits)) return zset;
  return FromElements(elements, limits, error);
}

std::unique_ptr<types::Object> FromZiplist(std::string_view bytes, const types::Limits& limits, std::string* error) {
  types::Listpack pack;
  if (ReadZiplist(bytes, &pack)) return FromListpack(pack.bytes(), limits, error);
  *error = "a damaged ziplist in a sorted set";
  return nullptr;
}

// Eight bytes.
ReadStatus ReadBinaryScore(EncodingCursor* cursor, double* score) {
  uint64_t bits = 0;
  const ReadStatus status = cursor->LittleEndian(sizeof bits, &bits);
  std::memcpy(score, &bits, sizeof bits);
  return status;
}

// A length and so many characters; the three greatest lengths stand for what no
// number is.
ReadStatus ReadTextScore(EncodingCursor* cursor, double* score) {
  uint8_t length = 0;
  if (const ReadStatus s = cursor->Byte(&length); s != ReadStatus::kDone) return s;
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (length >= 253) {
    *score = length == 253 ? std::nan("") : length == 254 ? kInfinity : -kInfinity;
    return ReadStatus::kDone;
  }
  std::string text;
  for (; length > 0; --length) {
    uint8_t byte = 0;
    if (const ReadStatus s = cursor->Byte(&byte); s != ReadStatus::kDone) return s;
    text.push_back(static_cast<char>(byte));
  }
  const auto parsed = types::ParseDouble(text);
  if (!parsed) return cursor->Bad("a sorted set with a score that is no number");
  *score = *parsed;
  return ReadStatus::kDone;
}

using ScoreReader = ReadStatus (*)(EncodingCursor*, double*);

template <ScoreReader ReadScore>
class ElementsOfZset final : public ElementsReader {
 public:
  explicit ElementsOfZset(const types::Limits& limits) : limits_(limits) { zset_->ToSkiplist(); }
  std::unique_ptr<types::Object> Take() override {
    if (zset_->size() == 0) return nullptr;
    zset_->FitEncoding(limits_);
    return std::move(zset_);
  }

 protected:
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string_view member;
    double score = 0;
    if (const ReadStatus s = cursor->View(&member, &scratch_); s != ReadStatus::kDone) return s;
    if (const ReadStatus s = ReadScore(cursor, &score); s != ReadStatus::kDone) return s;
    if (std::isnan(score)) return cursor->Bad("a sorted set with a score that is no number");
    if (zset_->Score(member)) return cursor->Bad("a sorted set with a member twice");
    zset_->Add(score, member, limits_);
    return ReadStatus::kDone;
  }

 private:
  const types::Limits limits_;
  std::unique_ptr<types::Zset> zset_ = std::make_unique<types::Zset>();
  std::string scratch_;
};

}  // namespace

namespace {

// Whole numbers as such, where their text is that of the integer.
void AppendScore(double score, types::Listpack::Appender* append) {
  constexpr double kExact = 9007199254740992;  // 2^53
  if (std::fabs(score) < kExact && std::trunc(score) == score && !(score == 0 && std::signbit(score))) {
    append->Integer(static_cast<int64_t>(score));
  } else {
    append->Text(resp::FormatDouble(score));
  }
}

}  // namespace

RdbType RdbTypeOfZset(const types::Zset& zset) {
  return zset.encoding() == types::Encoding::kListpack ? RdbType::kZsetListpack : RdbType::kZset2;
}

void AppendZsetElement(std::string_view member, double score, bool compress, std::string* out) {
  AppendString(member, compress, out);
  uint64_t bits = 0;
  std::memcpy(&bits, &score, sizeof bits);
  AppendLittleEndian(bits, sizeof bits, out);
}

void AppendZset(const types::Zset& zset, bool compress, std::string* out) {
  if (zset.encoding() == types::Encoding::kListpack) {
    constexpr size_t kLongestScore = 24;
    types::Listpack pack;
    {
      const size_t most = 2 * types::Listpack::Appender::kMostOverhead + kLongestScore;
      types::Listpack::Appender append(&pack, zset.MemoryBytes() + zset.size() * most);
      zset.ForEach([&append](std::string_view member, double score) {
        append.Text(member);
        AppendScore(score, &append);
      });
    }
    return AppendString(pack.bytes(), compress, out);
  }
  AppendLength(zset.size(), out);
  // From the greatest: readers that keep a linked order put each in front of the last.
  zset.ForRange(0, zset.size(), true, [&](std::string_view member, double score) {
    AppendZsetElement(member, score, compress, out);
  });
}

BlobConverter ZsetConverterOf(RdbType type) {
  switch (type) {
    case RdbType::kZsetListpack: return FromListpack;
    case RdbType::kZsetZiplist: return FromZiplist;
    default: return nullptr;
  }
}

std::unique_ptr<ObjectReader> MakeZsetReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kZset: return std::make_unique<ElementsOfZset<ReadTextScore>>(limits);
    case RdbType::kZset2: return std::make_unique<ElementsOfZset<ReadBinaryScore>>(limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
