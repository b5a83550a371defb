// See cluster_identity.h.
#include "node/cluster/cluster_identity.h"

#include "node/cluster/heartbeat.h"
#include "node/cluster/send.h"

namespace windlass::cluster {

namespace {
constexpr int64_t kLogMs = 10000;

using ULL = unsigned long long;
}  // namespace

void TurnAway(Machine& m, Node* linked, const MessageReceived& input) {
  const Header& header = input.message->header;
  if (m.foreign_log_ms == 0 || m.now - m.foreign_log_ms >= kLogMs) {
    m.foreign_log_ms = m.now;
    LogF(m, LogLevel::kWarning, "Ignoring node %s at %s: it is of cluster %016llx, this node of %016llx.",
         header.sender.str().c_str(), input.remote_ip.c_str(), static_cast<ULL>(header.cluster_id),
         static_cast<ULL>(m.cluster_id));
  }
  if (linked == nullptr) return;
  if (linked->InHandshake()) {
    DropNode(m, linked);
  } else {
    DisownAddress(m, linked);
  }
}

void LearnCluster(Machine& m, const Header& header) {
  if (m.cluster_id != 0 || header.cluster_id == 0) return;
  LogF(m, LogLevel::kNotice, "This node is of cluster %016llx now.", static_cast<ULL>(header.cluster_id));
  m.cluster_id = header.cluster_id;
  m.Save();
}

void NameCluster(Machine& m, uint64_t id) {
  if (id == 0 || id == m.cluster_id) return;
  m.cluster_id = id;
  m.Save();
}

}  // namespace windlass::cluster
