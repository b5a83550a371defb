// A server for scripts that keeps what it is asked and answers as told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "node/scripting/host.h"

namespace windlass::scripting {

class FakeHost final : public Host {
 public:
  void Call(std::span<const std::string_view> args, int protocol, std::string* reply) override {
    std::string line;
    for (const std::string_view arg : args) line += (line.empty() ? "" : " ") + std::string(arg);
    calls.push_back(line);
    protocols.push_back(protocol);
    const auto found = answers.find(line);
    *reply += found == answers.end() ? "+OK\r\n" : found->second;
  }
  int MayCall(std::span<const std::string_view> args) override { return args[0] == "none" ? -1 : 1; }
  void SetReplication(int flags) override { replication = flags; }
  void Log(int level, std::string_view text) override { log.push_back(std::to_string(level) + " " + std::string(text)); }
  void LoadingLibrary() override {}
  bool Interrupted() override { return ++looks >= looks_until_killed; }

  std::vector<std::string> calls;
  std::vector<int> protocols;
  std::map<std::string, std::string> answers;
  std::vector<std::string> log;
  int replication = kReplAll;
  int looks = 0;
  int looks_until_killed = 1 << 30;
};

}  // namespace windlass::scripting
