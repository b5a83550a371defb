// See denial_log.h.
#include "node/acl/denial_log.h"

#include <algorithm>
#include <utility>

namespace windlass::acl {
namespace {

constexpr int64_t kGroupingMs = 60'000;
constexpr size_t kLookedAt = 10;  // how far back a repetition is looked for

}  // namespace

void DenialLog::Add(DenialEntry entry, size_t max_entries) {
  const size_t looked_at = std::min(kLookedAt, entries_.size());
  for (size_t i = 0; i < looked_at; ++i) {
    DenialEntry& known = entries_[i];
    const bool same = known.denial == entry.denial && known.context == entry.context &&
                      entry.created_ms - known.updated_ms <= kGroupingMs && known.object == entry.object &&
                      known.user == entry.user;
    if (!same) continue;
    DenialEntry renewed = std::move(known);
    ++renewed.count;
    renewed.updated_ms = entry.created_ms;
    renewed.client_info = std::move(entry.client_info);
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(i));
    entries_.push_front(std::move(renewed));
    return;
  }
  entry.id = next_id_++;
  entry.updated_ms = entry.created_ms;
  entries_.push_front(std::move(entry));
  Trim(max_entries);
}

void DenialLog::Trim(size_t max_entries) {
  if (entries_.size() > max_entries) entries_.resize(max_entries);
}

std::string_view NameOf(Denial denial) {
  switch (denial) {
    case Denial::kKey: return "key";
    case Denial::kAuth: return "auth";
    case Denial::kChannel: return "channel";
    default: return "command";
  }
}

std::string_view NameOf(DenialContext context) {
  switch (context) {
    case DenialContext::kMulti: return "multi";
    case DenialContext::kLua: return "lua";
    case DenialContext::kModule: return "module";
    default: return "toplevel";
  }
}

}  // namespace windlass::acl
