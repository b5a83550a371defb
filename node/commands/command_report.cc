// See command_report.h.
#include "node/commands/command_report.h"

#include <string>
#include <vector>

#include "node/commands/command_table.h"
#include "node/commands/command_words.h"
#include "node/manual/notation.h"
#include "node/manual/page.h"

namespace windlass::commands {
namespace {

using manual::Argument;
using manual::KeySpecification;
using resp::ReplyWriter;

void ReplyField(ReplyWriter& reply, std::string_view name, std::string_view value) {
  reply.Bulk(name);
  reply.Bulk(value);
}

void ReplyNumber(ReplyWriter& reply, std::string_view name, int value) {
  reply.Bulk(name);
  reply.Integer(value);
}

void ReplySimpleWords(ReplyWriter& reply, const std::vector<std::string_view>& words) {
  reply.Set(static_cast<int64_t>(words.size()));
  for (const std::string_view word : words) reply.Simple(word);
}

void ReplyBegin(ReplyWriter& reply, const KeySpecification& spec) {
  reply.Bulk("begin_search");
  reply.Map(2);
  ReplyField(reply, "type", spec.begin);
  reply.Bulk("spec");
  if (spec.begin == "index") {
    reply.Map(1);
    ReplyNumber(reply, "index", spec.begin_number);
  } else if (spec.begin == "keyword") {
    reply.Map(2);
    ReplyField(reply, "keyword", spec.keyword);
    ReplyNumber(reply, "startfrom", spec.begin_number);
  } else {
    reply.Map(0);
  }
}

void ReplyFind(ReplyWriter& reply, const KeySpecification& spec) {
  reply.Bulk("find_keys");
  reply.Map(2);
  ReplyField(reply, "type", spec.find);
  reply.Bulk("spec");
  if (spec.find == "unknown") return reply.Map(0);
  const bool range = spec.find == "range";
  reply.Map(3);
  ReplyNumber(reply, range ? "lastkey" : "keynumidx", spec.numbers[0]);
  ReplyNumber(reply, range ? "keystep" : "firstkey", spec.numbers[1]);
  ReplyNumber(reply, range ? "limit" : "keystep", spec.numbers[2]);
}

void ReplyKeySpecifications(ReplyWriter& reply, std::string_view text) {
  const auto specs = manual::ReadKeySpecifications(text);
  if (!specs) return reply.Set(0);
  reply.Set(static_cast<int64_t>(specs->size()));
  for (const KeySpecification& spec : *specs) {
    reply.Map(spec.notes.empty() ? 3 : 4);
    if (!spec.notes.empty()) ReplyField(reply, "notes", spec.notes);
    reply.Bulk("flags");
    ReplySimpleWords(reply, spec.flags);
    ReplyBegin(reply, spec);
    ReplyFind(reply, spec);
  }
}

void ReplyArguments(ReplyWriter& reply, const std::vector<Argument>& arguments) {
  reply.Array(static_cast<int64_t>(arguments.size()));
  for (const Argument& argument : arguments) {
    std::vector<std::string_view> flags;
    if (argument.optional) flags.push_back("optional");
    if (argument.multiple) flags.push_back("multiple");
    if (argument.multiple_token) flags.push_back("multiple_token");
    const int64_t fields = 2 + (argument.display.empty() ? 0 : 1) + (argument.key_spec >= 0 ? 1 : 0) +
                           (argument.token ? 1 : 0) + (argument.since.empty() ? 0 : 1) +
                           (argument.deprecated_since.empty() ? 0 : 1) + (flags.empty() ? 0 : 1) +
                           (argument.parts.empty() ? 0 : 1);
    reply.Map(fields);
    ReplyField(reply, "name", argument.name);
    ReplyField(reply, "type", argument.type);
    if (!argument.display.empty()) ReplyField(reply, "display_text", argument.display);
    if (argument.key_spec >= 0) ReplyNumber(reply, "key_spec_index", argument.key_spec);
    if (argument.token) ReplyField(reply, "token", *argument.token);
    if (!argument.since.empty()) ReplyField(reply, "since", argument.since);
    if (!argument.deprecated_since.empty()) ReplyField(reply, "deprecated_since", argument.deprecated_since);
    if (!flags.empty()) {
      reply.Bulk("flags");
      ReplySimpleWords(reply, flags);
    }
    if (argument.parts.empty()) continue;
    reply.Bulk("arguments");
    ReplyArguments(reply, argument.parts);
  }
}

void ReplyHistory(ReplyWriter& reply, std::string_view history) {
  const auto lines = manual::SplitWords(history, '\n');
  reply.Bulk("history");
  reply.Set(static_cast<int64_t>(lines.size()));
  for (const std::string_view line : lines) {
    const size_t blank = line.find(' ');
    reply.Array(2);
    reply.Bulk(line.substr(0, blank));
    reply.Bulk(line.substr(blank + 1));
  }
}

}  // namespace

void ReplyCommandInfo(ReplyWriter& reply, const CommandSpec& spec) {
  const manual::Page* page = manual::FindPage(spec.name);
  const bool range = spec.keys.first > 0;
  reply.Array(10);
  reply.Bulk(spec.name);
  reply.Integer(spec.arity);
  ReplyWords(reply, spec.flags, FlagWords());
  reply.Integer(spec.keys.first);
  reply.Integer(spec.keys.last);
  reply.Integer(range && spec.keys.step == 0 ? 1 : spec.keys.step);
  ReplyWords(reply, AclCategoriesOf(spec), CategoryWords(), "@");
  const auto tips = manual::SplitWords(page == nullptr ? "" : page->tips, ' ');
  reply.Set(static_cast<int64_t>(tips.size()));
  for (const std::string_view tip : tips) reply.Bulk(tip);
  ReplyKeySpecifications(reply, page == nullptr ? "" : page->keys);
  if (spec.subcommands.empty()) return reply.Set(0);
  reply.Array(static_cast<int64_t>(spec.subcommands.size()));
  for (const CommandSpec& sub : spec.subcommands) ReplyCommandInfo(reply, sub);
}

void ReplyCommandDocs(ReplyWriter& reply, const CommandSpec& spec) {
  static constexpr manual::Page kNone{.name = "", .group = ""};
  const manual::Page* found = manual::FindPage(spec.name);
  const manual::Page& page = found == nullptr ? kNone : *found;
  const int64_t fields = 3 + (page.complexity.empty() ? 0 : 1) + (page.history.empty() ? 0 : 1) +
                         (page.doc_flags.empty() ? 0 : 1) + (page.deprecated_since.empty() ? 0 : 2) +
                         (page.arguments.empty() ? 0 : 1) + (spec.subcommands.empty() ? 0 : 1);
  reply.Bulk(spec.name);
  reply.Map(fields);
  ReplyField(reply, "summary", page.summary);
  ReplyField(reply, "since", page.since);
  ReplyField(reply, "group", page.group);
  if (!page.complexity.empty()) ReplyField(reply, "complexity", page.complexity);
  if (!page.history.empty()) ReplyHistory(reply, page.history);
  if (!page.doc_flags.empty()) {
    reply.Bulk("doc_flags");
    ReplySimpleWords(reply, manual::SplitWords(page.doc_flags, ' '));
  }
  if (!page.deprecated_since.empty()) {
    ReplyField(reply, "deprecated_since", page.deprecated_since);
    ReplyField(reply, "replaced_by", page.replaced_by);
  }
  if (!page.arguments.empty()) {
    reply.Bulk("arguments");
    ReplyArguments(reply, manual::ReadArguments(page.arguments).value_or(std::vector<Argument>()));
  }
  if (spec.subcommands.empty()) return;
  reply.Bulk("subcommands");
  reply.Map(static_cast<int64_t>(spec.subcommands.size()));
  for (const CommandSpec& sub : spec.subcommands) ReplyCommandDocs(reply, sub);
}

}  // namespace windlass::commands
