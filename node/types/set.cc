// See set.h.
#include "node/types/set.h"

#include <algorithm>
#include <utility>

#include "node/types/repeat_filter.h"

namespace windlass::types {
namespace {

constexpr size_t kMostInts = size_t{1} << 30;

std::optional<int64_t> IntegerOf(std::string_view member) {
  return member.size() <= kMaxIntegerDigits ? ParseInteger(member) : std::nullopt;
}

// Digits of the longest member.
size_t LongestInt(const Intset& ints) {
  if (ints.size() == 0) return 0;
  char buffer[kMaxIntegerDigits];
  return std::max(FormatInteger(ints.At(0), buffer), FormatInteger(ints.At(ints.size() - 1), buffer));
}

}  // namespace

Set::Set(std::string_view first, size_t expected, const Limits& limits) {
  if (IntegerOf(first) && expected <= limits.set_max_intset_entries) return;
  if (expected <= limits.set_max_listpack_entries) {
    form_.emplace<Listpack>();
  } else {
    form_.emplace<Table>(std::make_unique<PackedTable>(false));
  }
}

Set::Set(Encoding encoding) {
  if (encoding == Encoding::kListpack) form_.emplace<Listpack>();
  if (encoding == Encoding::kHashtable) form_.emplace<Table>(std::make_unique<PackedTable>(false));
}

std::unique_ptr<Set> Set::FromIntset(Intset ints, const Limits& limits) {
  const bool large = ints.size() > limits.set_max_intset_entries;
  auto set = std::make_unique<Set>(Form(std::move(ints)));
  if (large) set->ToTable();
  return set;
}

std::unique_ptr<Set> Set::FromListpack(Listpack pack, const Limits& limits) {
  const PackSurvey survey = Survey(pack, 0);
  if (survey.repeats) return nullptr;
  const bool large = pack.size() > limits.set_max_listpack_entries || survey.longest > limits.set_max_listpack_value;
  auto set = std::make_unique<Set>(Form(std::move(pack)));
  if (large) set->ToTable();
  return set;
}

Encoding Set::encoding() const {
  constexpr Encoding kOfForm[] = {Encoding::kIntset, Encoding::kListpack, Encoding::kHashtable};
  return kOfForm[form_.index()];
}

size_t Set::MemoryBytes() const {
  if (const Intset* ints = std::get_if<Intset>(&form_)) return sizeof *this + ints->MemoryBytes();
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) return sizeof *this + pack->MemoryBytes();
  return sizeof *this + std::get<Table>(form_)->MemoryBytes();
}

std::unique_ptr<Object> Set::Clone() const {
  auto copy = std::make_unique<Set>();
  if (const Intset* ints = std::get_if<Intset>(&form_)) copy->form_ = *ints;
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) copy->form_ = pack->Clone();
  if (const Table* table = std::get_if<Table>(&form_)) copy->form_ = std::make_unique<PackedTable>(**table);
  return copy;
}

Set::~Set() { TellGone(*this); }

Watches* Set::watches() const {
  const Table* table = std::get_if<Table>(&form_);
  return table == nullptr ? nullptr : &(*table)->watches();
}

bool Set::FreeStep(size_t leaves) {
  Table* table = std::get_if<Table>(&form_);
  return table == nullptr || (*table)->FreeStep(leaves);
}

void Set::Prefetch() const {
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) pack->Prefetch();
  if (const Intset* ints = std::get_if<Intset>(&form_)) __builtin_prefetch(ints->bytes().data());
}

size_t Set::size() const {
  if (const Intset* ints = std::get_if<Intset>(&form_)) return ints->size();
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) return pack->size();
  return std::get<Table>(form_)->size();
}

bool Set::Contains(std::string_view member) const {
  if (const Intset* ints = std::get_if<Intset>(&form_)) {
    const auto integer = IntegerOf(member);
    return integer && ints->Contains(*integer);
  }
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) return pack->Find(member, pack->First()) != Listpack::kEnd;
  return std::get<Table>(form_)->Contains(member);
}

bool Set::Add(std::string_view member, const Limits& limits) {
  if (std::holds_alternative<Intset>(form_)) return AddToInts(member, limits);
  if (std::holds_alternative<Listpack>(form_)) return AddToPack(member, limits);
  return std::get<Table>(form_)->Set(member);
}

bool Set::AddToInts(std::string_view member, const Limits& limits) {
  Intset& ints = std::get<Intset>(form_);
  if (const auto integer = IntegerOf(member)) {
    const bool added = ints.Add(*integer);
    if (added && ints.size() > std::min(limits.set_max_intset_entries, kMostInts)) ToTable();
    return added;
  }
  const bool short_enough =
      member.size() <= limits.set_max_listpack_value && LongestInt(ints) <= limits.set_max_listpack_value;
  if (ints.size() < limits.set_max_listpack_entries && short_enough) {
    ToPack();
    std::get<Listpack>(form_).Append(member);
  } else {
    ToTable();
    std::get<Table>(form_)->Set(member);
  }
  return true;
}

bool Set::AddToPack(std::string_view member, const Limits& limits) {
  Listpack& pack = std::get<Listpack>(form_);
  if (pack.Find(member, pack.First()) != Listpack::kEnd) return false;
  if (pack.size() < limits.set_max_listpack_entries && member.size() <= limits.set_max_listpack_value) {
    pack.Append(member);
  } else {
    ToTable();
    std::get<Table>(form_)->Set(member);
  }
  return true;
}

bool Set::Erase(std::string_view member) {
  if (Intset* ints = std::get_if<Intset>(&form_)) {
    const auto integer = IntegerOf(member);
    return integer && ints->Erase(*integer);
  }
  if (Listpack* pack = std::get_if<Listpack>(&form_)) {
    const auto at = pack->Find(member, pack->First());
    if (at == Listpack::kEnd) return false;
    pack->Erase(at);
    return true;
  }
  return std::get<Table>(form_)->Erase(member);
}

void Set::Expect(size_t expected, const Limits& limits) {
  const bool too_many_ints = std::holds_alternative<Intset>(form_) && expected > limits.set_max_intset_entries;
  const bool too_many_packed = std::holds_alternative<Listpack>(form_) && expected > limits.set_max_listpack_entries;
  if (too_many_ints || too_many_packed) ToTable();
}

void Set::ToTable() {
  auto table = std::make_unique<PackedTable>(false);
  ForEach([&table](std::string_view member) { table->Set(member); });
  form_ = std::move(table);
}

void Set::ToPack() {
  Listpack pack;
  ForEach([&pack](std::string_view member) { pack.Append(member); });
  form_ = std::move(pack);
}

void Set::ForEach(const Visitor& f) const {
  char buffer[kMaxIntegerDigits];
  if (const Intset* ints = std::get_if<Intset>(&form_)) {
    for (size_t i = 0; i < ints->size(); ++i) f({buffer, FormatInteger(ints->At(i), buffer)});
  } else if (const Listpack* pack = std::get_if<Listpack>(&form_)) {
    for (auto at = pack->First(); at != Listpack::kEnd; at = pack->Next(at)) f(pack->Get(at).Text(buffer));
  } else {
    std::get<Table>(form_)->ForEach([&f](PackedTable::Element e) { f(e.key); });
  }
}

uint64_t Set::Scan(uint64_t cursor, const Visitor& f) const {
  if (const Table* table = std::get_if<Table>(&form_)) {
    return (*table)->Scan(cursor, [&f](PackedTable::Element e) { f(e.key); });
  }
  ForEach(f);
  return 0;
}

void Set::Random(const std::function<uint64_t()>& random, const Visitor& f) const {
  char buffer[kMaxIntegerDigits];
  if (const Intset* ints = std::get_if<Intset>(&form_)) {
    return f({buffer, FormatInteger(ints->At(random() % ints->size()), buffer)});
  }
  if (const Listpack* pack = std::get_if<Listpack>(&form_)) {
    return f(pack->Get(pack->Seek(static_cast<int64_t>(random() % pack->size()))).Text(buffer));
  }
  f(std::get<Table>(form_)->Random(random).key);
}

}  // namespace windlass::types
