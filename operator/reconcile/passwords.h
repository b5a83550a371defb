// The passwords of the nodes, and how one takes the place of another.
//
// After a change both are accepted for spec.auth.overlapSeconds, and until every
// node has been told: no client is refused, and no replica, whichever it has. The
// earlier one is kept in the node secret, so that an operator that is restarted
// can still log in where the new one is not known yet.
#pragma once

#include <string>
#include <vector>

#include "operator/reconcile/context.h"
#include "operator/redis/redis_admin.h"
#include "operator/resources/builders.h"

namespace windlass::reconcile {

// The Secret that a password was read from, and which version of it.
struct PasswordSource {
  std::string name;  // empty: there is no password
  std::string version;
};

// Makes the secret in mode Generated. Throws base::Failure naming the secret if
// one is missing or has no password.
resources::Passwords EnsurePasswords(const Context& context, const api::RedisCluster& cluster, int64_t now_ms, PasswordSource* source);

// Which one it has now; empty: there is none. A Secret of the user's own has no label of
// ours, so it is not watched and the API server is asked.
std::string VersionOfSecret(const Context& context, const std::string& name_space, const std::string& name);

// What applications are given: the new one once every node accepts it.
std::string BindingPassword(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords);

// Names a pair of passwords without telling them: what a node was told.
std::string MarkOf(const resources::Passwords& passwords);

// In this order, the first at every node before the second at any.
std::vector<redis::Command> AcceptCommands(const redis::AdminOptions& admin);
std::vector<redis::Command> UseCommands(const redis::AdminOptions& admin);

}  // namespace windlass::reconcile
