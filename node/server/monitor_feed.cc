// See monitor_feed.h.
#include "node/server/monitor_feed.h"

#include <sys/time.h>

#include <algorithm>
#include <cstdio>

#include "node/base/letter_case.h"
#include "node/base/quoted_words.h"
#include "node/config/config.h"

namespace windlass::server {
namespace {

constexpr std::string_view kRedacted = "(redacted)";

bool IsSecretDirective(std::string_view name) {
  for (const char* secret : {"requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass"}) {
    if (base::EqualsNoCase(name, secret)) return true;
  }
  return false;
}

}  // namespace

std::span<const std::string_view> WithoutSecrets(const commands::CommandSpec& spec,
                                                 std::span<const std::string_view> args,
                                                 std::vector<std::string_view>* scratch) {
  const bool auth = spec.name == "auth";
  const bool migrate = spec.name == "migrate";
  const bool config = spec.name == "config|set";
  const bool acl = spec.name == "acl|setuser" || spec.name == "acl|getuser" || spec.name == "acl|deluser";
  if (!auth && !migrate && !config && !acl && spec.name != "hello") return args;
  scratch->assign(args.begin(), args.end());
  for (size_t i = 1; i < args.size(); ++i) {
    if (auth || (acl && i >= 2)) (*scratch)[i] = kRedacted;
    if (config && i >= 3 && i % 2 == 1 && IsSecretDirective(args[i - 1])) (*scratch)[i] = kRedacted;
    if (auth || acl || config) continue;
    const bool pair = base::EqualsNoCase(args[i], migrate ? "auth2" : "auth");
    const bool one = migrate && base::EqualsNoCase(args[i], "auth");
    if (migrate && base::EqualsNoCase(args[i], "keys")) break;
    for (size_t hidden = 0; hidden < (pair ? 2u : one ? 1u : 0u) && i + 1 < args.size(); ++hidden) {
      (*scratch)[++i] = kRedacted;
    }
  }
  return *scratch;
}

void MonitorFeed::Add(client::Client& client) {
  client.Set(client::kMonitor);
  monitors_.push_back(&client);
}

void MonitorFeed::Remove(client::Client& client) {
  client.Clear(client::kMonitor);
  monitors_.erase(std::remove(monitors_.begin(), monitors_.end(), &client), monitors_.end());
}

void MonitorFeed::Tell(const client::Client& client, const commands::CommandSpec& spec,
                       std::span<const std::string_view> args) {
  if (node_->status.loading) return;
  timeval now;
  gettimeofday(&now, nullptr);
  char head[64];
  std::snprintf(head, sizeof head, "+%lld.%06ld [%d ", static_cast<long long>(now.tv_sec),
                static_cast<long>(now.tv_usec), client.db);
  line_.assign(head);
  if (client.Has(client::kScript)) {
    line_ += "lua";
  } else if (client.Has(client::kUnixSocket)) {
    line_ += "unix:" + node_->config->Text("unixsocket");
  } else {
    line_ += client.transport != nullptr ? client.transport->PeerAddress() : "?:0";
  }
  line_ += ']';
  std::vector<std::string_view> scratch;
  for (const std::string_view arg : WithoutSecrets(spec, args, &scratch)) {
    line_ += ' ';
    base::AppendQuoted(arg, &line_);
  }
  line_ += "\r\n";
  for (client::Client* monitor : monitors_) monitor->Push(line_);
}

}  // namespace windlass::server
