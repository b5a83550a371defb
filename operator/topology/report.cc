// Addresses and the small questions one report can answer.
#include "operator/topology/report.h"

#include "operator/base/text.h"

namespace windlass::topology {

std::string ToString(const Address& address) {
  return address.host + ":" + std::to_string(address.port);
}

std::optional<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::optional<int64_t> port = base::ParseInt(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  return Address{std::string(host), static_cast<int>(*port)};
}

std::optional<std::string> NodeReport::Info(const std::string& field) const {
  const auto found = info.find(field);
  if (found == info.end()) return std::nullopt;
  return found->second;
}

std::optional<int64_t> NodeReport::InfoInt(const std::string& field) const {
  const auto found = info.find(field);
  return found == info.end() ? std::nullopt : base::ParseInt(found->second);
}

bool NodeReport::ClusterStateOk() const {
  const auto found = cluster_info.find("cluster_state");
  return found != cluster_info.end() && found->second == "ok";
}

bool NodeReport::Loading() const { return InfoInt("loading").value_or(0) != 0; }

}  // namespace windlass::topology
