// See token.h.
#include "operator/kube/token.h"

#include <fstream>
#include <iterator>

namespace windlass::kube {
namespace {
constexpr std::chrono::seconds kReadEvery{60};
}

std::string Token::Get() {
  const std::lock_guard lock(mutex_);
  if (file_.empty()) return value_;
  const auto now = std::chrono::steady_clock::now();
  if (fresh_ && now - read_at_ < kReadEvery) return value_;
  std::ifstream file(file_, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  if (!text.empty()) value_ = std::move(text);
  read_at_ = now;
  fresh_ = true;
  return value_;
}

void Token::Expire() {
  const std::lock_guard lock(mutex_);
  fresh_ = false;
}

}  // namespace windlass::kube
