// What the API server, or the way to it, refused.
#pragma once

#include <string>

#include "operator/base/failure.h"

namespace windlass::kube {

class KubeError : public base::Failure {
 public:
  // status 0: no answer; what the server did is unknown.
  KubeError(int status, std::string reason, const std::string& message)
      : Failure(message), status_(status), reason_(std::move(reason)) {}

  int status() const { return status_; }
  const std::string& reason() const { return reason_; }  // Status.reason: "Conflict", "NotFound"
  bool not_found() const { return status_ == 404; }
  bool already_exists() const { return status_ == 409 && reason_ == "AlreadyExists"; }
  // The object is newer than what the change was based on, or is another one.
  bool conflict() const { return status_ == 409 && reason_ != "AlreadyExists"; }
  bool gone() const { return status_ == 410; }

 private:
  int status_;
  std::string reason_;
};

}  // namespace windlass::kube
