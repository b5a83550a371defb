// See kubeconfig.h.
#include "operator/kube/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "operator/base/encoding.h"
#include "operator/base/failure.h"

namespace windlass::kube {
namespace {

constexpr char kServiceAccountDir[] = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::string ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw base::Failure("cannot read " + path);
  return std::string(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
}

std::string Text(const YAML::Node& node, const std::string& key) {
  return node && node[key] ? node[key].as<std::string>("") : "";
}

std::string Environment(const char* name) {
  const char* value = std::getenv(name);  // read before threads start
  return value == nullptr ? "" : value;
}

// The entry of a list of {name, <field>} with this name.
YAML::Node Named(const YAML::Node& list, const std::string& name, const std::string& field,
                 const std::string& path) {
  for (const YAML::Node& entry : list) {
    if (Text(entry, "name") == name && entry[field]) return entry[field];
  }
  throw base::Failure(path + ": no entry \"" + name + "\" with a " + field);
}

// A file's content, inline as base64 (<key>-data) or by name, relative to the kubeconfig.
std::string DataOrFile(const YAML::Node& node, const std::string& key, const std::string& folder) {
  if (const std::string data = Text(node, key + "-data"); !data.empty()) {
    return base::Base64Decode(data);
  }
  const std::string name = Text(node, key);
  if (name.empty()) return "";
  return ReadWhole(name.front() == '/' ? name : folder + name);
}

void ReadUser(const YAML::Node& user, const std::string& name, const std::string& path, Access* access) {
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  access->client_certificate_pem = DataOrFile(user, "client-certificate", folder);
  access->client_key_pem = DataOrFile(user, "client-key", folder);
  access->token = Text(user, "token");
  access->token_file = Text(user, "tokenFile");
  if (!access->token_file.empty() && access->token_file.front() != '/') {
    access->token_file = folder + access->token_file;
  }
  if (user["exec"] || user["auth-provider"]) {
    throw base::Failure(path + ": user \"" + name +
                        "\" needs an exec or auth-provider plugin, which is not supported; use a token or a client certificate");
  }
}

}  // namespace

Access LoadKubeconfig(const std::string& path) {
  YAML::Node config;
  try {
    config = YAML::Load(ReadWhole(path));
  } catch (const YAML::Exception& error) {
    throw base::Failure(path + " is not YAML: " + error.what());
  }
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  const std::string current = Text(config, "current-context");
  if (current.empty()) throw base::Failure(path + ": current-context is not set");
  const YAML::Node context = Named(config["contexts"], current, "context", path);
  const YAML::Node cluster = Named(config["clusters"], Text(context, "cluster"), "cluster", path);

  Access access;
  access.server = Text(cluster, "server");
  if (access.server.empty()) {
    throw base::Failure(path + ": the cluster of context \"" + current + "\" has no server");
  }
  if (const std::string space = Text(context, "namespace"); !space.empty()) access.name_space = space;
  access.ca_pem = DataOrFile(cluster, "certificate-authority", folder);
  access.insecure_skip_verify = Text(cluster, "insecure-skip-tls-verify") == "true";
  if (const std::string name = Text(context, "user"); !name.empty()) {
    ReadUser(Named(config["users"], name, "user", path), name, path, &access);
  }
  return access;
}

Access LoadInCluster() {
  const std::string host = Environment("KUBERNETES_SERVICE_HOST");
  const std::string port = Environment("KUBERNETES_SERVICE_PORT");
  if (host.empty() || port.empty()) {
    throw base::Failure(
        "not inside a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set; give --kubeconfig");
  }
  Access access;
  const bool ipv6 = host.find(':') != std::string::npos;
  access.server = "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
  access.token_file = std::string(kServiceAccountDir) + "token";
  access.ca_pem = ReadWhole(std::string(kServiceAccountDir) + "ca.crt");
  access.name_space = ReadWhole(std::string(kServiceAccountDir) + "namespace");
  return access;
}

Access FindAccess(const std::string& path) {
  if (!path.empty()) return LoadKubeconfig(path);
  if (const std::string named = Environment("KUBECONFIG"); !named.empty()) return LoadKubeconfig(named);
  if (!Environment("KUBERNETES_SERVICE_HOST").empty()) return LoadInCluster();
  const std::string home = Environment("HOME") + "/.kube/config";
  if (std::ifstream(home)) return LoadKubeconfig(home);
  return LoadInCluster();
}

}  // namespace windlass::kube
