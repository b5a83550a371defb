// Where the API server is and as whom to speak to it: from a kubeconfig file or
// from what a pod is given.
#pragma once

#include <string>

namespace windlass::kube {

struct Access {
  std::string server;  // "https://10.0.0.1:6443"
  std::string name_space = "default";
  std::string ca_pem;  // empty: the system's authorities
  bool insecure_skip_verify = false;
  std::string client_certificate_pem;
  std::string client_key_pem;
  std::string token;       // used if token_file is empty
  std::string token_file;  // read again as it is rotated
};

// The current context of a kubeconfig. Throws base::Failure naming the file and
// what it lacks.
Access LoadKubeconfig(const std::string& path);
// The service account of the pod we run in. Throws base::Failure if there is none.
Access LoadInCluster();
// `path` if not empty; else $KUBECONFIG; else in-cluster; else ~/.kube/config.
Access FindAccess(const std::string& path);

}  // namespace windlass::kube
