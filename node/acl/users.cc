// See users.h.
#include "node/acl/users.h"

#include <iterator>
#include <utility>

#include "node/acl/words.h"

namespace windlass::acl {
namespace {

constexpr std::string_view kDefault = "default";

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return "";
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::vector<std::string_view> Words(std::string_view line) {
  std::vector<std::string_view> words;
  while (!line.empty()) {
    const size_t end = line.find(' ');
    if (end != 0) words.push_back(line.substr(0, end));
    if (end == std::string_view::npos) break;
    line.remove_prefix(end + 1);
  }
  return words;
}

// What an ACL file's error list says of a user's wrong rules.
std::string Told(const User::RuleError& error) {
  if (error.rule.empty()) return "Unmatched parenthesis in selector definition.";
  const bool unknown = error.reason == kUnknownName;
  return (unknown ? "Error in applying operation '" + error.rule + "': " : "") + error.reason + ". ";
}

User MakeDefault(const Catalog& catalog) {
  User user(std::string(kDefault), false);
  for (const std::string_view rule : {"+@all", "~*", "&*", "on", "nopass"}) {
    const auto applied = user.Apply(catalog, rule);
    (void)applied;  // these rules are known
  }
  return user;
}

}  // namespace

Users::Users(const Catalog* catalog) : catalog_(catalog) { Put(MakeDefault(*catalog)); }

UserPtr Users::Find(std::string_view name) const {
  const auto it = users_.find(name);
  return it == users_.end() ? nullptr : it->second;
}

User Users::Fresh(std::string_view name) const { return User(std::string(name), all_channels_at_first_); }

bool Users::Prepare(std::string_view name, const std::vector<std::string_view>& rules, User* changed,
                    User::RuleError* error) const {
  const UserPtr known = Find(name);
  *changed = known != nullptr ? *known : Fresh(name);
  return changed->ApplyAll(*catalog_, rules, error);
}

void Users::Put(User user) {
  UserPtr& entry = users_[user.name()];
  if (entry == nullptr) {
    entry = std::make_shared<User>(std::move(user));
  } else {
    *entry = std::move(user);
  }
  if (entry->name() == kDefault) default_ = entry;
}

bool Users::Remove(std::string_view name) {
  const auto it = users_.find(name);
  if (it == users_.end()) return false;
  users_.erase(it);
  return true;
}

void Users::SetDefaultPassword(std::string_view password) {
  User user = *default_;
  const std::string rule = password.empty() ? "nopass" : '>' + std::string(password);
  for (const std::string_view step : {std::string_view("resetpass"), std::string_view(rule)}) {
    const auto applied = user.Apply(*catalog_, step);
    (void)applied;  // cannot fail
  }
  Put(std::move(user));
}

std::vector<std::string> Users::Lines() const {
  std::vector<std::string> lines;
  for (const auto& [name, user] : users_) lines.push_back(name + ' ' + user->Describe());
  return lines;
}

std::string Users::ToText() const {
  std::string text;
  for (const std::string& line : Lines()) text += "user " + line + '\n';
  return text;
}

void Users::Replace(Table table) {
  for (auto it = users_.begin(); it != users_.end();) {
    it = table.find(it->first) == table.end() ? users_.erase(it) : std::next(it);
  }
  for (auto& [name, user] : table) Put(std::move(user));
}

base::Result<Users::Table> Users::Parse(std::string_view text, const std::string& file) const {
  Table table;
  std::string errors;
  int number = 0;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const std::string_view line = Trim(text.substr(0, newline));
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    ++number;
    if (line.empty()) continue;
    const std::string place = file + ':' + std::to_string(number);
    std::vector<std::string_view> words = Words(line);
    if (words[0] != "user" || words.size() < 2) {
      errors += place + " should start with user keyword followed by the username. ";
      continue;
    }
    const std::string_view name = words[1];
    if (HasBlank(name)) {
      errors += place + ": username '" + std::string(name) + "' contains invalid characters. ";
      continue;
    }
    if (table.find(name) != table.end()) {
      errors += "WARNING: Duplicate user '" + std::string(name) + "' found on line " +
                std::to_string(number) + ". ";
      continue;
    }
    words.erase(words.begin(), words.begin() + 2);
    User user = Fresh(name);
    User::RuleError error;
    if (!user.ApplyAll(*catalog_, words, &error)) {
      errors += place + ": " + Told(error);
      continue;
    }
    table.emplace(name, std::move(user));
  }
  if (!errors.empty()) {
    return base::Error{errors +
                       "WARNING: ACL errors detected, no change to the previously active ACL rules was performed"};
  }
  if (table.find(kDefault) == table.end()) table.emplace(kDefault, MakeDefault(*catalog_));
  return table;
}

}  // namespace windlass::acl
