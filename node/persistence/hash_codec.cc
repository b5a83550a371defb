// See hash_codec.h.
#include "node/persistence/hash_codec.h"

#include <utility>

#include "node/persistence/object_readers.h"
#include "node/persistence/ziplist.h"

namespace windlass::persistence {
namespace {

std::unique_ptr<types::Object> FromPack(types::Listpack pack, const types::Limits& limits, std::string* error) {
  if (pack.empty()) return nullptr;
  auto hash = types::Hash::FromListpack(std::move(pack), limits);
  if (hash == nullptr) *error = "a hash with a field twice or without a value";
  return hash;
}

std::unique_ptr<types::Object> FromListpack(std::string_view bytes, const types::Limits& limits, std::string* error) {
  auto pack = types::Listpack::Parse(bytes);
  if (pack) return FromPack(*std::move(pack), limits, error);
  *error = "a damaged listpack in a hash";
  return nullptr;
}

template <bool (*Read)(std::string_view, types::Listpack*)>
std::unique_ptr<types::Object> FromOld(std::string_view bytes, const types::Limits& limits, std::string* error) {
  types::Listpack pack;
  if (Read(bytes, &pack)) return FromPack(std::move(pack), limits, error);
  *error = "a damaged ziplist or zipmap in a hash";
  return nullptr;
}

class PairsReader final : public ElementsReader {
 public:
  explicit PairsReader(const types::Limits& limits) : limits_(limits) {}
  std::unique_ptr<types::Object> Take() override {
    return hash_->size() == 0 ? nullptr : std::unique_ptr<types::Object>(std::move(hash_));
  }

 protected:
  void Begin(uint64_t count) override {
    if (count > limits_.hash_max_listpack_entries) hash_->Convert();
  }
  ReadStatus ReadElement(EncodingCursor* cursor) override {
    std::string_view field;
    std::string_view value;
    if (const ReadStatus s = cursor->View(&field, &field_); s != ReadStatus::kDone) return s;
    if (const ReadStatus s = cursor->View(&value, &value_); s != ReadStatus::kDone) return s;
    return hash_->Set(field, value, limits_) ? ReadStatus::kDone : cursor->Bad("a hash with a field twice");
  }

 private:
  const types::Limits limits_;
  std::unique_ptr<types::Hash> hash_ = std::make_unique<types::Hash>();
  std::string field_;
  std::string value_;
};

}  // namespace

RdbType RdbTypeOfHash(const types::Hash& hash) {
  return hash.packed() != nullptr ? RdbType::kHashListpack : RdbType::kHash;
}

void AppendHash(const types::Hash& hash, bool compress, std::string* out) {
  if (hash.packed() != nullptr) return AppendString(hash.packed()->bytes(), compress, out);
  AppendLength(hash.size(), out);
  hash.ForEach([&](std::string_view field, std::string_view value) {
    AppendString(field, compress, out);
    AppendString(value, compress, out);
  });
}

BlobConverter HashConverterOf(RdbType type) {
  switch (type) {
    case RdbType::kHashListpack: return FromListpack;
    case RdbType::kHashZiplist: return FromOld<ReadZiplist>;
    case RdbType::kHashZipmap: return FromOld<ReadZipmap>;
    default: return nullptr;
  }
}

std::unique_ptr<ObjectReader> MakeHashReader(RdbType type, const types::Limits& limits) {
  switch (type) {
    case RdbType::kHash: return std::make_unique<PairsReader>(limits);
    default: return nullptr;
  }
}

}  // namespace windlass::persistence
