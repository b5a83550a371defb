// MONITOR: every command that is executed, to those who watch, one line each.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/commands/command.h"
#include "node/commands/ports.h"

namespace windlass::server {

class MonitorFeed final : public commands::Monitors {
 public:
  explicit MonitorFeed(commands::Node* node) : node_(node) {}

  void Add(client::Client& client) override;
  void Remove(client::Client& client) override;
  bool empty() const { return monitors_.empty(); }

  // The command has been executed, or (one that executes others) is about to be.
  void Tell(const client::Client& client, const commands::CommandSpec& spec, std::span<const std::string_view> args);

 private:
  commands::Node* node_;
  std::vector<client::Client*> monitors_;
  std::string line_;
};

// The arguments with what is secret replaced, as MONITOR and SLOWLOG show them. The
// result may be `args` itself; it lives as long as `scratch`.
std::span<const std::string_view> WithoutSecrets(const commands::CommandSpec& spec,
                                                 std::span<const std::string_view> args,
                                                 std::vector<std::string_view>* scratch);

}  // namespace windlass::server
