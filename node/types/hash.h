// A hash: fields with values. A listpack of field, value, field, value while it is
// small (types::Limits), then a PackedTable for good.
//
// Views handed out are good until the next change; those of integers in a listpack
// stand in the caller's buffer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "node/types/limits.h"
#include "node/types/listpack.h"
#include "node/types/object.h"
#include "node/types/packed_table.h"

namespace windlass::types {

class Hash final : public Object {
 public:
  static constexpr Type kType = Type::kHash;

  Hash() = default;
  // REQUIRES: pairs, no field twice, within the limits
  explicit Hash(Listpack pack);
  ~Hash() override;
  // From pairs in a listpack that was checked; converts if it is over the limits.
  // Nothing: an odd number of elements, or a field twice.
  static std::unique_ptr<Hash> FromListpack(Listpack pack, const Limits& limits);

  Type type() const override { return Type::kHash; }
  Encoding encoding() const override { return table_ == nullptr ? Encoding::kListpack : Encoding::kHashtable; }
  size_t MemoryBytes() const override;
  std::unique_ptr<Object> Clone() const override;
  bool FreeStep(size_t leaves) override;
  void Prefetch() const override { pack_.Prefetch(); }
  Watches* watches() const;  // null: this form is too small for steps

  size_t size() const { return table_ == nullptr ? pack_.size() / 2 : table_->size(); }
  // `buffer` has kMaxIntegerDigits bytes.
  std::optional<std::string_view> Get(std::string_view field, char* buffer) const;
  bool Contains(std::string_view field) const;
  // True if the field is new.
  bool Set(std::string_view field, std::string_view value, const Limits& limits);
  bool Erase(std::string_view field);
  // To the large form before many or long fields come.
  void Convert();

  using Visitor = std::function<void(std::string_view field, std::string_view value)>;
  void ForEach(const Visitor& f) const;
  // Some fields from `cursor` on; returns the next cursor, 0 at the end.
  uint64_t Scan(uint64_t cursor, const Visitor& f) const;
  // One field, each as likely as any other. REQUIRES: size() > 0
  void Random(const std::function<uint64_t()>& random, const Visitor& f) const;

  // The small form; null if it is large.
  const Listpack* packed() const { return table_ == nullptr ? &pack_ : nullptr; }

 private:
  Listpack pack_;
  std::unique_ptr<PackedTable> table_;
};

}  // namespace windlass::types
