// What a command asks to be written to the log (AOF, replicas) in its place.
//
// By default the command goes out as typed if the keyspace's dirty counter moved
// while it ran. A handler whose effect depends on time, chance or state replaces
// it by deterministic commands. Several are wrapped in MULTI/EXEC by propagation.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace windlass::commands {

class Effects {
 public:
  using Argv = std::vector<std::string>;

  // The first call drops the verbatim command; each adds one command.
  void Replace(std::initializer_list<std::string_view> argv) { Replace(std::span(argv.begin(), argv.size())); }
  void Replace(std::span<const std::string_view> argv) {
    verbatim_ = false;
    commands_.emplace_back(argv.begin(), argv.end());
  }
  // In addition to the verbatim command, after it.
  void Also(std::initializer_list<std::string_view> argv) { Also(std::span(argv.begin(), argv.size())); }
  void Also(std::span<const std::string_view> argv) { commands_.emplace_back(argv.begin(), argv.end()); }
  // Before everything else of this command: expiry and eviction as DEL.
  void Before(std::initializer_list<std::string_view> argv) {
    before_.emplace_back(argv.begin(), argv.end());
  }
  // Nothing of the command itself is written (what Before added still is).
  void Suppress() {
    verbatim_ = false;
    commands_.clear();
  }
  // Written even if nothing was dirty (e.g. a function load, PUBLISH).
  void ForceVerbatim() { force_ = true; }

  bool verbatim() const { return verbatim_; }
  bool forced() const { return force_; }
  const std::vector<Argv>& before() const { return before_; }
  const std::vector<Argv>& commands() const { return commands_; }
  bool untouched() const { return verbatim_ && !force_ && before_.empty() && commands_.empty(); }
  void Reset() {
    if (untouched()) return;
    verbatim_ = true;
    force_ = false;
    before_.clear();
    commands_.clear();
  }

 private:
  bool verbatim_ = true;
  bool force_ = false;
  std::vector<Argv> before_;
  std::vector<Argv> commands_;
};

}  // namespace windlass::commands
