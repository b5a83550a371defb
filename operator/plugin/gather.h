// What a question about a RedisCluster needs, asked for as the person whose kubeconfig it
// is. What that person may not read is left out.
#pragma once

#include <string>

#include "operator/kube/client.h"
#include "operator/plugin/actions.h"
#include "operator/plugin/seen.h"

namespace windlass::plugin {

// Throws base::Failure if there is no such cluster.
Json ClusterOf(kube::Client& client, const Target& target);

// `metrics_url`: where the operator's figures are, "http://127.0.0.1:8080"; empty: they are
// asked for through the API server, at the pod that holds the lease.
Seen Gather(kube::Client& client, kube::Transport& transport, const Target& target, const std::string& metrics_url);

}  // namespace windlass::plugin
