// Reading nodes.conf. Writing it is in reports_text.cc, beside CLUSTER NODES.
#include "node/cluster/nodes_conf.h"

#include <charconv>
#include <optional>
#include <utility>

namespace windlass::cluster {

namespace {

using Fields = std::vector<std::string_view>;

Fields Split(std::string_view text, char separator) {
  Fields fields;
  size_t start = 0;
  while (start <= text.size()) {
    size_t end = text.find(separator, start);
    if (end == std::string_view::npos) end = text.size();
    fields.push_back(text.substr(start, end - start));
    start = end + 1;
  }
  return fields;
}

template <typename T>
bool ParseNumber(std::string_view text, T* number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *number);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

using Problem = std::optional<std::string>;  // what is wrong, or nothing

Problem ParseAux(std::string_view field, NodesConf::Node* node) {
  const size_t eq = field.find('=');
  if (eq == std::string_view::npos) return "field '" + std::string(field) + "' has no value";
  const std::string_view name = field.substr(0, eq);
  const std::string_view value = field.substr(eq + 1);
  if (name == "shard-id") {
    const auto id = NodeId::Parse(value);
    if (!id) return "bad shard-id '" + std::string(value) + "'";
    node->shard_id = *id;
  } else if (name == "nodename") {
    node->human_nodename = value;
  } else if (name == "tls-port") {
    uint16_t port = 0;  // another port than the one in use: nothing to keep
    if (!ParseNumber(value, &port)) return "bad tls-port '" + std::string(value) + "'";
  } else if (name == "tcp-port") {
    uint16_t port = 0;
    if (!ParseNumber(value, &port)) return "bad tcp-port '" + std::string(value) + "'";
    node->address.plaintext_port = port;
  } else {
    return "unknown field '" + std::string(name) + "'";
  }
  return std::nullopt;
}

// ip:port[@bus_port][,hostname[,name=value…]]
Problem ParseAddress(std::string_view text, NodesConf::Node* node) {
  const Fields parts = Split(text, ',');
  const std::string_view endpoint = parts[0];
  const size_t colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return "address '" + std::string(text) + "' has no port";
  node->address.ip = endpoint.substr(0, colon);
  std::string_view port = endpoint.substr(colon + 1);
  std::string_view bus;
  if (const size_t at = port.find('@'); at != std::string_view::npos) {
    bus = port.substr(at + 1);
    port = port.substr(0, at);
  }
  if (!ParseNumber(port, &node->address.port)) return "bad port in '" + std::string(text) + "'";
  if (bus.empty()) {
    node->address.bus_port = static_cast<uint16_t>(node->address.port + 10000);
  } else if (!ParseNumber(bus, &node->address.bus_port)) {
    return "bad bus port in '" + std::string(text) + "'";
  }
  if (parts.size() > 1) node->hostname = parts[1];
  for (size_t i = 2; i < parts.size(); ++i) {
    if (const Problem problem = ParseAux(parts[i], node)) return problem;
  }
  return std::nullopt;
}

Problem ParseFlags(std::string_view text, NodesConf::Node* node) {
  for (const std::string_view flag : Split(text, ',')) {
    if (flag == "myself") {
      node->flags |= kFlagMyself;
    } else if (flag == "master") {
      node->flags |= kFlagMaster;
    } else if (flag == "slave") {
      node->flags |= kFlagReplica;
    } else if (flag == "fail?") {
      node->flags |= kFlagPfail;
    } else if (flag == "fail") {
      node->flags |= kFlagFail;
    } else if (flag == "handshake") {
      node->flags |= kFlagHandshake;
    } else if (flag == "noaddr") {
      node->flags |= kFlagNoAddress;
    } else if (flag == "nofailover") {
      node->flags |= kFlagNoFailover;
    } else if (flag != "noflags") {
      return "unknown flag '" + std::string(flag) + "'";
    }
  }
  return std::nullopt;
}

// [slot->-id] or [slot-<-id]
Problem ParseOpenSlot(std::string_view text, NodesConf::Node* node) {
  const Problem bad = "bad slot '" + std::string(text) + "'";
  if (text.back() != ']') return bad;
  const std::string_view inside = text.substr(1, text.size() - 2);
  const size_t dash = inside.find('-');
  if (dash == std::string_view::npos || inside.size() < dash + 3) return bad;
  NodesConf::OpenSlot open;
  const auto id = NodeId::Parse(inside.substr(dash + 3));
  const std::string_view arrow = inside.substr(dash, 3);
  if (!id || !ParseNumber(inside.substr(0, dash), &open.slot) || open.slot >= slot::kSlotCount) return bad;
  if (arrow != "->-" && arrow != "-<-") return bad;
  open.importing = arrow == "-<-";
  open.other = *id;
  node->open_slots.push_back(open);
  return std::nullopt;
}

Problem ParseSlots(const Fields& fields, NodesConf::Node* node) {
  for (size_t i = 8; i < fields.size(); ++i) {
    if (fields[i].empty()) continue;
    if (fields[i].front() == '[') {
      if (const Problem problem = ParseOpenSlot(fields[i], node)) return problem;
      continue;
    }
    const auto range = slot::ParseSlotRange(fields[i]);
    if (!range.ok()) return "bad slot '" + std::string(fields[i]) + "'";
    node->slots.push_back(*range);
  }
  return std::nullopt;
}

Problem ParseNode(const Fields& fields, NodesConf* conf) {
  if (fields.size() < 8) return "it has " + std::to_string(fields.size()) + " fields, a node has 8 or more";
  NodesConf::Node node;
  const auto id = NodeId::Parse(fields[0]);
  if (!id) return "bad node id '" + std::string(fields[0]) + "'";
  node.id = *id;
  for (const NodesConf::Node& other : conf->nodes) {
    if (other.id == node.id) return "node " + node.id.str() + " is listed twice";
  }
  if (Problem problem = ParseAddress(fields[1], &node)) return problem;
  if (Problem problem = ParseFlags(fields[2], &node)) return problem;
  if (fields[3] != "-") {
    const auto master = NodeId::Parse(fields[3]);
    if (!master) return "bad master id '" + std::string(fields[3]) + "'";
    node.replica_of = *master;
  }
  if (!ParseNumber(fields[4], &node.ping_sent_ms) || !ParseNumber(fields[5], &node.pong_received_ms)) {
    return "bad ping or pong time";
  }
  if (!ParseNumber(fields[6], &node.config_epoch) || node.config_epoch > kMaxEpoch) return "bad config epoch";
  if (Problem problem = ParseSlots(fields, &node)) return problem;
  conf->nodes.push_back(std::move(node));
  return std::nullopt;
}

Problem ParseVars(const Fields& fields, NodesConf* conf) {
  for (size_t i = 1; i + 1 < fields.size(); i += 2) {
    uint64_t value = 0;
    if (!ParseNumber(fields[i + 1], &value)) return "bad number '" + std::string(fields[i + 1]) + "'";
    if (fields[i] != "clusterId" && value > kMaxEpoch) return "bad epoch '" + std::string(fields[i + 1]) + "'";
    if (fields[i] == "currentEpoch") {
      conf->current_epoch = value;
    } else if (fields[i] == "lastVoteEpoch") {
      conf->last_vote_epoch = value;
    } else if (fields[i] == "clusterId") {
      conf->cluster_id = value;
    }
  }
  return fields.size() >= 5 ? Problem() : Problem("the vars are cut short");
}

// What only the whole file can show.
Problem CheckWhole(const NodesConf& conf) {
  int myself = 0;
  slot::SlotSet owned;
  for (const NodesConf::Node& node : conf.nodes) {
    if ((node.flags & kFlagMyself) != 0) ++myself;
    for (const slot::SlotRange& range : node.slots) {
      for (int s = range.first; s <= range.last; ++s) {
        if (owned.Contains(static_cast<slot::SlotId>(s))) return "slot " + std::to_string(s) + " has two owners";
        owned.Add(static_cast<slot::SlotId>(s));
      }
    }
  }
  if (myself != 1) return "it has " + std::to_string(myself) + " lines for this node (flag myself), needs one";
  return std::nullopt;
}

}  // namespace

base::Result<NodesConf> ParseNodesConf(std::string_view text) {
  NodesConf conf;
  bool vars = false;
  int number = 0;
  size_t start = 0;
  while (start < text.size()) {
    ++number;
    size_t end = text.find('\n', start);
    if (end == std::string_view::npos) return base::Error{"line " + std::to_string(number) + ": cut short"};
    std::string_view line = text.substr(start, end - start);
    start = end + 1;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    const Fields fields = Split(line, ' ');
    const bool is_vars = fields[0] == "vars";
    vars = vars || is_vars;
    const Problem problem = is_vars ? ParseVars(fields, &conf) : ParseNode(fields, &conf);
    if (problem) return base::Error{"line " + std::to_string(number) + ": " + *problem};
  }
  if (const Problem problem = CheckWhole(conf)) return base::Error{"the file as a whole: " + *problem};
  if (!vars) return base::Error{"the file as a whole: the last line, vars, is missing"};
  return conf;
}

}  // namespace windlass::cluster
