// See set_codec.h.
#include "node/persistence/set_codec.h"

#include <utility>

#include "node/persistence/object_readers.h"

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
    return set_->size() == 0 ? nullptr : std::unique_ptr<types::Object>(std::move(set_));
  }

 protected:
  void Begin(uint64_t count) override { set_->Expect(count, limits_); }
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string member;
    if (const ReadStatus s = cursor->String(&member); s != ReadStatus::kDone) return s;
    return set_->Add(member, limits_) ? ReadStatus::kDone : cursor->Bad("a set with a member twice");
  }

 private:
  const types::Limits limits_;
  std::unique_ptr<types::Set> set_ = std::make_unique<types::Set>();
};

}  // namespace

RdbType RdbTypeOfSet(const types::Set& set) { return set.ints() != nullptr ? RdbType::kSetIntset : RdbType::kSet; }

void AppendSet(const types::Set& set, bool compress, std::string* out) {
  if (set.ints() != nullptr) return AppendString(set.ints()->bytes(), compress, out);
  AppendLength(set.size(), out);
  set.ForEach([&](std::string_view member) { AppendString(member, compress, out); });
}

std::unique_ptr<ObjectReader> MakeSetReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kSet: return std::make_unique<MembersReader>(limits);
    case RdbType::kSetIntset: return std::make_unique<BlobReader>(FromIntset, limits);
    case RdbType::kSetListpack: return std::make_unique<BlobReader>(FromListpack, limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
