// The exception of the operator and the tool.
//
// I/O may throw; a reconcile pass is caught once, in the controller's worker, a
// command of the tool once, in its main. The message is a full sentence for a
// person and names what was being done and to whom.
#pragma once

#include <stdexcept>
#include <string>

namespace windlass::base {

class Failure : public std::runtime_error {
 public:
  explicit Failure(const std::string& message) : std::runtime_error(message) {}
};

}  // namespace windlass::base
