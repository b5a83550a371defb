// See sort_pattern.h.
#include "node/commands/sort_pattern.h"

#include "node/commands/containers.h"
#include "node/types/hash.h"
#include "node/types/number.h"

namespace windlass::commands {

SortPattern::SortPattern(std::string_view text) : is_element_(text == "#") {
  const size_t star = text.find('*');
  has_star_ = star != std::string_view::npos;
  if (!has_star_) return;
  prefix_ = text.substr(0, star);
  suffix_ = text.substr(star + 1);
  const size_t arrow = suffix_.find("->");
  if (arrow == std::string_view::npos || arrow + 2 == suffix_.size()) return;
  field_ = suffix_.substr(arrow + 2);
  suffix_ = suffix_.substr(0, arrow);
}

std::optional<std::string_view> SortPattern::Lookup(Call& call, std::string_view element) {
  static_assert(sizeof(digits_) >= types::kMaxIntegerDigits);
  if (is_element_) return element;
  if (!has_star_) return std::nullopt;
  key_.assign(prefix_).append(element).append(suffix_);
  const keyspace::Entry* entry = call.db.FindRead(call.slot, key_, call.now_ms, !call.client.Has(client::kNoTouch));
  if (entry == nullptr) return std::nullopt;
  if (field_.empty()) {
    if (entry->type() != types::Type::kString) return std::nullopt;
    return entry->Text(digits_);
  }
  if (entry->type() != types::Type::kHash) return std::nullopt;
  return static_cast<const types::Hash*>(entry->object())->Get(field_, digits_);
}

}  // namespace windlass::commands
