// Transport over HTTP or HTTPS, on cpprestsdk.
#pragma once

#include <memory>

#include "operator/kube/kubeconfig.h"
#include "operator/kube/transport.h"

namespace windlass::kube {

// Starts the HTTP library's thread pool; its default is forty threads.
// REQUIRES: called once, before the first RestTransport.
void StartHttpThreads(int threads);

class RestTransport final : public Transport {
 public:
  explicit RestTransport(Access access);
  ~RestTransport() override;

  HttpResponse Send(const HttpRequest& request) override;
  HttpResponse Stream(const HttpRequest& request, const LineSink& sink, std::stop_token stop) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace windlass::kube
