// A set of strings: an intset while all are integers and few, a listpack while few
// and short, else a PackedTable for good (types::Limits).
//
// Views handed out are good until the next change and until the visitor returns.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <variant>

#include "node/types/intset.h"
#include "node/types/limits.h"
#include "node/types/listpack.h"
#include "node/types/object.h"
#include "node/types/packed_table.h"

namespace windlass::types {

class Set final : public Object {
 public:
  static constexpr Type kType = Type::kSet;

  // An empty set of integers, which becomes what its members need.
  Set() = default;
  ~Set() override;
  // Empty, in the form that suits a first member and an expected size.
  Set(std::string_view first, size_t expected, const Limits& limits);
  // Empty, in this form. REQUIRES: kIntset, kListpack or kHashtable
  explicit Set(Encoding encoding);
  using Form = std::variant<Intset, Listpack, std::unique_ptr<PackedTable>>;
  explicit Set(Form form) : form_(std::move(form)) {}
  static std::unique_ptr<Set> FromIntset(Intset ints, const Limits& limits);
  // Nothing: a member twice.
  static std::unique_ptr<Set> FromListpack(Listpack pack, const Limits& limits);

  Type type() const override { return Type::kSet; }
  Encoding encoding() const override;
  size_t MemoryBytes() const override;
  std::unique_ptr<Object> Clone() const override;
  bool FreeStep(size_t leaves) override;
  void Prefetch() const override;
  Watches* watches() const;  // null: this form is too small for steps

  size_t size() const;
  bool Contains(std::string_view member) const;
  bool Add(std::string_view member, const Limits& limits);  // false: it was there
  bool Erase(std::string_view member);                      // false: it was not
  // To the large form at once if about `expected` members are to come.
  void Expect(size_t expected, const Limits& limits);

  using Visitor = std::function<void(std::string_view member)>;
  void ForEach(const Visitor& f) const;
  // Some members from `cursor` on; returns the next cursor, 0 at the end.
  uint64_t Scan(uint64_t cursor, const Visitor& f) const;
  // One member, each as likely as any other. REQUIRES: size() > 0
  void Random(const std::function<uint64_t()>& random, const Visitor& f) const;

  // The form with only integers; null in the others.
  const Intset* ints() const { return std::get_if<Intset>(&form_); }

 private:
  using Table = std::unique_ptr<PackedTable>;

  bool AddToInts(std::string_view member, const Limits& limits);
  bool AddToPack(std::string_view member, const Limits& limits);
  void ToTable();
  void ToPack();

  Form form_;
};

}  // namespace windlass::types
