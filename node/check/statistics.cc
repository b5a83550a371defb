// See statistics.h.
#include "node/check/statistics.h"

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "node/slot/slot.h"
#include "node/types/hash.h"
#include "node/types/list.h"
#include "node/types/set.h"
#include "node/types/stream.h"
#include "node/types/zset.h"

namespace windlass::check {
namespace {

constexpr size_t kMostPrefixes = 100000;  // beyond that they are counted together
constexpr uint64_t kEntryBytes = 16;      // what stands beside key and value in an entry
constexpr size_t kShownKeyBytes = 60;
constexpr size_t kShownSlots = 5;
constexpr size_t kShownCommands = 15;

uint64_t ElementsOf(const types::Object& object) {
  switch (object.type()) {
    case types::Type::kList: return static_cast<const types::List&>(object).size();
    case types::Type::kSet: return static_cast<const types::Set&>(object).size();
    case types::Type::kSortedSet: return static_cast<const types::Zset&>(object).size();
    case types::Type::kHash: return static_cast<const types::Hash&>(object).size();
    case types::Type::kStream: return static_cast<const types::Stream&>(object).size();
    default: return 0;
  }
}

std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kShownKeyBytes)) out.push_back(std::isprint(static_cast<unsigned char>(c)) != 0 ? c : '?');
  return text.size() > kShownKeyBytes ? out + "..." : out;
}

std::string Bytes(uint64_t bytes) {
  char text[32];
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  int unit = 0;
  for (; value >= 1024 && unit < 4; ++unit) value /= 1024;
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, kUnits[unit]);
  return text;
}

std::string Line(std::string_view name, const Tally& tally) {
  char text[160];
  std::snprintf(text, sizeof text, "  %-34s %12llu keys %12s\n", std::string(name).c_str(),
                static_cast<unsigned long long>(tally.keys), Bytes(tally.bytes).c_str());
  return text;
}

// The `count` of most bytes, in descending order.
template <typename Key>
std::vector<std::pair<Key, Tally>> Largest(const std::map<Key, Tally>& all, size_t count) {
  std::vector<std::pair<Key, Tally>> sorted(all.begin(), all.end());
  const size_t kept = std::min(count, sorted.size());
  std::partial_sort(sorted.begin(), sorted.begin() + static_cast<std::ptrdiff_t>(kept), sorted.end(),
                    [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  sorted.resize(kept);
  return sorted;
}

}  // namespace

base::Result<void> Statistics::OnVersion(int version) {
  version_ = version;
  return {};
}

base::Result<void> Statistics::OnAux(std::string_view name, std::string_view value) {
  if (tell_) tell_("AUX FIELD " + std::string(name) + " = '" + std::string(value) + "'");
  aux_.emplace_back(name, value);
  constexpr size_t kMostAux = 64;  // of cluster mode there is one a slot
  if (aux_.size() > kMostAux) aux_.pop_back();
  return {};
}

base::Result<void> Statistics::OnSelectDb(int db) {
  if (tell_) tell_("Selecting DB ID " + std::to_string(db));
  return {};
}

base::Result<void> Statistics::OnFunction(std::string_view code) {
  ++functions_;
  return {};
}

base::Result<void> Statistics::OnEntry(persistence::RdbEntry entry) {
  uint64_t bytes = kEntryBytes + entry.key.size();
  std::string type = "string";
  uint64_t elements = 0;
  std::string encoding;
  if (entry.object != nullptr) {
    bytes += entry.object->MemoryBytes();
    type = types::TypeName(entry.object->type());
    encoding = types::EncodingName(entry.object->encoding());
    elements = ElementsOf(*entry.object);
  } else {
    bytes += entry.string.size();
  }
  total_.Add(bytes);
  by_type_[encoding.empty() ? type : type + " (" + encoding + ")"].Add(bytes);
  by_db_[entry.db].Add(bytes);
  by_slot_[slot::KeySlot(entry.key)].Add(bytes);
  const size_t end = options_.separator.empty() ? std::string::npos : entry.key.find(options_.separator);
  std::string prefix = end == std::string::npos ? "(no prefix)" : Printable(entry.key.substr(0, end + options_.separator.size()));
  if (by_prefix_.size() >= kMostPrefixes && by_prefix_.count(prefix) == 0) prefix = "(others)";
  by_prefix_[prefix].Add(bytes);
  if (entry.expire_at_ms >= 0) {
    ++expires_;
    if (entry.expire_at_ms < options_.now_ms) ++expired_;
  }
  if (biggest_.size() < options_.biggest || (!biggest_.empty() && bytes > biggest_.back().bytes)) {
    NoteBig({bytes, std::move(entry.key), type, entry.db, elements});
  }
  return {};
}

void Statistics::NoteBig(BigKey big) {
  const auto place = std::upper_bound(biggest_.begin(), biggest_.end(), big,
                                      [](const BigKey& a, const BigKey& b) { return a.bytes > b.bytes; });
  biggest_.insert(place, std::move(big));
  if (biggest_.size() > options_.biggest) biggest_.pop_back();
}

base::Result<void> Statistics::OnCommand(int db, std::span<const std::string_view> argv) {
  std::string name(argv[0].substr(0, 32));
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  ++commands_[Printable(name)];
  return {};
}

std::string Statistics::Report() const {
  std::string out;
  const auto heading = [&out](std::string_view text) { out += "\n" + std::string(text) + "\n"; };
  if (version_ > 0) {
    out += "RDB version " + std::to_string(version_);
    for (const auto& [name, value] : aux_) {
      if (name == "redis-ver" || name == "valkey-ver") out += ", written by " + name.substr(0, name.find('-')) + " " + value;
    }
    out += "\n" + std::to_string(total_.keys) + " keys, " + Bytes(total_.bytes) + " in memory, " + std::to_string(expires_) +
           " with an expiry (" + std::to_string(expired_) + " of them past it), " + std::to_string(functions_) +
           " function libraries\n";
  }
  if (total_.keys > 0) {
    heading("By type:");
    for (const auto& [name, tally] : Largest(by_type_, by_type_.size())) out += Line(name, tally);
    if (by_db_.size() > 1) {
      heading("By database:");
      for (const auto& [db, tally] : by_db_) out += Line(std::to_string(db), tally);
    }
    heading("By prefix (up to the first \"" + options_.separator + "\"):");
    for (const auto& [name, tally] : Largest(by_prefix_, options_.prefixes)) out += Line(name, tally);
    if (by_prefix_.size() > options_.prefixes) out += "  ... and " + std::to_string(by_prefix_.size() - options_.prefixes) + " more\n";
    heading("Slots: " + std::to_string(by_slot_.size()) + " of 16384 hold keys; the largest:");
    for (const auto& [slot, tally] : Largest(by_slot_, kShownSlots)) out += Line(std::to_string(slot), tally);
    heading("Biggest keys:");
    for (const BigKey& big : biggest_) {
      out += "  " + Bytes(big.bytes) + "  " + big.type;
      if (big.elements > 0) out += " of " + std::to_string(big.elements);
      out += "  " + Printable(big.key) + (big.db != 0 ? "  in database " + std::to_string(big.db) : "") + "\n";
    }
  }
  if (!commands_.empty()) {
    heading("Commands logged after the base:");
    std::vector<std::pair<uint64_t, std::string>> sorted;
    for (const auto& [name, count] : commands_) sorted.emplace_back(count, name);
    std::sort(sorted.rbegin(), sorted.rend());
    if (sorted.size() > kShownCommands) sorted.resize(kShownCommands);
    for (const auto& [count, name] : sorted) out += "  " + name + "  " + std::to_string(count) + "\n";
  }
  return out;
}

}  // namespace windlass::check
