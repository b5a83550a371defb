// A bearer token that may be rotated under us: Kubernetes rewrites the file.
#pragma once

#include <chrono>
#include <mutex>
#include <string>

namespace windlass::kube {

class Token {
 public:
  // With a file, `fixed` is ignored.
  Token(std::string fixed, std::string file) : value_(std::move(fixed)), file_(std::move(file)) {}

  // The token, or empty for none. The file is read again once a minute, and at
  // once after Expire(). A file that cannot be read leaves the last token in use.
  std::string Get();
  // The server refused the token.
  void Expire();

 private:
  std::mutex mutex_;
  std::string value_;
  const std::string file_;
  std::chrono::steady_clock::time_point read_at_{};
  bool fresh_ = false;
};

}  // namespace windlass::kube
