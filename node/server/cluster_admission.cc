// Where a command on keys of one slot is served: here, or where the error says.
//
// The order of the checks, and so which error a client sees, is Redis's.
#include "node/commands/command.h"
#include "node/config/config.h"
#include "node/keyspace/keyspace.h"
#include "node/server/cluster_driver.h"

namespace windlass::server {
namespace {

using cluster::RouteKind;

constexpr std::string_view kSlotNotServed = "CLUSTERDOWN Hash slot not served";
constexpr std::string_view kDown = "CLUSTERDOWN The cluster is down";
constexpr std::string_view kDownForWrites =
    "CLUSTERDOWN The cluster is down and only accepts read commands";
constexpr std::string_view kTryAgain = "TRYAGAIN Multiple keys request during rehashing of slot";

}  // namespace

bool ClusterDriver::Admit(const commands::SlotQuestion& question, std::string* error) {
  const auto refuse = [error](std::string_view text) {
    error->assign(text);
    return false;
  };
  if (core_ == nullptr) return refuse(kDown);
  const cluster::Route route = core_->RouteOf(question.slot);
  if (route.kind == RouteKind::kUnassigned) return refuse(kSlotNotServed);

  const bool writes = (question.command_flags & commands::kWrite) != 0;
  const bool sharded_pubsub = (question.command_flags & commands::kPubSub) != 0;
  if (!core_->StateOk()) {
    if (sharded_pubsub) {
      if (!node_->config->Bool("cluster-allow-pubsubshard-when-down")) return refuse(kDown);
    } else if (!core_->options().allow_reads_when_down) {
      return refuse(kDown);
    } else if (writes) {
      return refuse(kDownForWrites);
    }
  }

  const bool asking = (question.client_flags & client::kAsking) != 0 ||
                      (question.command_flags & commands::kAskingFlag) != 0;
  switch (route.kind) {
    case RouteKind::kOwn:
      return true;
    case RouteKind::kMigrating:
      if (question.is_migrate || sharded_pubsub) return true;
      return AdmitIfPresent(question, route, error);
    case RouteKind::kImporting:
      if (question.is_migrate) return true;
      if (!asking) break;
      if (question.keys.size() > 1 && CountMissing(question) > 0) return refuse(kTryAgain);
      return true;
    case RouteKind::kMyMasters:
      if ((question.client_flags & client::kReadonlyMode) != 0 && !writes &&
          ((question.command_flags & commands::kReadonly) != 0 || sharded_pubsub)) {
        if (route.other == cluster::kNoNode || sharded_pubsub) return true;
        return AdmitIfPresent(question, route, error);  // the master has sent some keys away
      }
      if (sharded_pubsub) return true;
      break;
    case RouteKind::kMoved:
    case RouteKind::kUnassigned:
      break;
  }
  return refuse(Redirection("MOVED", question.slot, route.owner));
}

// Of a slot that keys leave for route.other.
bool ClusterDriver::AdmitIfPresent(const commands::SlotQuestion& question, const cluster::Route& route, std::string* error) {
  const size_t missing = CountMissing(question);
  if (missing == 0) return true;
  *error = missing < question.keys.size() ? std::string(kTryAgain) : Redirection("ASK", question.slot, route.other);
  return false;
}

std::string_view ClusterDriver::CrossSlotError(slot::SlotId first_key_slot) const {
  if (core_ != nullptr && core_->RouteOf(first_key_slot).kind == RouteKind::kUnassigned) {
    return kSlotNotServed;
  }
  return commands::kCrossSlot;
}

// A key past its time counts as missing, as it does for the command itself.
size_t ClusterDriver::CountMissing(const commands::SlotQuestion& question) const {
  size_t missing = 0;
  for (const std::string_view key : question.keys) {
    const keyspace::Entry* entry = question.db->Peek(question.slot, key);
    if (entry == nullptr || entry->IsExpired(question.now_ms)) ++missing;
  }
  return missing;
}

std::string ClusterDriver::Redirection(const char* word, slot::SlotId slot,
                                       cluster::NodeIndex node) const {
  const cluster::NodeEndpoint to = core_->Endpoint(node);
  return std::string(word) + " " + std::to_string(slot) + " " + PreferredEndpoint(to) + ":" +
         std::to_string(to.address.port);
}

std::string ClusterDriver::PreferredEndpoint(const cluster::NodeEndpoint& node) const {
  switch (EndpointTypeFrom(*node_->config)) {
    case EndpointType::kHostname:
      return node.hostname.empty() ? "?" : node.hostname;
    case EndpointType::kUnknown:
      return "";
    case EndpointType::kIp:
      break;
  }
  return node.address.ip;
}

}  // namespace windlass::server
