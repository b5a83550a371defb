// See user.h.
#include "node/acl/user.h"

#include <algorithm>

#include "node/acl/password.h"
#include "node/base/letter_case.h"

namespace windlass::acl {
namespace {

base::Error Syntax() { return base::Error{"Syntax error"}; }

}  // namespace

User::User(std::string name, bool all_channels) : name_(std::move(name)), all_channels_at_first_(all_channels) {
  selectors_.emplace_back(all_channels);
}

std::vector<std::string_view> User::FlagWords() const {
  std::vector<std::string_view> words{enabled_ ? "on" : "off"};
  if (no_password_) words.push_back("nopass");
  words.push_back(sanitizes_payload_ ? "sanitize-payload" : "skip-sanitize-payload");
  return words;
}

void User::Reset(const Catalog& catalog) {
  enabled_ = no_password_ = false;
  sanitizes_payload_ = true;
  passwords_.clear();
  selectors_.erase(selectors_.begin() + 1, selectors_.end());
  selectors_[0] = Selector(all_channels_at_first_);
}

base::Result<void> User::ApplyPassword(std::string_view rule) {
  const char kind = rule[0];
  const bool hashed = kind == '#' || kind == '!';
  if (hashed && !IsPasswordHash(rule.substr(1))) {
    return base::Error{
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"};
  }
  const std::string hash = hashed ? std::string(rule.substr(1)) : HashPassword(rule.substr(1));
  const auto known = std::find(passwords_.begin(), passwords_.end(), hash);
  if (kind == '>' || kind == '#') {
    if (known == passwords_.end()) passwords_.push_back(hash);
    no_password_ = false;
    return {};
  }
  if (known == passwords_.end()) {
    return base::Error{"The password you are trying to remove from the user does not exist"};
  }
  passwords_.erase(known);
  return {};
}

base::Result<void> User::ApplySelector(const Catalog& catalog, std::string_view rule) {
  if (rule.back() != ')') return Syntax();
  std::string_view rest = rule.substr(1, rule.size() - 2);
  Selector selector(all_channels_at_first_);
  while (!rest.empty()) {
    const size_t end = rest.find(' ');
    const std::string_view word = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (word.empty()) continue;
    const auto applied = selector.Apply(catalog, word);
    if (!applied) return applied;
  }
  selectors_.push_back(std::move(selector));
  return {};
}

base::Result<void> User::Apply(const Catalog& catalog, std::string_view rule) {
  if (rule.empty()) return {};
  if (base::EqualsNoCase(rule, "on")) {
    enabled_ = true;
  } else if (base::EqualsNoCase(rule, "off")) {
    enabled_ = false;
  } else if (base::EqualsNoCase(rule, "nopass")) {
    no_password_ = true;
    passwords_.clear();
  } else if (base::EqualsNoCase(rule, "skip-sanitize-payload")) {
    sanitizes_payload_ = false;
  } else if (base::EqualsNoCase(rule, "sanitize-payload")) {
    sanitizes_payload_ = true;
  } else if (base::EqualsNoCase(rule, "resetpass")) {
    no_password_ = false;
    passwords_.clear();
  } else if (base::EqualsNoCase(rule, "clearselectors")) {
    selectors_.erase(selectors_.begin() + 1, selectors_.end());
  } else if (base::EqualsNoCase(rule, "reset")) {
    Reset(catalog);
  } else if (rule[0] == '>' || rule[0] == '<' || rule[0] == '#' || rule[0] == '!') {
    return ApplyPassword(rule);
  } else if (rule[0] == '(') {
    return ApplySelector(catalog, rule);
  } else {
    return selectors_[0].Apply(catalog, rule);
  }
  return {};
}

bool User::ApplyAll(const Catalog& catalog, const std::vector<std::string_view>& words, RuleError* error) {
  std::vector<std::string> rules;
  std::string unmatched;
  if (!JoinSelectors(words, &rules, &unmatched)) {
    *error = {"", "Unmatched parenthesis in acl selector starting at '" + unmatched + "'."};
    return false;
  }
  for (const std::string& rule : rules) {
    const auto applied = Apply(catalog, rule);
    if (applied) continue;
    *error = {rule, applied.error()};
    return false;
  }
  return true;
}

bool User::AcceptsPassword(std::string_view password) const {
  if (!enabled_) return false;
  if (no_password_) return true;
  const std::string hash = HashPassword(password);
  bool accepted = false;
  for (const std::string& known : passwords_) accepted |= SameHash(known, hash);
  return accepted;
}

Verdict User::Check(const Request& request) const {
  Verdict worst{Denial::kCommand, 0};
  for (const Selector& selector : selectors_) {
    const Verdict verdict = selector.Check(request);
    if (verdict.denial == Denial::kNone) return verdict;
    const bool worse = verdict.denial > worst.denial ||
                       (verdict.denial == worst.denial && verdict.argument > worst.argument);
    if (worse) worst = verdict;
  }
  return worst;
}

bool User::AllowsReadingAnyKey(const Request& request) const {
  return std::any_of(selectors_.begin(), selectors_.end(), [&request](const Selector& selector) {
    return selector.ReadsEveryKey() && selector.Check(request).denial == Denial::kNone;
  });
}

bool User::IsUnrestricted() const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [](const Selector& selector) { return selector.AllowsEverything(); });
}

bool User::AllowsChannel(std::string_view channel, bool is_pattern) const {
  return std::any_of(selectors_.begin(), selectors_.end(),
                     [&](const Selector& selector) { return selector.AllowsChannel(channel, is_pattern); });
}

std::string User::Describe() const {
  std::string text;
  for (const std::string_view word : FlagWords()) text.append(word).append(" ");
  for (const std::string& password : passwords_) text += '#' + password + ' ';
  text += selectors_[0].Describe();
  for (size_t i = 1; i < selectors_.size(); ++i) text += " (" + selectors_[i].Describe() + ')';
  return text;
}

bool JoinSelectors(const std::vector<std::string_view>& words, std::vector<std::string>* rules,
                   std::string* unmatched) {
  std::string open;  // a selector whose end is still to come
  for (const std::string_view word : words) {
    if (open.empty() && (word.empty() || word[0] != '(' || word.back() == ')')) {
      rules->emplace_back(word);
      continue;
    }
    if (open.empty()) {
      *unmatched = word;
      open = word;
    } else {
      open.append(" ").append(word);
    }
    if (open.back() != ')') continue;
    rules->push_back(open);
    open.clear();
  }
  return open.empty();
}

}  // namespace windlass::acl
