// See passwords.h.
#include "operator/reconcile/passwords.h"

#include <nlohmann/json.hpp>

#include "operator/api/names.h"
#include "operator/base/encoding.h"
#include "operator/base/failure.h"
#include "operator/reconcile/node_settings.h"

namespace windlass::reconcile {
namespace {

using Json = nlohmann::json;

constexpr int kPasswordLength = 32;
constexpr std::chrono::milliseconds kWriteTime{2000};

std::string PasswordIn(const Json& secret, const std::string& name) {
  const std::string text = secret.value("data", Json::object()).value("password", "");
  std::string password = base::Base64Decode(text);
  while (!password.empty() && (password.back() == '\n' || password.back() == '\r')) password.pop_back();
  if (password.empty()) throw base::Failure("secret " + name + " has no key \"password\", or it is empty");
  if (password.find_first_of(std::string("\r\n\0", 3)) != std::string::npos) {
    throw base::Failure("secret " + name + ": the password must be one line");
  }
  return password;
}

std::string VersionIn(const Json& secret) { return secret.at("metadata").value("resourceVersion", ""); }

std::string CurrentPassword(const Context& context, const api::RedisCluster& cluster, PasswordSource* source) {
  if (cluster.spec.auth.mode == api::Auth::Mode::kNone) return "";
  const std::string& space = cluster.metadata.name_space;
  const bool generated = cluster.spec.auth.mode == api::Auth::Mode::kGenerated;
  const std::string name = generated ? api::PasswordSecretName(cluster.metadata.name) : cluster.spec.auth.secret_name;
  // Before the text: what changes in between is then not taken for read.
  *source = {name, context.caches.secrets.VersionOf(space + "/" + name)};
  if (const auto held = context.caches.secrets.Find(space + "/" + name)) return PasswordIn(*held, name);
  if (const auto live = context.client.Get(kube::kSecrets, space, name)) {
    source->version = VersionIn(*live);
    return PasswordIn(*live, name);
  }
  if (!generated) throw base::Failure("spec.auth.secretName: there is no secret " + name);
  RequireLease(context, kWriteTime);
  const std::string password = base::RandomPassword(kPasswordLength);
  const Json secret = resources::BuildPasswordSecret(cluster, password);
  context.caches.secrets.Observe(context.client.Create(kube::kSecrets, space, secret));
  return password;
}

// Nobody is left who knows only the earlier one.
bool AllTold(const Context& context, const api::RedisCluster& cluster, const std::string& mark) {
  for (const auto& pod : context.caches.pods.WithLabel(cluster.metadata.name_space, cluster.metadata.name)) {
    const Json annotations = pod->at("metadata").value("annotations", Json::object());
    if (NodeSettingsFromText(annotations.value(api::kAnnotationSettings, "")).passwords != mark) return false;
  }
  return true;
}

}  // namespace

resources::Passwords EnsurePasswords(const Context& context, const api::RedisCluster& cluster, int64_t now_ms, PasswordSource* source) {
  resources::Passwords wanted;
  wanted.current = CurrentPassword(context, cluster, source);
  const std::string name = api::NodeSecretName(cluster.metadata.name);
  const auto held = context.caches.secrets.Find(cluster.metadata.name_space + "/" + name);
  if (held == nullptr) return wanted;
  const resources::Passwords before = resources::PasswordsIn(*held);
  // One change after the other: there may be nodes that know only the earlier one.
  const bool changing = before.until_ms != 0 && !AllTold(context, cluster, MarkOf(before));
  if (changing) {
    wanted = before;
  } else if (before.current != wanted.current) {
    wanted.earlier = before.current;
    wanted.until_ms = now_ms + int64_t{1000} * cluster.spec.auth.overlap_seconds;
  } else if (now_ms < before.until_ms) {
    wanted = before;
  }
  return wanted;
}

std::string VersionOfSecret(const Context& context, const std::string& name_space, const std::string& name) {
  if (std::string held = context.caches.secrets.VersionOf(name_space + "/" + name); !held.empty()) return held;
  const auto live = context.client.Get(kube::kSecrets, name_space, name);
  return live ? VersionIn(*live) : "";
}

std::string BindingPassword(const Context& context, const api::RedisCluster& cluster, const resources::Passwords& passwords) {
  const bool known_everywhere = passwords.until_ms == 0 || AllTold(context, cluster, MarkOf(passwords));
  return known_everywhere ? passwords.current : passwords.earlier;
}

std::string MarkOf(const resources::Passwords& passwords) {
  const std::string both = passwords.current + std::string(1, '\0') + passwords.earlier;
  return base::Sha256Hex(both).substr(0, 16);
}

std::vector<redis::Command> AcceptCommands(const redis::AdminOptions& admin) {
  const std::string& current = admin.credentials.password;
  if (current.empty()) return {{"ACL", "SETUSER", "default", "nopass"}};
  if (!admin.earlier || admin.earlier->password.empty()) return {{"CONFIG", "SET", "requirepass", current}};
  return {{"ACL", "SETUSER", "default", ">" + current, ">" + admin.earlier->password}};
}

std::vector<redis::Command> UseCommands(const redis::AdminOptions& admin) {
  return {{"CONFIG", "SET", "masterauth", admin.credentials.password}};
}

}  // namespace windlass::reconcile
