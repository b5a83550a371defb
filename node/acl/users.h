// All users by name, and their text form: an ACL file or the user lines of a
// configuration file. The default user is always there.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/acl/user.h"

namespace windlass::acl {

// Shared with the clients that speak for the user. A change of rules changes the
// object; a user that was deleted lives on until its last client is gone.
using UserPtr = std::shared_ptr<User>;

class Users {
 public:
  explicit Users(const Catalog* catalog);
  Users(const Users&) = delete;
  Users& operator=(const Users&) = delete;

  const Catalog& catalog() const { return *catalog_; }
  // acl-pubsub-default: for users made from now on.
  void set_all_channels_at_first(bool all) { all_channels_at_first_ = all; }

  UserPtr Find(std::string_view name) const;  // null: no such user
  const UserPtr& default_user() const { return default_; }
  const std::map<std::string, UserPtr, std::less<>>& all() const { return users_; }

  // What the named user, known or not yet, would be with these rules added.
  bool Prepare(std::string_view name, const std::vector<std::string_view>& rules, User* changed,
               User::RuleError* error) const;
  User Fresh(std::string_view name) const;
  // Puts it in the place of the user of that name.
  void Put(User user);
  bool Remove(std::string_view name);

  // The password of the default user; empty: none is needed.
  void SetDefaultPassword(std::string_view password);

  // One line of a file, "user NAME rules", each ended by a newline.
  std::string ToText() const;
  std::vector<std::string> Lines() const;  // without "user "
  // All users of a file. On failure nothing of `this` has changed and the text says
  // all that is wrong.
  using Table = std::map<std::string, User, std::less<>>;
  base::Result<Table> Parse(std::string_view text, const std::string& file) const;
  // Users that are not in the table are gone, others become what it says.
  void Replace(Table table);

 private:
  const Catalog* catalog_;
  bool all_channels_at_first_ = false;
  std::map<std::string, UserPtr, std::less<>> users_;
  UserPtr default_;
};

}  // namespace windlass::acl
