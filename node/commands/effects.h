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
    if (read_) commands_.emplace_back(argv.begin(), argv.end());
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
  // Written even if nothing was dirty (e.g. a function load).
  void ForceVerbatim() { force_ = true; }
  // Told to replicas as typed, and kept nowhere (PUBLISH).
  void ForReplicasOnly() { force_ = replicas_only_ = true; }

  // False: nobody keeps a log, so what is said here is not recorded.
  bool read() const { return read_; }
  void set_read(bool read) { read_ = read; }

  bool verbatim() const { return verbatim_; }
  bool forced() const { return force_; }
  bool replicas_only() const { return replicas_only_; }
  const std::vector<Argv>& before() const { return before_; }
  const std::vector<Argv>& commands() const { return commands_; }
  bool untouched() const { return verbatim_ && !force_ && before_.empty() && commands_.empty(); }
  void Reset() {
    if (untouched()) return;
    verbatim_ = true;
    force_ = replicas_only_ = false;
    before_.clear();
    commands_.clear();
  }

 private:
  bool read_ = true;
  bool verbatim_ = true;
  bool force_ = false;
  bool replicas_only_ = false;
  std::vector<Argv> before_;
  std::vector<Argv> commands_;
};

}  // namespace windlass::commands
