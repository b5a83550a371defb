// See hash.h.
#include "node/types/hash.h"

#include <utility>

#include "node/types/repeat_filter.h"

namespace windlass::types {

Hash::Hash(Listpack pack) : pack_(std::move(pack)) {}

std::unique_ptr<Hash> Hash::FromListpack(Listpack pack, const Limits& limits) {
  const size_t elements = pack.size();
  const PackSurvey survey = Survey(pack, 1);
  if (elements % 2 != 0 || survey.repeats) return nullptr;
  auto hash = std::make_unique<Hash>(std::move(pack));
  if (elements / 2 > limits.hash_max_listpack_entries || survey.longest > limits.hash_max_listpack_value) hash->Convert();
  return hash;
}

size_t Hash::MemoryBytes() const {
  return sizeof *this + pack_.MemoryBytes() + (table_ == nullptr ? 0 : table_->MemoryBytes());
}

std::unique_ptr<Object> Hash::Clone() const {
  auto copy = std::make_unique<Hash>();
  copy->pack_ = pack_.Clone();
  if (table_ != nullptr) copy->table_ = std::make_unique<PackedTable>(*table_);
  return copy;
}

Hash::~Hash() { TellGone(*this); }

Watches* Hash::watches() const { return table_ == nullptr ? nullptr : &table_->watches(); }

bool Hash::FreeStep(size_t leaves) { return table_ == nullptr || table_->FreeStep(leaves); }

std::optional<std::string_view> Hash::Get(std::string_view field, char* buffer) const {
  if (table_ != nullptr) return table_->Find(field);
  const auto at = pack_.Find(field, pack_.First(), 1);
  if (at == Listpack::kEnd) return std::nullopt;
  return pack_.Get(pack_.Next(at)).Text(buffer);
}

bool Hash::Contains(std::string_view field) const {
  return table_ != nullptr ? table_->Contains(field) : pack_.Find(field, pack_.First(), 1) != Listpack::kEnd;
}

bool Hash::Set(std::string_view field, std::string_view value, const Limits& limits) {
  if (table_ == nullptr) {
    if (field.size() > limits.hash_max_listpack_value || value.size() > limits.hash_max_listpack_value) Convert();
  }
  if (table_ != nullptr) return table_->Set(field, value);
  const auto at = pack_.Find(field, pack_.First(), 1);
  if (at != Listpack::kEnd) {
    pack_.Replace(pack_.Next(at), value);
    return false;
  }
  pack_.Append(field);
  pack_.Append(value);
  if (size() > limits.hash_max_listpack_entries) Convert();
  return true;
}

bool Hash::Erase(std::string_view field) {
  if (table_ != nullptr) return table_->Erase(field);
  const auto at = pack_.Find(field, pack_.First(), 1);
  if (at == Listpack::kEnd) return false;
  pack_.Erase(at, 2);
  return true;
}

void Hash::Convert() {
  if (table_ != nullptr) return;
  auto table = std::make_unique<PackedTable>(true);
  ForEach([&table](std::string_view field, std::string_view value) { table->Set(field, value); });
  pack_.Clear();
  table_ = std::move(table);
}

void Hash::ForEach(const Visitor& f) const {
  if (table_ != nullptr) return table_->ForEach([&f](PackedTable::Element e) { f(e.key, e.value); });
  char field[kMaxIntegerDigits];
  char value[kMaxIntegerDigits];
  for (auto at = pack_.First(); at != Listpack::kEnd; at = pack_.Next(at)) {
    const auto field_at = at;
    at = pack_.Next(at);
    f(pack_.Get(field_at).Text(field), pack_.Get(at).Text(value));
  }
}

uint64_t Hash::Scan(uint64_t cursor, const Visitor& f) const {
  if (table_ != nullptr) return table_->Scan(cursor, [&f](PackedTable::Element e) { f(e.key, e.value); });
  ForEach(f);
  return 0;
}

void Hash::Random(const std::function<uint64_t()>& random, const Visitor& f) const {
  if (table_ != nullptr) {
    const PackedTable::Element e = table_->Random(random);
    return f(e.key, e.value);
  }
  const auto at = pack_.Seek(static_cast<int64_t>(random() % size() * 2));
  char field[kMaxIntegerDigits];
  char value[kMaxIntegerDigits];
  f(pack_.Get(at).Text(field), pack_.Get(pack_.Next(at)).Text(value));
}

}  // namespace windlass::types
