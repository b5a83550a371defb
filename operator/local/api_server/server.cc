// Puts the pieces together: store, API, collector and HTTP edge.
#include "operator/local/api_server/server.h"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "operator/local/api_server/collector.h"
#include "operator/local/api_server/http_server.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/service.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// Namespaces that a cluster has from its first moment.
void EnsureNamespaces(ObjectStore& store) {
  ObjectStore::Transaction tx(store);
  for (const char* name : {"default", "kube-system", "kube-public", "kube-node-lease"}) {
    ObjectKey key{"namespaces", "", name};
    if (tx.Get(key) != nullptr) continue;
    tx.Put(key, {{"apiVersion", "v1"},
                 {"kind", "Namespace"},
                 {"metadata",
                  {{"name", name},
                   {"uid", NewUid()},
                   {"creationTimestamp", NowText()},
                   {"labels", {{"kubernetes.io/metadata.name", name}}}}},
                 {"spec", {{"finalizers", json::array({"kubernetes"})}}},
                 {"status", {{"phase", "Active"}}}});
  }
}

}  // namespace

struct Server::Impl {
  explicit Impl(Options o) : options(std::move(o)) {}

  Options options;
  std::shared_ptr<PodLogs> early_logs;  // set before Start()
  std::unique_ptr<ObjectStore> store;
  std::unique_ptr<ResourceApi> api;
  std::unique_ptr<Service> service;
  std::unique_ptr<Collector> collector;
  std::unique_ptr<HttpServer> http;
  uint16_t port = 0;
};

Server::Server(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Server::~Server() { Stop(); }

void Server::Start() {
  Impl& s = *impl_;
  if (s.http != nullptr) throw std::logic_error("the API server is started already");
  ObjectStore::Limits limits;
  limits.history_events = s.options.history_limit;
  s.store = std::make_unique<ObjectStore>(s.options.data_dir, limits);
  EnsureNamespaces(*s.store);
  s.api = std::make_unique<ResourceApi>(*s.store);
  s.service = std::make_unique<Service>(*s.api, s.options.token);
  s.service->subresources().SetPodLogs(s.early_logs);
  s.collector = std::make_unique<Collector>(*s.api);
  s.http = std::make_unique<HttpServer>([&s](const Request& request) { return s.service->Handle(request); });
  try {
    s.http->Start(s.options.address, s.options.port);
  } catch (...) {
    s.http.reset();
    throw;
  }
  s.port = s.http->port();
  s.collector->Start();
}

void Server::Stop() {
  Impl& s = *impl_;
  if (s.http == nullptr) return;
  s.store->Wake();
  s.http->Stop();
  s.collector->Stop();
  s.http.reset();
  s.collector.reset();
  s.service.reset();
  s.api.reset();
  s.store.reset();
}

uint16_t Server::port() const { return impl_->port; }

std::string Server::url() const {
  return "http://" + impl_->options.address + ":" + std::to_string(impl_->port);
}

std::string Server::Kubeconfig() const {
  // JSON is YAML; kubectl reads either.
  json user = json::object();
  if (!impl_->options.token.empty()) user["token"] = impl_->options.token;
  json config = {
      {"apiVersion", "v1"},
      {"kind", "Config"},
      {"clusters", json::array({{{"name", "windlass-local"}, {"cluster", {{"server", url()}}}}})},
      {"users", json::array({{{"name", "windlass-local"}, {"user", user}}})},
      {"contexts",
       json::array({{{"name", "windlass-local"},
                     {"context",
                      {{"cluster", "windlass-local"}, {"user", "windlass-local"}, {"namespace", "default"}}}}})},
      {"current-context", "windlass-local"}};
  return config.dump(2) + "\n";
}

void Server::SetPodLogs(std::shared_ptr<PodLogs> logs) {
  impl_->early_logs = logs;
  if (impl_->service != nullptr) impl_->service->subresources().SetPodLogs(std::move(logs));
}

Reply Server::Call(const std::string& method, const std::string& target, const std::string& body,
                   const std::string& content_type) {
  if (impl_->service == nullptr) throw std::logic_error("the API server is not started");
  Request request;
  request.method = method;
  ParseTarget(target, request);
  request.body = body;
  request.content_type = content_type;
  request.user_agent = "windlass-local";
  if (!impl_->options.token.empty()) request.authorization = "Bearer " + impl_->options.token;
  Response response = impl_->service->Handle(request);
  if (response.stream) throw std::invalid_argument("Call() does not stream: " + target);
  return {response.status, response.content_type, response.body};
}

}  // namespace windlass::api_server
