// See zset_codec.h.
#include "node/persistence/zset_codec.h"

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "node/persistence/object_readers.h"
#include "node/persistence/ziplist.h"
#include "node/resp/reply_writer.h"
#include "node/types/listpack.h"
#include "node/types/number.h"
#include "node/types/real_number.h"

namespace windlass::persistence {
namespace {

// A listpack of members, each with its score behind it. What was packed stays so up to
// the number of entries, however long they are.
std::unique_ptr<types::Object> FromPack(const types::Listpack& pack, const types::Limits& limits, std::string* error) {
  types::Limits any_length = limits;
  any_length.zset_max_listpack_value = std::numeric_limits<size_t>::max();
  auto zset = std::make_unique<types::Zset>();
  char member[types::kMaxIntegerDigits];
  char text[types::kMaxIntegerDigits];
  for (auto at = pack.First(); at != types::Listpack::kEnd; at = pack.Next(at)) {
    const auto member_at = at;
    at = pack.Next(at);
    if (at == types::Listpack::kEnd) {
      *error = "a sorted set with a member without a score";
      return nullptr;
    }
    const auto score = types::ParseDouble(pack.Get(at).Text(text));
    const std::string_view name = pack.Get(member_at).Text(member);
    if (!score || zset->Score(name)) {
      *error = score ? "a sorted set with a member twice" : "a sorted set with a score that is no number";
      return nullptr;
    }
    zset->Add(*score, name, any_length);
  }
  if (zset->size() == 0) return nullptr;
  return zset;
}

std::unique_ptr<types::Object> FromListpack(std::string_view bytes, const types::Limits& limits, std::string* error) {
  const auto pack = types::Listpack::Parse(bytes);
  if (pack) return FromPack(*pack, limits, error);
  *error = "a damaged listpack in a sorted set";
  return nullptr;
}

std::unique_ptr<types::Object> FromZiplist(std::string_view bytes, const types::Limits& limits, std::string* error) {
  types::Listpack pack;
  if (ReadZiplist(bytes, &pack)) return FromPack(pack, limits, error);
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
    std::string member;
    double score = 0;
    if (const ReadStatus s = cursor->String(&member); s != ReadStatus::kDone) return s;
    if (const ReadStatus s = ReadScore(cursor, &score); s != ReadStatus::kDone) return s;
    if (std::isnan(score)) return cursor->Bad("a sorted set with a score that is no number");
    if (zset_->Score(member)) return cursor->Bad("a sorted set with a member twice");
    zset_->Add(score, member, limits_);
    return ReadStatus::kDone;
  }

 private:
  const types::Limits limits_;
  std::unique_ptr<types::Zset> zset_ = std::make_unique<types::Zset>();
};

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
    constexpr size_t kLikelyBytes = 32;  // of a member and its score
    types::Listpack pack;
    pack.Reserve(zset.size() * kLikelyBytes);
    zset.ForEach([&pack](std::string_view member, double score) {
      pack.Append(member);
      pack.Append(resp::FormatDouble(score));
    });
    return AppendString(pack.bytes(), compress, out);
  }
  AppendLength(zset.size(), out);
  // From the greatest: readers that keep a linked order put each in front of the last.
  zset.ForRange(0, zset.size(), true, [&](std::string_view member, double score) {
    AppendZsetElement(member, score, compress, out);
  });
}

std::unique_ptr<ObjectReader> MakeZsetReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kZset: return std::make_unique<ElementsOfZset<ReadTextScore>>(limits);
    case RdbType::kZset2: return std::make_unique<ElementsOfZset<ReadBinaryScore>>(limits);
    case RdbType::kZsetListpack: return std::make_unique<BlobReader>(FromListpack, limits);
    case RdbType::kZsetZiplist: return std::make_unique<BlobReader>(FromZiplist, limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
