// windlassctl cli: a client for hands and scripts, in redis-cli's manner: one
// command as arguments, commands on standard input, or a prompt.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdlib>
#include <memory>

#include "operator/base/text.h"
#include "operator/cli/commands.h"
#include "operator/cli/reply_text.h"
#include "operator/cli/session.h"
#include "operator/redis/node_pool.h"

namespace windlass::cli {
namespace {

// BLPOP 0 may wait for as long as the person does.
constexpr int64_t kForeverMs = int64_t{7} * 24 * 3600 * 1000;
constexpr int kMaxRedirections = 16;

struct ClientOptions {
  std::string host = "127.0.0.1";
  int port = 6379;
  int database = 0;
  bool follow = false;
  bool raw = false;
  bool formatted = false;
  bool last_from_stdin = false;
  int64_t timeout_ms = kForeverMs;
};

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

class Client {
 public:
  Client(Session& session, const ClientOptions& options, bool formatted)
      : session_(session), options_(options), formatted_(formatted), pool_(Admin(session, options)) {
    here_ = {options.host, options.port};
  }

  std::string Prompt() const {
    const std::string database = database_ == 0 ? "" : "[" + std::to_string(database_) + "]";
    return topology::ToString(here_) + database + "> ";
  }

  // False if the reply was an error, or none came.
  bool Run(const redis::Command& command) {
    try {
      const std::string name = Upper(command.front());
      if (name == "SUBSCRIBE" || name == "PSUBSCRIBE" || name == "SSUBSCRIBE" || name == "MONITOR") {
        Listen(command);
        return true;
      }
      const redis::Reply reply = Send(command);
      if (name == "SELECT" && reply.ok()) database_ = static_cast<int>(base::ParseInt(command.back()).value_or(0));
      Print(reply);
      return !reply.error();
    } catch (const redis::RefusedFailure& failure) {
      session_.err << "(error) " << failure.what() << std::endl;
    } catch (const redis::ConnectionFailure& failure) {
      session_.err << "Could not connect to Redis at " << failure.what() << std::endl;
    }
    return false;
  }

 private:
  static redis::AdminOptions Admin(const Session& session, const ClientOptions& options) {
    redis::AdminOptions admin = session.admin;
    admin.command_ms = options.timeout_ms;
    return admin;
  }

  redis::RedisAdmin& Here() {
    redis::RedisAdmin& node = pool_.At(here_);
    if (!node.connected()) {
      node.Connect();
      if (database_ == 0) database_ = options_.database;
      if (database_ != 0) node.Require({"SELECT", std::to_string(database_)});
    }
    return node;
  }

  redis::Reply Send(const redis::Command& command) {
    redis::Reply reply = Here().Call(command);
    for (int hops = 0; options_.follow && hops < kMaxRedirections; ++hops) {
      const bool ask = reply.ErrorIs("ASK");
      if (!ask && !reply.ErrorIs("MOVED")) break;
      const std::vector<std::string> words = base::SplitNonEmpty(reply.text, ' ');
      if (words.size() < 3) break;
      auto to = topology::ParseAddress(words[2]);
      // An endpoint without a host means the host that was asked.
      if (!to && words[2].front() == ':') to = topology::ParseAddress(here_.host + words[2]);
      if (!to) break;
      if (formatted_) {
        session_.out << "-> Redirected to slot [" << words[1] << "] located at " << words[2] << std::endl;
      }
      here_ = *to;
      if (ask) {
        reply = std::move(Here().Pipeline({{"ASKING"}, command}).back());
      } else {
        reply = Here().Call(command);
      }
    }
    return reply;
  }

  void Listen(const redis::Command& command) {
    redis::RedisAdmin& node = Here();
    node.Send(command);
    while (true) {
      const redis::Reply reply = node.Read(options_.timeout_ms);
      Print(reply);
      if (reply.error()) return;
    }
  }

  void Print(const redis::Reply& reply) {
    session_.out << (formatted_ ? FormattedReply(reply) : RawReply(reply)) << std::flush;
  }

  Session& session_;
  const ClientOptions& options_;
  bool formatted_;
  redis::NodePool pool_;
  topology::Address here_;
  int database_ = 0;
};

void ReadCommands(Session& session, Client& client, bool interactive) {
  std::string line;
  while (true) {
    if (interactive) session.out << client.Prompt() << std::flush;
    if (!std::getline(session.in, line)) break;
    const auto words = SplitWords(line);
    if (!words) {
      session.out << "Invalid argument(s)" << std::endl;
      session.exit_code = kExitFailed;
      continue;
    }
    if (words->empty()) continue;
    const std::string name = Upper(words->front());
    if (name == "QUIT" || name == "EXIT") break;
    if (!client.Run(*words) && !interactive) session.exit_code = kExitFailed;
  }
  if (interactive) session.out << std::endl;
}

void RunClient(Session& session, const ClientOptions& options, redis::Command command) {
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  Client client(session, options, options.formatted || (terminal && !options.raw));
  if (options.last_from_stdin) {
    command.emplace_back(std::istreambuf_iterator<char>(session.in), std::istreambuf_iterator<char>());
  }
  if (!command.empty()) {
    if (!client.Run(command)) session.exit_code = kExitFailed;
    return;
  }
  ReadCommands(session, client, isatty(STDIN_FILENO) != 0);
}

}  // namespace

void RegisterClient(CLI::App& app, Session& session) {
  auto options = std::make_shared<ClientOptions>();
  if (const char* host = std::getenv("WINDLASSCTL_HOST")) options->host = host;
  CLI::App* cli = app.add_subcommand("cli", "A client: one command as arguments, commands on standard input, or a "
                                            "prompt. Exit code 1 if a reply was an error");
  cli->set_help_flag("--help", "Print this help message and exit");
  cli->add_option("-h,--host", options->host, "Host (default $WINDLASSCTL_HOST, else 127.0.0.1)");
  cli->add_option("-p,--port", options->port, "Port (default 6379)")->check(CLI::Range(1, 65535));
  cli->add_option("-n,--db", options->database, "Database number")->check(CLI::Range(0, 1 << 20));
  cli->add_flag("-c,--cluster", options->follow, "Follow redirections");
  cli->add_flag("--raw", options->raw, "Bare replies (the default where output is not a terminal)");
  cli->add_flag("--no-raw", options->formatted, "Formatted replies even where output is not a terminal");
  cli->add_flag("-x", options->last_from_stdin, "Read the last argument from standard input");
  cli->add_option("--timeout", options->timeout_ms, "Milliseconds to wait for a reply")->check(CLI::Range(int64_t{1}, kForeverMs));
  AddCredentialOptions(*cli, session);
  cli->prefix_command();
  cli->callback([&session, options, cli] { RunClient(session, *options, cli->remaining()); });
}

}  // namespace windlass::cli
