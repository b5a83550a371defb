// See value_writer.h.
#include "node/persistence/value_writer.h"

#include <algorithm>
#include <cstring>

#include "node/persistence/list_codec.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/zset_codec.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/number.h"
#include "node/types/zset.h"

namespace windlass::persistence {
namespace {

constexpr size_t kLarge = 1 << 20;  // bytes in memory
// A string is one piece for the compressor: a larger one is written as it is.
constexpr size_t kLongestCompressed = 4 << 20;

}  // namespace

bool ValueWriter::Cuts(const keyspace::Entry& entry) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];
    return entry.Text(digits).size() > kLongestCompressed;
  }
  const types::Object& object = *entry.object();
  const types::Encoding encoding = object.encoding();
  const bool has_parts = object.type() == types::Type::kList || encoding == types::Encoding::kHashtable ||
                         encoding == types::Encoding::kSkiplist;
  return has_parts && object.MemoryBytes() > kLarge;
}

ValueWriter::ValueWriter(const keyspace::Entry& entry, bool compress) : compress_(compress) {
  if (entry.type() == types::Type::kString) {
    char digits[types::kMaxIntegerDigits];  // not used: it is no integer
    string_ = entry.Text(digits);
  } else {
    object_ = entry.object();
  }
}

bool ValueWriter::Is(const keyspace::Entry& entry) const {
  if (object_ != nullptr) return entry.type() != types::Type::kString && entry.object() == object_;
  if (entry.type() != types::Type::kString) return false;
  char digits[types::kMaxIntegerDigits];
  return entry.Text(digits).data() == string_.data();
}

bool ValueWriter::StepList(size_t end, std::string* out) {
  const auto& list = static_cast<const types::List&>(*object_);
  if (!begun_) AppendLength(list.chunks().size(), out);
  while (at_ < list.chunks().size() && out->size() < end) AppendListChunk(list.chunks()[at_++], compress_, out);
  return at_ == list.chunks().size();
}

// From the greatest, as AppendZset does.
bool ValueWriter::StepRanks(size_t end, std::string* out) {
  const auto& zset = static_cast<const types::Zset&>(*object_);
  if (!begun_) AppendLength(zset.size(), out);
  constexpr size_t kAtOnce = 256;
  while (at_ < zset.size() && out->size() < end) {
    const size_t count = std::min(kAtOnce, zset.size() - at_);
    zset.ForRange(at_, count, true, [&](std::string_view member, double score) {
      AppendZsetElement(member, score, compress_, out);
    });
    at_ += count;
  }
  return at_ == zset.size();
}

template <typename Table, typename Append>
bool ValueWriter::StepTable(const Table& table, size_t end, std::string* out, const Append& append) {
  if (!begun_) AppendLength(table.size(), out);
  do {
    at_ = table.Scan(at_, append);
  } while (at_ != 0 && out->size() < end);
  return at_ == 0;
}

bool ValueWriter::Step(size_t bytes, std::string* out) {
  const size_t end = out->size() + bytes;
  bool whole = true;
  if (object_ == nullptr) {
    if (!begun_) AppendLength(string_.size(), out);
    const std::string_view piece = string_.substr(at_, bytes);
    out->append(piece);
    at_ += piece.size();
    whole = at_ == string_.size();
  } else if (object_->type() == types::Type::kList) {
    whole = StepList(end, out);
  } else if (object_->type() == types::Type::kSortedSet) {
    whole = StepRanks(end, out);
  } else if (object_->type() == types::Type::kHash) {
    whole = StepTable(static_cast<const types::Hash&>(*object_), end, out, [&](std::string_view field, std::string_view value) {
      AppendString(field, compress_, out);
      AppendString(value, compress_, out);
    });
  } else {
    whole = StepTable(static_cast<const types::Set&>(*object_), end, out,
                      [&](std::string_view member) { AppendString(member, compress_, out); });
  }
  begun_ = true;
  return whole;
}

}  // namespace windlass::persistence
