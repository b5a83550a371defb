// One user: whether it may come in, with what, and what it may do then.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "node/acl/selector.h"

namespace windlass::acl {

class User {
 public:
  // A user that may do nothing. `all_channels`: acl-pubsub-default.
  User(std::string name, bool all_channels);

  const std::string& name() const { return name_; }
  bool enabled() const { return enabled_; }
  bool needs_no_password() const { return no_password_; }
  const std::vector<std::string>& passwords() const { return passwords_; }  // hashes
  // The root selector first.
  const std::vector<Selector>& selectors() const { return selectors_; }
  std::vector<std::string_view> FlagWords() const;

  // Applies one rule. On an error nothing of it has been done.
  base::Result<void> Apply(const Catalog& catalog, std::string_view rule);
  // The rules' argument words, where a selector in parentheses may be split over
  // several. On an error `bad_rule`, if there is one, is the rule it is about.
  struct RuleError {
    std::string rule;  // empty: `reason` says all
    std::string reason;
  };
  bool ApplyAll(const Catalog& catalog, const std::vector<std::string_view>& words, RuleError* error);

  bool AcceptsPassword(std::string_view password) const;
  Verdict Check(const Request& request) const;
  // Whether one of the selectors that allow it may read keys of any name, too.
  bool AllowsReadingAnyKey(const Request& request) const;
  // True while nothing it could ask for would be refused.
  bool IsUnrestricted() const;
  bool AllowsChannel(std::string_view channel, bool is_pattern) const;

  // "on nopass ~* &* +@all": what follows the name in an ACL file.
  std::string Describe() const;

 private:
  base::Result<void> ApplySelector(const Catalog& catalog, std::string_view rule);
  base::Result<void> ApplyPassword(std::string_view rule);
  void Reset(const Catalog& catalog);

  std::string name_;
  bool enabled_ = false;
  bool no_password_ = false;
  bool sanitizes_payload_ = true;
  bool all_channels_at_first_;
  std::vector<std::string> passwords_;
  std::vector<Selector> selectors_;
};

// Joins the words of a selector that was split: "(+get", "~k)" is one rule. False: the
// parenthesis that begins in *unmatched is never closed.
bool JoinSelectors(const std::vector<std::string_view>& words, std::vector<std::string>* rules, std::string* unmatched);

}  // namespace windlass::acl
