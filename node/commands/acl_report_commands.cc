// ACL LIST, USERS, GETUSER, CAT and LOG: what the rules are and whom they stopped.
#include <algorithm>
#include <string>
#include <vector>

#include "node/acl/denial_log.h"
#include "node/acl/users.h"
#include "node/commands/acl_commands.h"
#include "node/commands/command_table.h"
#include "node/commands/command_words.h"
#include "node/commands/ports.h"

namespace windlass::commands {

void AclList(Call& call) {
  const auto& users = call.node.users->all();
  call.reply.Array(static_cast<int64_t>(users.size()));
  for (const auto& [name, user] : users) call.reply.Bulk("user " + name + ' ' + user->Describe());
}

void AclUsers(Call& call) {
  const auto& users = call.node.users->all();
  call.reply.Array(static_cast<int64_t>(users.size()));
  for (const auto& [name, user] : users) call.reply.Bulk(name);
}

namespace {

void ReplySelector(resp::ReplyWriter& reply, const acl::Selector& selector) {
  reply.Bulk("commands");
  reply.Bulk(selector.DescribeCommands());
  reply.Bulk("keys");
  reply.Bulk(selector.DescribeKeys());
  reply.Bulk("channels");
  reply.Bulk(selector.DescribeChannels());
}

}  // namespace

void AclGetUser(Call& call) {
  resp::ReplyWriter& reply = call.reply;
  const acl::UserPtr user = call.node.users->Find(call.args[2]);
  if (user == nullptr) return reply.Null();
  reply.Map(6);
  reply.Bulk("flags");
  const auto words = user->FlagWords();
  reply.Set(static_cast<int64_t>(words.size()));
  for (const std::string_view word : words) reply.Bulk(word);
  reply.Bulk("passwords");
  reply.Array(static_cast<int64_t>(user->passwords().size()));
  for (const std::string& password : user->passwords()) reply.Bulk(password);
  ReplySelector(reply, user->selectors()[0]);
  reply.Bulk("selectors");
  reply.Array(static_cast<int64_t>(user->selectors().size()) - 1);
  for (size_t i = 1; i < user->selectors().size(); ++i) {
    reply.Map(3);
    ReplySelector(reply, user->selectors()[i]);
  }
}

void AclCat(Call& call) {
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  if (call.args.size() == 2) {
    call.reply.Array(static_cast<int64_t>(CategoryWords().size()));
    for (const Word& word : CategoryWords()) call.reply.Bulk(word.word);
    return;
  }
  const uint64_t category = CategoryByName(call.args[2]);
  if (category == 0) return call.reply.Error("ERR Unknown category '" + std::string(call.args[2]) + "'");
  std::vector<std::string_view> names;
  const CommandTable& table = *call.node.commands;
  for (int id = 0; id < table.id_count(); ++id) {
    if ((AclCategoriesOf(table.by_id(id)) & category) != 0) names.push_back(table.by_id(id).name);
  }
  call.reply.Array(static_cast<int64_t>(names.size()));
  for (const std::string_view name : names) call.reply.Bulk(name);
}

namespace {

void ReplyEntry(resp::ReplyWriter& reply, const acl::DenialEntry& entry, int64_t now_ms) {
  const auto field = [&reply](std::string_view name, std::string_view value) {
    reply.Bulk(name);
    reply.Bulk(value);
  };
  const auto number = [&reply](std::string_view name, int64_t value) {
    reply.Bulk(name);
    reply.Integer(value);
  };
  reply.Map(10);
  number("count", entry.count);
  field("reason", acl::NameOf(entry.denial));
  field("context", acl::NameOf(entry.context));
  field("object", entry.object);
  field("username", entry.user);
  reply.Bulk("age-seconds");
  reply.Double(static_cast<double>(now_ms - entry.created_ms) / 1000);
  field("client-info", entry.client_info);
  number("entry-id", static_cast<int64_t>(entry.id));
  number("timestamp-created", entry.created_ms);
  number("timestamp-last-updated", entry.updated_ms);
}

}  // namespace

void AclLog(Call& call) {
  if (call.args.size() > 3) return ReplySubcommandSyntaxError(call);
  int64_t count = 10;
  if (call.args.size() == 3) {
    if (EqualsNoCase(call.args[2], "reset")) {
      call.node.denials->Clear();
      return call.reply.Ok();
    }
    if (!ParseInt64(call.args[2], &count)) return call.reply.Error(kNotInteger);
  }
  const auto& entries = call.node.denials->entries();
  const size_t shown = std::min(entries.size(), static_cast<size_t>(std::max<int64_t>(0, count)));
  call.reply.Array(static_cast<int64_t>(shown));
  for (size_t i = 0; i < shown; ++i) ReplyEntry(call.reply, entries[i], call.now_ms);
}

}  // namespace windlass::commands
