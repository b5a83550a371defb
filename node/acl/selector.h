// One set of permissions: which commands, on which keys and channels. A user has a
// root selector and may have more; it may do what any one of them allows.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "node/acl/catalog.h"
#include "node/base/result.h"

namespace windlass::acl {

enum Permission : uint8_t { kRead = 1, kWrite = 2 };

// What a command is about to touch.
struct KeyUse {
  std::string_view key;
  uint8_t permissions;  // Permission bits; none: the key is only named
  int argument;         // its index, for the log
};
struct ChannelUse {
  std::string_view channel;
  bool is_pattern;
  int argument;
};
struct Request {
  int command = 0;
  bool anybody = false;  // allowed whatever the rules say: AUTH, HELLO ...
  std::string_view first_argument;  // behind the command's name
  bool has_first_argument = false;
  std::span<const KeyUse> keys;
  std::span<const ChannelUse> channels;
};

// Ordered: of several selectors' denials the greatest is told.
enum class Denial : uint8_t { kNone, kCommand, kKey, kAuth, kChannel };
struct Verdict {
  Denial denial = Denial::kNone;
  int argument = 0;  // which one
};

// What Apply says of a name that the catalog does not have.
inline constexpr std::string_view kUnknownName = "Unknown command or category name in ACL";

class Selector {
 public:
  explicit Selector(bool all_channels) : all_channels_(all_channels) {}

  // Applies one rule: "+get", "%R~key*", "resetchannels" ... The error is what Redis
  // says of it.
  base::Result<void> Apply(const Catalog& catalog, std::string_view rule);
  Verdict Check(const Request& request) const;
  // Whether it may read keys of any name.
  bool ReadsEveryKey() const;

  // Every command on every key and channel.
  bool AllowsEverything() const { return all_commands_ && all_keys_ && all_channels_; }
  bool all_channels() const { return all_channels_; }
  const std::vector<std::string>& channels() const { return channels_; }
  // Whether a subscription to this channel, or to this pattern, is allowed.
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;

  std::string DescribeCommands() const;
  std::string DescribeKeys() const;
  std::string DescribeChannels() const;
  std::string Describe() const;  // as in an ACL file

 private:
  struct KeyPattern {
    std::string pattern;
    uint8_t permissions;
  };

  base::Result<void> AddKeyPattern(std::string_view pattern, uint8_t permissions);
  base::Result<void> AddChannel(std::string_view pattern);
  base::Result<void> ApplyKeyRule(std::string_view rule);
  base::Result<void> Allow(const Catalog& catalog, std::string_view command);
  base::Result<void> Forbid(const Catalog& catalog, std::string_view command);
  base::Result<void> ApplyCategory(const Catalog& catalog, std::string_view name, bool allow);
  void SetAll(bool allow);
  void Set(const Catalog& catalog, int id, bool allow);
  void SetBit(int id, bool allow);
  void Remember(std::string_view rule, bool allow);
  bool AllowsCommand(const Request& request) const;
  bool AllowsKey(const KeyUse& use) const;

  bool all_commands_ = false;  // and nothing was taken away since
  bool base_allows_ = false;   // of commands not spoken of: the last of +@all and -@all
  bool all_keys_ = false;
  bool all_channels_;
  std::vector<bool> allowed_;  // by command, where it is not base_allows_
  std::map<int, std::vector<std::string>> first_arguments_;  // "+select|0"
  std::vector<KeyPattern> keys_;
  std::vector<std::string> channels_;
  std::vector<std::string> rules_;  // after the base, as they will be told: "+get"
};

}  // namespace windlass::acl
