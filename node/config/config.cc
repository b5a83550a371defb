// The settings. See config.h.
#include "node/config/config.h"

#include <glob.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "node/base/glob.h"
#include "node/base/letter_case.h"
#include "node/base/quoted_words.h"
#include "node/config/checks.h"
#include "node/config/rewriter.h"
#include "node/config/value_parser.h"

namespace windlass::config {
namespace {

constexpr int kMaxIncludeDepth = 16;
constexpr std::string_view kClassNames[] = {"normal", "slave", "pubsub"};

std::string Join(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// As a file has them: taken apart again, the same words.
std::string JoinQuoted(std::span<const std::string> words) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += ' ';
    text += QuoteWord(word);
  }
  return text;
}

// Once directives; old files with them still load.
bool IsRetired(std::string_view name) {
  return name == "list-max-ziplist-entries" || name == "list-max-ziplist-value" || name == "lua-replicate-commands";
}

bool ParseCount(const std::string& text, int64_t* value) {
  char* end = nullptr;
  *value = std::strtoll(text.c_str(), &end, 10);
  return !text.empty() && *end == '\0';
}

}  // namespace

struct Config::Slot {
  const Directive* directive;
  int64_t number = 0;
  std::string text;
  std::vector<std::string> list;
  OnChange on_change;
  LineCheck line_check;
  LineSource line_source;
  bool told = false;  // a line of a file or of the command line was about it
};

// The values that a failed SET puts back.
struct Config::Snapshot {
  struct Value {
    Slot* slot;
    int64_t number;
    std::string text;
    std::vector<std::string> list;
  };
  std::vector<Value> values;
  OutputLimit output_limits[3];
  std::vector<SavePoint> save_points;
};

Config::Config() {
  for (const Directive& directive : Directives()) {
    auto slot = std::make_unique<Slot>();
    slot->directive = &directive;
    by_name_.emplace(directive.name, slot.get());
    if (!directive.alias.empty()) by_name_.emplace(directive.alias, slot.get());
    slots_.push_back(std::move(slot));
  }
  for (const auto& slot : slots_) {
    std::vector<std::string> words;
    base::SplitQuoted(slot->directive->initial, &words);
    const Type type = slot->directive->type;
    if (type == Type::kText || type == Type::kEvents) words.assign(1, std::string(slot->directive->initial));
    if (type == Type::kLines || (type == Type::kList && words.empty())) continue;
    if (const auto assigned = Assign(*slot, words); !assigned) {
      std::fprintf(stderr, "directive %s: %s\n", std::string(slot->directive->name).c_str(),
                   assigned.error().c_str());
      std::abort();  // the table contradicts itself
    }
  }
}

Config::~Config() = default;

Config::Slot* Config::FindSlot(std::string_view name) const {
  const auto it = by_name_.find(base::Lower(name));
  return it == by_name_.end() ? nullptr : it->second;
}

const Config::Slot& Config::Must(std::string_view name) const {
  const Slot* slot = FindSlot(name);
  if (slot == nullptr) {
    std::fprintf(stderr, "no such directive: %.*s\n", static_cast<int>(name.size()), name.data());
    std::abort();
  }
  return *slot;
}

const int64_t& Config::Int(std::string_view name) const { return Must(name).number; }
const std::string& Config::Text(std::string_view name) const { return Must(name).text; }
const std::vector<std::string>& Config::List(std::string_view name) const { return Must(name).list; }

// --- assigning

base::Result<void> Config::AssignOutputLimits(std::span<const std::string> words) {
  if (words.size() == 1 && words[0].empty()) return {};  // nothing to change
  if (words.empty() || words.size() % 4 != 0) {
    return base::Error{"Wrong number of arguments in buffer limit configuration."};
  }
  OutputLimit limits[3] = {output_limits_[0], output_limits_[1], output_limits_[2]};
  for (size_t i = 0; i < words.size(); i += 4) {
    const std::string name = base::Lower(words[i]);
    int which = -1;
    for (int c = 0; c < 3; ++c) {
      if (kClassNames[c] == name) which = c;
    }
    if (name == "replica") which = 1;
    if (which < 0) return base::Error{"Invalid client class specified in buffer limit configuration."};
    OutputLimit limit;
    if (!ParseMemory(words[i + 1], &limit.hard_bytes) || !ParseMemory(words[i + 2], &limit.soft_bytes) ||
        !ParseCount(words[i + 3], &limit.soft_seconds) ||
        std::min({limit.hard_bytes, limit.soft_bytes, limit.soft_seconds}) < 0) {
      return base::Error{"Error in hard, soft or soft_seconds setting in buffer limit configuration."};
    }
    limits[which] = limit;
  }
  for (int c = 0; c < 3; ++c) output_limits_[c] = limits[c];
  return {};
}

base::Result<void> Config::AssignSave(std::span<const std::string> words, bool append) {
  std::vector<SavePoint> points;
  const bool clear = words.size() == 1 && words[0].empty();
  if (!clear) {
    if (words.empty() || words.size() % 2 != 0) return base::Error{"Invalid save parameters"};
    for (size_t i = 0; i < words.size(); i += 2) {
      SavePoint point;
      if (!ParseCount(words[i], &point.seconds) || !ParseCount(words[i + 1], &point.changes) ||
          point.seconds < 1 || point.changes < 0) {
        return base::Error{"Invalid save parameters"};
      }
      points.push_back(point);
    }
  }
  if (!append || clear) save_points_.clear();
  save_points_.insert(save_points_.end(), points.begin(), points.end());
  return {};
}

base::Result<void> Config::Assign(Slot& slot, std::span<const std::string> given) {
  const Directive& directive = *slot.directive;
  std::vector<std::string> words(given.begin(), given.end());
  if (const auto checked = CheckWords(directive, &words); !checked) return checked;
  if (slot.line_check) {
    if (const auto checked = slot.line_check(words); !checked) return checked;
  }
  switch (directive.type) {
    case Type::kOutputLimits: return AssignOutputLimits(words);
    case Type::kSave: return AssignSave(words, false);
    case Type::kLines: slot.list.push_back(JoinQuoted(words)); return {};
    case Type::kList:
      slot.list.assign(words.begin(), words.end());
      if (slot.list.size() == 1 && slot.list[0].empty()) slot.list.clear();
      slot.text = Join(slot.list);
      return {};
    case Type::kText: slot.text = words[0]; return {};
    case Type::kEvents:
      if (!ParseEventLetters(words[0], &slot.number)) {
        return base::Error{"Invalid event class character. Use 'Ag$lshzxeKEtmdn'."};
      }
      slot.text = EventLetters(slot.number);
      return {};
    default: {
      const auto number = ParseNumber(directive, words);
      if (!number) return base::Error{number.error()};
      slot.number = Settled(directive, *number);
      return {};
    }
  }
}

// --- loading

base::Result<void> Config::ApplyLine(const std::vector<std::string>& words, LoadResult* nested) {
  Slot* slot = FindSlot(words[0]);
  if (slot == nullptr && words.size() == 2 && IsRetired(base::Lower(words[0]))) return {};
  if (slot == nullptr) return base::Error{"Bad directive or wrong number of arguments"};
  const Directive& directive = *slot->directive;
  if (loading_kept_ && slot->told) return {};
  if (!loading_kept_) slot->told = true;
  std::span<const std::string> values(words.data() + 1, words.size() - 1);
  // Several values may come as one quoted word: --save "900 1".
  std::vector<std::string> split;
  const bool splits = directive.type == Type::kList || directive.type == Type::kEnumSet ||
                      directive.type == Type::kSave || directive.type == Type::kOutputLimits;
  if (splits && values.size() == 1 && values[0].find(' ') != std::string::npos &&
      base::SplitQuoted(values[0], &split) && !split.empty()) {
    values = split;
  }
  if (directive.type == Type::kLines && values.empty()) {
    return base::Error{"Bad directive or wrong number of arguments"};
  }
  if (directive.name == "include") {
    *nested = Include(values[0]);
    return {};
  }
  const bool many = splits || directive.type == Type::kLines;
  if (values.empty() || (!many && values.size() != 1)) return base::Error{"wrong number of arguments"};
  if (directive.name == "replicaof" && values.size() != 2) return base::Error{"wrong number of arguments"};
  if (directive.type == Type::kSave) {
    const bool first = !save_seen_;
    save_seen_ = true;
    return AssignSave(values, !first);
  }
  if (directive.name == "replicaof" && base::Lower(values[0]) == "no" && base::Lower(values[1]) == "one") {
    const std::string none;
    return Assign(*slot, std::span(&none, 1));
  }
  if (directive.name == "dir") {
    if (chdir(values[0].c_str()) != 0) return base::Error{std::string(std::strerror(errno))};
  }
  return Assign(*slot, values);
}

Config::LoadResult Config::LoadLines(std::string_view text) {
  int number = 0;
  while (!text.empty()) {
    ++number;
    const size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
    while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
    if (line.empty() || line[0] == '#') continue;
    std::vector<std::string> words;
    if (!base::SplitQuoted(line, &words)) {
      return {false, {number, std::string(line), "Unbalanced quotes in configuration line"}};
    }
    if (words.empty()) continue;
    LoadResult nested;
    const auto applied = ApplyLine(words, &nested);
    if (!applied) return {false, {number, std::string(line), applied.error()}};
    if (!nested.ok) return nested;
  }
  return {};
}

Config::LoadResult Config::Include(const std::string& pattern) {
  if (pattern.find_first_of("*?[") == std::string::npos) return LoadFile(pattern);
  glob_t found{};
  LoadResult result;
  if (glob(pattern.c_str(), 0, nullptr, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc && result.ok; ++i) result = LoadFile(found.gl_pathv[i]);
  }
  globfree(&found);
  return result;
}

Config::LoadResult Config::LoadText(std::string_view text) { return LoadLines(text); }

Config::LoadResult Config::LoadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {false, {0, path, std::string(std::strerror(errno))}};
  if (std::filesystem::is_directory(path)) return {false, {0, path, std::string(std::strerror(EISDIR))}};
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (++include_depth_ > kMaxIncludeDepth) return {false, {0, path, "too many nested includes"}};
  LoadResult result = LoadLines(text);
  --include_depth_;
  return result;
}

Config::LoadResult Config::LoadKept(const std::string& path) {
  kept_path_ = path;
  for (const Directive& directive : Directives()) given_[std::string(directive.name)] = LinesOf(directive.name);
  if (access(path.c_str(), F_OK) != 0) return {};
  BeginOverrides();
  loading_kept_ = true;
  LoadResult result = LoadFile(path);
  loading_kept_ = false;
  return result;
}

// --- CONFIG GET

std::string Config::Print(const Slot& slot) const {
  switch (slot.directive->type) {
    case Type::kText:
    case Type::kList:
    case Type::kEvents:
      if (slot.directive->name == "dir") {
        char cwd[PATH_MAX];
        if (getcwd(cwd, sizeof cwd) != nullptr) return cwd;
      }
      return slot.text;
    case Type::kLines: return "";
    case Type::kSave: {
      std::string text;
      for (const SavePoint& point : save_points_) {
        if (!text.empty()) text += ' ';
        text += std::to_string(point.seconds) + ' ' + std::to_string(point.changes);
      }
      return text;
    }
    case Type::kOutputLimits: {
      std::string text;
      for (int c = 0; c < 3; ++c) {
        if (c > 0) text += ' ';
        text += std::string(kClassNames[c]) + ' ' + std::to_string(output_limits_[c].hard_bytes) + ' ' +
                std::to_string(output_limits_[c].soft_bytes) + ' ' +
                std::to_string(output_limits_[c].soft_seconds);
      }
      return text;
    }
    default: return PrintNumber(*slot.directive, slot.number);
  }
}

std::string Config::ValueOf(std::string_view name) const {
  const Slot* slot = FindSlot(name);
  return slot == nullptr ? std::string() : Print(*slot);
}

Config::Pairs Config::Get(std::span<const std::string_view> patterns) const {
  Pairs pairs;
  for (const auto& [name, slot] : by_name_) {
    if (slot->directive->type == Type::kLines) continue;
    for (const std::string_view pattern : patterns) {
      const bool exact_only = (slot->directive->flags & kHidden) != 0;
      if (exact_only ? base::Lower(pattern) != name : !base::GlobMatch(base::Lower(pattern), name)) continue;
      pairs.emplace_back(name, Print(*slot));
      break;
    }
  }
  return pairs;
}

// --- CONFIG SET

base::Result<std::vector<std::string>> Config::WordsOf(const Slot& slot, std::string_view value) const {
  std::vector<std::string> words;
  const Type type = slot.directive->type;
  const bool many = type == Type::kList || type == Type::kEnumSet || type == Type::kSave || type == Type::kOutputLimits;
  if (!many) {
    words.emplace_back(value);
    return words;
  }
  if (!base::SplitQuoted(value, &words)) return base::Error{"Unbalanced quotes"};
  if (words.empty()) words.emplace_back();
  return words;
}

base::Result<void> Config::CheckSettable(const Slot& slot) const {
  if ((slot.directive->flags & kImmutable) != 0) return base::Error{"can't set immutable config"};
  if ((slot.directive->flags & kProtected) != 0 && Int("enable-protected-configs") == 0) {
    return base::Error{"can't set protected config"};
  }
  return {};
}

void Config::Restore(const Snapshot& snapshot) {
  for (const Snapshot::Value& value : snapshot.values) {
    value.slot->number = value.number;
    value.slot->text = value.text;
    value.slot->list = value.list;
  }
  for (int c = 0; c < 3; ++c) output_limits_[c] = snapshot.output_limits[c];
  save_points_ = snapshot.save_points;
}

base::Result<void> Config::Set(std::span<const std::pair<std::string_view, std::string_view>> pairs) {
  Snapshot snapshot;
  for (int c = 0; c < 3; ++c) snapshot.output_limits[c] = output_limits_[c];
  snapshot.save_points = save_points_;
  const auto fail = [](std::string_view name, const std::string& why) {
    return base::Error{"CONFIG SET failed (possibly related to argument '" + std::string(name) + "') - " + why};
  };
  // Every name is checked before the first value is looked at.
  std::vector<Slot*> slots;
  for (const auto& [name, value] : pairs) {
    Slot* slot = FindSlot(name);
    if (slot == nullptr || slot->directive->type == Type::kLines) {
      return base::Error{"Unknown option or number of arguments for CONFIG SET - '" + std::string(name) + "'"};
    }
    if (const auto settable = CheckSettable(*slot); !settable) return fail(name, settable.error());
    // The same name twice is a mistake; a name and its alias are not, and the later wins.
    for (const auto& earlier : pairs.first(slots.size())) {
      if (base::Lower(earlier.first) == base::Lower(name)) return fail(name, "duplicate parameter");
    }
    slots.push_back(slot);
    snapshot.values.push_back({slot, slot->number, slot->text, slot->list});
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    auto words = WordsOf(*slots[i], pairs[i].second);
    const auto assigned = words ? Assign(*slots[i], *words) : base::Result<void>(base::Error{words.error()});
    if (!assigned) {
      Restore(snapshot);
      return fail(pairs[i].first, assigned.error());
    }
  }
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (!slots[i]->on_change) continue;
    const auto applied = slots[i]->on_change();
    if (applied) continue;
    Restore(snapshot);
    // What was applied before is applied again with the earlier values.
    for (size_t j = 0; j < i; ++j) {
      if (slots[j]->on_change) (void)slots[j]->on_change().ok();
    }
    return fail(pairs[i].first, applied.error());
  }
  return {};
}

base::Result<void> Config::Store(std::string_view name, std::string_view value) {
  Slot* slot = FindSlot(name);
  if (slot == nullptr) return base::Error{"no such directive"};
  const auto words = WordsOf(*slot, value);
  if (!words) return base::Error{words.error()};
  return Assign(*slot, *words);
}

void Config::SetOnChange(std::string_view name, OnChange hook) {
  const_cast<Slot&>(Must(name)).on_change = std::move(hook);
}

void Config::SetLineCheck(std::string_view name, LineCheck check) {
  const_cast<Slot&>(Must(name)).line_check = std::move(check);
}

void Config::SetLineSource(std::string_view name, LineSource source) {
  const_cast<Slot&>(Must(name)).line_source = std::move(source);
}

// --- CONFIG REWRITE

namespace {

// As people write it: in the largest unit that divides it.
std::string MemoryWord(int64_t bytes) {
  constexpr int64_t kKb = 1024;
  if (bytes <= 0 || bytes % kKb != 0) return std::to_string(bytes);
  if (bytes % (kKb * kKb) != 0) return std::to_string(bytes / kKb) + "kb";
  if (bytes % (kKb * kKb * kKb) != 0) return std::to_string(bytes / (kKb * kKb)) + "mb";
  return std::to_string(bytes / (kKb * kKb * kKb)) + "gb";
}

}  // namespace

std::vector<std::string> Config::LinesOf(std::string_view name) const {
  const Slot& slot = Must(name);
  const std::string head = std::string(slot.directive->name) + ' ';
  std::vector<std::string> lines;
  switch (slot.directive->type) {
    case Type::kLines:
      for (const std::string& entry : slot.line_source ? slot.line_source() : slot.list) lines.push_back(head + entry);
      break;
    case Type::kSave:
      for (const SavePoint& point : save_points_) {
        lines.push_back(head + std::to_string(point.seconds) + ' ' + std::to_string(point.changes));
      }
      if (lines.empty()) lines.push_back(head + "\"\"");
      break;
    case Type::kOutputLimits:
      for (int c = 0; c < 3; ++c) {
        const OutputLimit& limit = output_limits_[c];
        lines.push_back(head + std::string(c == 1 ? "replica" : kClassNames[c]) + ' ' +
                        std::to_string(limit.hard_bytes) + ' ' + std::to_string(limit.soft_bytes) + ' ' +
                        std::to_string(limit.soft_seconds));
      }
      break;
    case Type::kList:
      if (slot.text.empty() && (slot.directive->flags & kEmptyIsUnset) != 0) break;
      lines.push_back(head + (slot.list.empty() ? "\"\"" : JoinQuoted(slot.list)));
      break;
    case Type::kText:
    case Type::kEvents: {
      const std::string value = Print(slot);
      if (value.empty() && (slot.directive->flags & kEmptyIsUnset) != 0) break;
      lines.push_back(head + QuoteWord(value));
      break;
    }
    case Type::kMemory: lines.push_back(head + MemoryWord(Int(name))); break;
    case Type::kPercentMemory: {
      const int64_t bytes = Int(name);
      lines.push_back(head + (bytes < 0 ? Print(slot) : MemoryWord(bytes)));
      break;
    }
    default: lines.push_back(head + Print(slot));
  }
  return lines;
}

bool Config::IsInitial(std::string_view name, const Config& fresh) const {
  const Slot& slot = Must(name);
  if (slot.directive->name == "dir") return false;
  if (slot.directive->type == Type::kLines) return LinesOf(name).empty();
  return fresh.Print(fresh.Must(name)) == Print(slot);
}

bool Config::NeedsKeeping(std::string_view name) const {
  const auto given = given_.find(name);
  return !Must(name).told && (given == given_.end() || given->second != LinesOf(name));
}

base::Result<void> Config::Rewrite() {
  return kept_path_.empty() ? RewriteFile(*this, file_path_, Rewritten::kChanged) : WriteKept(*this, kept_path_);
}

}  // namespace windlass::config
