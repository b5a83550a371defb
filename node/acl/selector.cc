// See selector.h.
#include "node/acl/selector.h"

#include <algorithm>
#include <cctype>

#include "node/acl/words.h"
#include "node/base/glob.h"
#include "node/base/letter_case.h"

namespace windlass::acl {
namespace {

constexpr std::string_view kSyntax = "Syntax error";
constexpr std::string_view kAfterAllKeys =
    "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try "
    "'resetkeys' to start with an empty list of patterns";
constexpr std::string_view kAfterAllChannels =
    "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try "
    "'resetchannels' to start with an empty list of channels";
constexpr std::string_view kFirstOfSub = "Allowing first-arg of a subcommand is not supported";

base::Error Fail(std::string_view text) { return base::Error{std::string(text)}; }

}  // namespace

// --- rules

base::Result<void> Selector::Apply(const Catalog& catalog, std::string_view rule) {
  if (base::EqualsNoCase(rule, "allkeys") || rule == "~*") {
    all_keys_ = true;
    keys_.clear();
  } else if (base::EqualsNoCase(rule, "resetkeys")) {
    all_keys_ = false;
    keys_.clear();
  } else if (base::EqualsNoCase(rule, "allchannels") || rule == "&*") {
    all_channels_ = true;
    channels_.clear();
  } else if (base::EqualsNoCase(rule, "resetchannels")) {
    all_channels_ = false;
    channels_.clear();
  } else if (base::EqualsNoCase(rule, "allcommands") || base::EqualsNoCase(rule, "+@all")) {
    SetAll(true);
  } else if (base::EqualsNoCase(rule, "nocommands") || base::EqualsNoCase(rule, "-@all")) {
    SetAll(false);
  } else if (rule.empty()) {
    return Fail(kSyntax);
  } else if (rule[0] == '~' || rule[0] == '%') {
    return ApplyKeyRule(rule);
  } else if (rule[0] == '&') {
    return AddChannel(rule.substr(1));
  } else if (rule.size() > 1 && (rule[0] == '+' || rule[0] == '-') && rule[1] == '@') {
    return ApplyCategory(catalog, rule.substr(2), rule[0] == '+');
  } else if (rule[0] == '+') {
    return Allow(catalog, rule.substr(1));
  } else if (rule[0] == '-') {
    return Forbid(catalog, rule.substr(1));
  } else {
    return Fail(kSyntax);
  }
  return {};
}

base::Result<void> Selector::ApplyKeyRule(std::string_view rule) {
  if (all_keys_) return Fail(kAfterAllKeys);
  uint8_t permissions = 0;
  size_t at = 1;
  if (rule[0] == '~') {
    permissions = kRead | kWrite;
  } else {
    for (; at < rule.size() && rule[at] != '~'; ++at) {
      const char letter = static_cast<char>(std::toupper(static_cast<unsigned char>(rule[at])));
      const uint8_t bit = letter == 'R' ? kRead : letter == 'W' ? kWrite : 0;
      if (bit == 0 || (permissions & bit) != 0) return Fail(kSyntax);
      permissions |= bit;
    }
    if (permissions == 0) return Fail(kSyntax);
    at = std::min(at + 1, rule.size());  // without a ~ the pattern is empty, as in Redis
  }
  return AddKeyPattern(rule.substr(at), permissions);
}

base::Result<void> Selector::AddKeyPattern(std::string_view pattern, uint8_t permissions) {
  if (HasBlank(pattern)) return Fail(kSyntax);
  if (pattern == "*" && permissions == (kRead | kWrite)) {
    all_keys_ = true;
    keys_.clear();
    return {};
  }
  for (KeyPattern& known : keys_) {
    if (known.pattern != pattern) continue;
    known.permissions |= permissions;
    return {};
  }
  keys_.push_back({std::string(pattern), permissions});
  return {};
}

base::Result<void> Selector::AddChannel(std::string_view pattern) {
  if (all_channels_) return Fail(kAfterAllChannels);
  if (HasBlank(pattern)) return Fail(kSyntax);
  if (std::find(channels_.begin(), channels_.end(), pattern) == channels_.end()) channels_.emplace_back(pattern);
  return {};
}

void Selector::SetAll(bool allow) {
  all_commands_ = base_allows_ = allow;
  allowed_.clear();
  first_arguments_.clear();
  rules_.clear();
}

void Selector::SetBit(int id, bool allow) {
  if (static_cast<size_t>(id) >= allowed_.size()) allowed_.resize(static_cast<size_t>(id) + 1, base_allows_);
  allowed_[static_cast<size_t>(id)] = allow;
  if (!allow) all_commands_ = false;
  first_arguments_.erase(id);
}

void Selector::Set(const Catalog& catalog, int id, bool allow) {
  SetBit(id, allow);
  for (const int sub : catalog.SubcommandsOf(id)) SetBit(sub, allow);
}

// A rule takes the place of earlier ones about the same, or about a part of it.
void Selector::Remember(std::string_view rule, bool allow) {
  const std::string lower = base::Lower(rule);
  const auto is_covered = [&lower](const std::string& known) {
    const std::string_view name = std::string_view(known).substr(1);
    return name.substr(0, lower.size()) == lower && (name.size() == lower.size() || name[lower.size()] == '|');
  };
  rules_.erase(std::remove_if(rules_.begin(), rules_.end(), is_covered), rules_.end());
  rules_.push_back((allow ? '+' : '-') + lower);
}

base::Result<void> Selector::Allow(const Catalog& catalog, std::string_view command) {
  const size_t bar = command.rfind('|');
  if (bar == std::string_view::npos) {
    const auto id = catalog.Find(command);
    if (!id) return Fail(kUnknownName);
    Set(catalog, *id, true);
    Remember(command, true);
    return {};
  }
  const auto container = catalog.Find(command.substr(0, bar));
  if (!container) return Fail(kUnknownName);
  if (catalog.IsSubcommand(*container)) return Fail(kFirstOfSub);
  const std::string_view sub = command.substr(bar + 1);
  if (sub.empty()) return Fail(kSyntax);
  if (catalog.IsContainer(*container)) {
    const auto id = catalog.Find(command);
    if (!id) return Fail(kUnknownName);
    SetBit(*id, true);
  } else {
    std::vector<std::string>& known = first_arguments_[*container];
    if (std::find(known.begin(), known.end(), base::Lower(sub)) == known.end()) known.push_back(base::Lower(sub));
  }
  Remember(command, true);
  return {};
}

base::Result<void> Selector::Forbid(const Catalog& catalog, std::string_view command) {
  const auto id = catalog.Find(command);
  if (!id) return Fail(kUnknownName);
  Set(catalog, *id, false);
  Remember(command, false);
  return {};
}

base::Result<void> Selector::ApplyCategory(const Catalog& catalog, std::string_view name, bool allow) {
  const uint64_t bit = catalog.CategoryBit(name);
  if (bit == 0) return Fail(kUnknownName);
  for (int id = 0; id < catalog.size(); ++id) {
    if ((catalog.CategoriesOf(id) & bit) != 0) Set(catalog, id, allow);
  }
  Remember("@" + std::string(name), allow);
  return {};
}

// --- questions

bool Selector::AllowsCommand(const Request& request) const {
  if (all_commands_ || request.anybody) return true;
  const size_t id = static_cast<size_t>(request.command);
  if (id < allowed_.size() ? allowed_[id] : base_allows_) return true;
  const auto it = first_arguments_.find(request.command);
  if (it == first_arguments_.end() || !request.has_first_argument) return false;
  return std::any_of(it->second.begin(), it->second.end(), [&request](const std::string& allowed) {
    return base::EqualsNoCase(allowed, request.first_argument);
  });
}

bool Selector::AllowsKey(const KeyUse& use) const {
  return std::any_of(keys_.begin(), keys_.end(), [&use](const KeyPattern& pattern) {
    return (pattern.permissions & use.permissions) == use.permissions && base::GlobMatch(pattern.pattern, use.key);
  });
}

// A pattern to subscribe to must be one of the allowed ones to the letter.
bool Selector::AllowsChannel(std::string_view channel, bool is_pattern) const {
  if (all_channels_) return true;
  return std::any_of(channels_.begin(), channels_.end(), [&](const std::string& allowed) {
    return is_pattern ? allowed == channel : base::GlobMatch(allowed, channel);
  });
}

bool Selector::ReadsEveryKey() const {
  return all_keys_ || std::any_of(keys_.begin(), keys_.end(), [](const KeyPattern& pattern) {
    return pattern.pattern == "*" && (pattern.permissions & kRead) != 0;
  });
}

Verdict Selector::Check(const Request& request) const {
  if (!AllowsCommand(request)) return {Denial::kCommand, 0};
  if (!all_keys_) {
    for (const KeyUse& use : request.keys) {
      if (!AllowsKey(use)) return {Denial::kKey, use.argument};
    }
  }
  if (!all_channels_) {
    for (const ChannelUse& use : request.channels) {
      if (!AllowsChannel(use.channel, use.is_pattern)) return {Denial::kChannel, use.argument};
    }
  }
  return {};
}

// --- as text

std::string Selector::DescribeCommands() const {
  std::string text = base_allows_ ? "+@all" : "-@all";
  for (const std::string& rule : rules_) text += ' ' + rule;
  return text;
}

std::string Selector::DescribeKeys() const {
  if (all_keys_) return "~*";
  std::string text;
  for (const KeyPattern& pattern : keys_) {
    if (!text.empty()) text += ' ';
    text += pattern.permissions == kRead ? "%R~" : pattern.permissions == kWrite ? "%W~" : "~";
    text += pattern.pattern;
  }
  return text;
}

std::string Selector::DescribeChannels() const {
  if (all_channels_) return "&*";
  std::string text;
  for (const std::string& channel : channels_) {
    if (!text.empty()) text += ' ';
    text += '&' + channel;
  }
  return text;
}

std::string Selector::Describe() const {
  std::string text = DescribeKeys();
  if (!text.empty()) text += ' ';
  if (!all_channels_) text += "resetchannels ";
  const std::string channels = DescribeChannels();
  if (!channels.empty()) text += channels + ' ';
  return text + DescribeCommands();
}

}  // namespace windlass::acl
