// Writing nodes as lines of text.
#include "node/cluster/reports_text.h"

namespace windlass::cluster {

namespace {

struct FlagName {
  uint16_t flag;
  const char* name;
};
constexpr FlagName kFlagNames[] = {
    {kFlagMyself, "myself"},       {kFlagMaster, "master"},     {kFlagReplica, "slave"},
    {kFlagPfail, "fail?"},         {kFlagFail, "fail"},         {kFlagHandshake, "handshake"},
    {kFlagNoAddress, "noaddr"},    {kFlagNoFailover, "nofailover"}};

void AppendFlags(const Node& node, std::string* line) {
  bool any = false;
  for (const FlagName& f : kFlagNames) {
    if (!node.Has(f.flag)) continue;
    if (any) line->push_back(',');
    line->append(f.name);
    any = true;
  }
  if (!any) line->append("noflags");
}

// " 0-5460 7000", remembered until the slots change.
const std::string& SlotsText(const Node& node) {
  if (node.text_version == node.slots_version) return node.slots_text;
  node.slots_text.clear();
  for (const slot::SlotRange& range : node.slots->Ranges()) {
    node.slots_text.append(" ").append(slot::ToString(range));
  }
  node.text_version = node.slots_version;
  return node.slots_text;
}

void AppendSlots(const Machine& m, const Node& node, std::string* line) {
  line->append(SlotsText(node));
  if (!node.IsMyself()) return;
  for (const auto& [slot, to] : m.slots.migrating()) {
    line->append(" [").append(std::to_string(slot)).append("->-").append(to->id.view()).append("]");
  }
  for (const auto& [slot, from] : m.slots.importing()) {
    line->append(" [").append(std::to_string(slot)).append("-<-").append(from->id.view()).append("]");
  }
}

// From the flags on: the same in both texts.
void AppendRest(const Machine& m, const Node& node, std::string* line) {
  line->push_back(' ');
  AppendFlags(node, line);
  line->push_back(' ');
  if (node.IsReplica() && node.replica_of != nullptr) {
    line->append(node.replica_of->id.view());
  } else {
    line->push_back('-');
  }
  line->push_back(' ');
  line->append(std::to_string(node.ping_sent_ms)).append(" ");
  line->append(std::to_string(node.pong_received_ms)).append(" ");
  line->append(std::to_string(node.ClaimEpoch())).append(" ");
  line->append(node.outbound != 0 || node.IsMyself() ? "connected" : "disconnected");
  AppendSlots(m, node, line);
}

void AppendEndpoint(const Node& node, uint16_t port, std::string* line) {
  line->append(node.id.view()).append(" ").append(node.address.ip).append(":");
  line->append(std::to_string(port)).append("@");
  line->append(std::to_string(node.address.bus_port));
}

}  // namespace

std::string NodeLine(const Machine& m, const Node& node) {
  std::string line;
  AppendEndpoint(node, node.address.port, &line);
  if (!node.hostname.empty()) line.append(",").append(node.hostname);
  AppendRest(m, node, &line);
  return line;
}

std::string NodesText(const Machine& m) {
  std::string text;
  for (const Node* node : m.nodes.all()) text.append(NodeLine(m, *node)).append("\n");
  return text;
}

std::string NodesConfText(const Machine& m) {
  std::string text;
  text.reserve(static_cast<size_t>(m.nodes.size()) * 220 + 64);
  for (const Node* node : m.nodes.all()) {
    if (node->InHandshake()) continue;
    // The port that is not the one in use is a field, as in 7.2.
    const Address& a = node->address;
    AppendEndpoint(*node, a.port, &text);
    text.append(",").append(node->hostname);
    if (!node->human_nodename.empty()) text.append(",nodename=").append(node->human_nodename);
    text.append(a.plaintext_port != 0 ? ",tcp-port=" : ",tls-port=");
    text.append(std::to_string(a.plaintext_port));
    text.append(",shard-id=").append(node->shard_id.view());
    AppendRest(m, *node, &text);
    text.push_back('\n');
  }
  text.append("vars currentEpoch ").append(std::to_string(m.current_epoch));
  text.append(" lastVoteEpoch ").append(std::to_string(m.last_vote_epoch));
  if (m.cluster_id != 0) text.append(" clusterId ").append(std::to_string(m.cluster_id));
  return text.append("\n");
}

}  // namespace windlass::cluster
