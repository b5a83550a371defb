// See set_codec.h.
#include "node/persistence/set_codec.h"

#include <utility>

#include "node/persistence/object_readers.h"
#include "node/types/listpack.h"
#include "node/types/number.h"

namespace windlass::persistence {
namespace {

std::unique_ptr<types::Object> FromIntset(std::string_view bytes, const types::Limits& limits, std::string* error) {
  auto ints = types::Intset::Parse(bytes);
  if (!ints) {
    *error = "a damaged intset";
    return nullptr;
  }
  if (ints->size() == 0) return nullptr;
  return types::Set::FromIntset(*std::move(ints), limits);
}

std::unique_ptr<types::Object> FromListpack(std::string_view bytes, const types::Limits& limits, std::string* error) {
  auto pack = types::Listpack::Parse(bytes);
  if (!pack) {
    *error = "a damaged listpack in a set";
    return nullptr;
  }
  if (pack->empty()) return nullptr;
  auto set = types::Set::FromListpack(*std::move(pack), limits);
  if (set == nullptr) *error = "a set with a member twice";
  return set;
}

class MembersReader final : public ElementsReader {
 public:
  explicit MembersReader(const types::Limits& limits) : limits_(limits) {}
  std::unique_ptr<types::Object> Take() override {
    return set_ == nullptr || set_->size() == 0 ? nullptr : std::move(set_);
  }

 protected:
  void Begin(uint64_t count) override {
    count_ = left_ = count;
    gathers_ = count <= limits_.set_max_listpack_entries;
    if (gathers_) return;
    set_ = std::make_unique<types::Set>();
    set_->Expect(count, limits_);
  }
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string_view member;
    if (const ReadStatus s = cursor->View(&member, &scratch_); s != ReadStatus::kDone) return s;
    --left_;
    bool fresh = true;
    if (gathers_ && member.size() > limits_.set_max_listpack_value) fresh = AddGathered();
    if (!gathers_) {
      fresh = fresh && set_->Add(member, limits_);
    } else {
      Gather(member);
      if (left_ == 0) fresh = numbers_ ? AddGathered() : TakeGathered();
    }
    return fresh ? ReadStatus::kDone : cursor->Bad("a set with a member twice");
  }

 private:
  void Gather(std::string_view member) {
    constexpr size_t kOverhead = 3;  // of a short element
    const size_t needed = pack_.bytes().size() + member.size() + kOverhead;
    if (needed > pack_.MemoryBytes()) pack_.Reserve(pack_.empty() ? count_ * (member.size() + kOverhead) : needed * 2);
    pack_.Append(member);
    numbers_ = numbers_ && member.size() <= types::kMaxIntegerDigits && types::ParseInteger(member).has_value();
  }
  // False (both): a member twice.
  bool TakeGathered() {
    pack_.ShrinkToFit();
    set_ = types::Set::FromListpack(std::move(pack_), limits_);
    return set_ != nullptr;
  }
  bool AddGathered() {
    gathers_ = false;
    set_ = std::make_unique<types::Set>();
    char buffer[types::kMaxIntegerDigits];
    for (auto at = pack_.First(); at != types::Listpack::kEnd; at = pack_.Next(at)) {
      if (!set_->Add(pack_.Get(at).Text(buffer), limits_)) return false;
    }
    return true;
  }

  const types::Limits limits_;
  std::unique_ptr<types::Set> set_;  // null while it gathers
  types::Listpack pack_;   // the first members, if so few are announced
  bool gathers_ = false;
  bool numbers_ = true;    // in pack_ is nothing else
  uint64_t count_ = 0;
  uint64_t left_ = 0;
  std::string scratch_;
};

}  // namespace

RdbType RdbTypeOfSet(const types::Set& set) { return set.ints() != nullptr ? RdbType::kSetIntset : RdbType::kSet; }

void AppendSet(const types::Set& set, bool compress, std::string* out) {
  if (set.ints() != nullptr) return AppendString(set.ints()->bytes(), compress, out);
  AppendLength(set.size(), out);
  set.ForEach([&](std::string_view member) { AppendString(member, compress, out); });
}

BlobConverter SetConverterOf(RdbType type) {
  switch (type) {
    case RdbType::kSetIntset: return FromIntset;
    case RdbType::kSetListpack: return FromListpack;
    default: return nullptr;
  }
}

std::unique_ptr<ObjectReader> MakeSetReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kSet: return std::make_unique<MembersReader>(limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
