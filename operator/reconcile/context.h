// What a pass works with: caches, client, lease, events. Owned by main.
#pragma once

#include <chrono>
#include <string>

#include "operator/informer/store.h"
#include "operator/kube/client.h"
#include "operator/kube/events.h"

namespace windlass::reconcile {

// Whether this operator may act. Asked before every change.
class Fence {
 public:
  virtual ~Fence() = default;
  // True if nobody else will act for at least this long.
  virtual bool HeldFor(std::chrono::milliseconds margin) const = 0;
};

struct Caches {
  informer::Store& clusters;
  informer::Store& pods;
  informer::Store& claims;
  informer::Store& services;
  informer::Store& config_maps;
  informer::Store& secrets;
  informer::Store& budgets;
  informer::Store& network_policies;
  informer::Store* nodes;  // null: not watched
};

struct Context {
  kube::Client& client;
  Caches caches;
  kube::EventRecorder& events;
  const Fence& fence;
  std::string default_image;
  std::string image_pull_policy;  // empty: left to Kubernetes
};

// Throws base::Failure if the lease does not cover what is to be done.
void RequireLease(const Context& context, std::chrono::milliseconds duration);

}  // namespace windlass::reconcile
