// See access_setup.h.
#include "node/server/access_setup.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "node/acl/users.h"
#include "node/acl/words.h"
#include "node/base/quoted_words.h"
#include "node/commands/access.h"

namespace windlass::server {
namespace {

// Before there is a node no command is known.
class NoCommands final : public acl::Catalog {
 public:
  int size() const override { return 0; }
  std::optional<int> Find(std::string_view name) const override { return std::nullopt; }
  std::string_view NameOf(int id) const override { return ""; }
  uint64_t CategoriesOf(int id) const override { return 0; }
  bool IsContainer(int id) const override { return false; }
  bool IsSubcommand(int id) const override { return false; }
  std::vector<int> SubcommandsOf(int id) const override { return {}; }
  uint64_t CategoryBit(std::string_view name) const override { return 0; }
};

// Says what is wrong with user lines whatever commands there are.
class UserLineCheck {
 public:
  base::Result<void> Check(const std::vector<std::string>& words) {
    if (!seen_.insert(words[0]).second) {
      return Fail(words[0], "Duplicate user found. A user can only be defined once in config files");
    }
    std::vector<std::string> rules;
    std::string unmatched;
    if (!acl::JoinSelectors({words.begin() + 1, words.end()}, &rules, &unmatched)) return Fail("user", "Wrong format");
    acl::User user(words[0], false);
    for (const std::string& rule : rules) {
      const auto applied = user.Apply(no_commands_, rule);
      if (!applied && applied.error() != acl::kUnknownName) return Fail(rule, applied.error());
    }
    return {};
  }

 private:
  static base::Error Fail(const std::string& rule, const std::string& reason) {
    return base::Error{"Error in user declaration '" + rule + "': " + reason};
  }

  NoCommands no_commands_;
  std::set<std::string> seen_;
};

bool PutUserOfLine(commands::Node& node, const std::string& line) {
  std::vector<std::string> words;
  base::SplitQuoted(line, &words);
  if (acl::HasBlank(words[0])) {
    node.log->Warning("Spaces not allowed in ACL usernames");
    return false;
  }
  acl::User user = node.users->Fresh(words[0]);
  acl::User::RuleError error;
  if (!user.ApplyAll(node.users->catalog(), {words.begin() + 1, words.end()}, &error)) {
    node.log->Warning("Error loading ACL rule '" + error.rule + "' for the user named '" + words[0] +
                      "': " + error.reason);
    return false;
  }
  node.users->Put(std::move(user));
  return true;
}

}  // namespace

void CheckUserLines(config::Config* config) {
  const auto check = std::make_shared<UserLineCheck>();
  config->SetLineCheck("user", [check](const std::vector<std::string>& words) { return check->Check(words); });
}

bool LoadUsersAtStart(commands::Node& node) {
  const config::Config& config = *node.config;
  acl::Users& users = *node.users;
  users.set_all_channels_at_first(config.Int("acl-pubsub-default") != 0);
  users.SetDefaultPassword(config.Text("requirepass"));
  const std::vector<std::string>& lines = config.List("user");
  if (!config.Text("aclfile").empty()) {
    if (!lines.empty()) {
      node.log->Warning(
          "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. "
          "This setup is very likely to lead to configuration errors and security holes, please define either an ACL "
          "file or declare users directly in your redis.conf, but not both.");
      return false;
    }
    const auto loaded = commands::LoadAclFile(node);
    if (!loaded) node.log->Warning("Aborting Redis startup because of ACL errors: " + loaded.error());
    return loaded.ok();
  }
  for (const std::string& line : lines) {
    if (PutUserOfLine(node, line)) continue;
    node.log->Warning("Critical error while loading ACLs. Exiting.");
    return false;
  }
  return true;
}

void WatchAccessSettings(commands::Node& node) {
  config::Config& config = *node.config;
  config.SetOnChange("requirepass", [&node] {
    node.users->SetDefaultPassword(node.config->Text("requirepass"));
    commands::ApplyUserChange(node, node.users->default_user(), nullptr);
    return base::Result<void>();
  });
  config.SetOnChange("acl-pubsub-default", [&node] {
    node.users->set_all_channels_at_first(node.config->Int("acl-pubsub-default") != 0);
    return base::Result<void>();
  });
  // What CONFIG REWRITE writes is who there is; an ACL file keeps that elsewhere.
  config.SetLineSource("user", [&node] {
    return node.config->Text("aclfile").empty() ? node.users->Lines() : std::vector<std::string>();
  });
}

}  // namespace windlass::server
