// Parsers of what nodes answer about the cluster.
#include "operator/redis/parse.h"

#include "operator/base/text.h"

namespace windlass::redis {
namespace {

using base::Error;
using base::Result;
using topology::NodeLine;

// "ip:port@busport[,hostname[,name=value…]]"; the host may be empty or IPv6.
bool ParseEndpoint(const std::string& word, NodeLine& line) {
  const size_t comma = word.find(',');
  const std::string endpoint = word.substr(0, comma);
  const size_t at = endpoint.rfind('@');
  const std::string address = endpoint.substr(0, at);
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos) return false;
  const std::optional<int64_t> port = base::ParseInt(address.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535) return false;
  line.address = {address.substr(0, colon), static_cast<int>(*port)};
  if (at != std::string::npos) {
    const std::optional<int64_t> bus = base::ParseInt(endpoint.substr(at + 1));
    if (!bus || *bus < 0 || *bus > 65535) return false;
    line.bus_port = static_cast<int>(*bus);
  }
  if (comma == std::string::npos) return true;
  bool first = true;
  size_t from = comma + 1;
  while (from <= word.size()) {
    const size_t to = std::min(word.find(',', from), word.size());
    const std::string part = word.substr(from, to - from);
    const size_t equals = part.find('=');
    if (first && equals == std::string::npos) {
      line.hostname = part;
    } else if (equals != std::string::npos) {
      line.aux[part.substr(0, equals)] = part.substr(equals + 1);
    }
    first = false;
    from = to + 1;
  }
  return true;
}

void ParseFlags(const std::string& word, NodeLine& line) {
  for (const std::string& flag : base::SplitNonEmpty(word, ',')) {
    if (flag == "myself") line.myself = true;
    if (flag == "master") line.master = true;
    if (flag == "slave" || flag == "replica") line.replica = true;
    if (flag == "fail?") line.pfail = true;
    if (flag == "fail") line.fail = true;
    if (flag == "handshake") line.handshake = true;
    if (flag == "noaddr") line.noaddr = true;
    if (flag == "nofailover") line.nofailover = true;
  }
}

// "[93->-id]" or "[93-<-id]".
bool ParseOpenSlot(const std::string& word, NodeLine& line) {
  if (word.back() != ']') return false;
  const std::string body = word.substr(1, word.size() - 2);
  const bool migrating = body.find("->-") != std::string::npos;
  const size_t arrow = body.find(migrating ? "->-" : "-<-");
  if (arrow == std::string::npos || arrow + 3 >= body.size()) return false;
  const std::optional<int64_t> slot = base::ParseInt(body.substr(0, arrow));
  if (!slot || *slot < 0 || *slot >= slot::kSlotCount) return false;
  (migrating ? line.migrating : line.importing)[static_cast<slot::SlotId>(*slot)] = body.substr(arrow + 3);
  return true;
}

topology::Address AddressOf(const std::map<std::string, std::string>& fields, const char* host, const char* port) {
  const auto h = fields.find(host);
  const auto p = fields.find(port);
  if (h == fields.end() || p == fields.end()) return {};
  return {h->second, static_cast<int>(base::ParseInt(p->second).value_or(0))};
}

std::string Field(const std::map<std::string, std::string>& fields, const std::string& name) {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

}  // namespace

Result<NodeLine> ParseClusterNodesLine(std::string_view text) {
  const std::vector<std::string> words = base::SplitNonEmpty(text, ' ');
  if (words.size() < 8) return Error{"has " + std::to_string(words.size()) + " fields, not 8 or more"};
  NodeLine line;
  line.id = words[0];
  if (!ParseEndpoint(words[1], line)) return Error{"has no valid address: " + words[1]};
  ParseFlags(words[2], line);
  if (words[3] != "-") line.master_id = words[3];
  const auto ping = base::ParseInt(words[4]);
  const auto pong = base::ParseInt(words[5]);
  const auto epoch = base::ParseUint(words[6]);
  if (!ping || !pong || !epoch) return Error{"has a time or an epoch that is not a number"};
  line.ping_sent_ms = *ping;
  line.pong_received_ms = *pong;
  line.config_epoch = *epoch;
  line.link_connected = words[7] == "connected";
  for (size_t i = 8; i < words.size(); ++i) {
    if (words[i].front() == '[') {
      if (!ParseOpenSlot(words[i], line)) return Error{"has an open slot that makes no sense: " + words[i]};
      continue;
    }
    const auto range = slot::ParseSlotRange(words[i]);
    if (!range) return Error{"has a slot range that makes no sense: " + words[i]};
    line.slots.push_back(*range);
  }
  return line;
}

Result<std::vector<NodeLine>> ParseClusterNodes(std::string_view text) {
  std::vector<NodeLine> nodes;
  int number = 0;
  bool myself = false;
  for (const std::string_view line : base::Lines(text)) {
    ++number;
    if (base::Trim(line).empty()) continue;
    auto node = ParseClusterNodesLine(line);
    if (!node) return Error{"line " + std::to_string(number) + " of CLUSTER NODES " + node.error()};
    myself = myself || node->myself;
    nodes.push_back(std::move(*node));
  }
  if (!myself) return Error{"CLUSTER NODES has no line flagged myself"};
  return nodes;
}

std::map<std::string, std::string> ParseInfo(std::string_view text) {
  std::map<std::string, std::string> fields;
  for (const std::string_view line : base::Lines(text)) {
    const size_t colon = line.find(':');
    if (line.empty() || line.front() == '#' || colon == std::string_view::npos) continue;
    fields[std::string(line.substr(0, colon))] = std::string(line.substr(colon + 1));
  }
  return fields;
}

std::map<std::string, std::string> ParseInfoValue(std::string_view text) {
  std::map<std::string, std::string> fields;
  for (const std::string& part : base::SplitNonEmpty(text, ',')) {
    const size_t equals = part.find('=');
    if (equals != std::string::npos) fields[part.substr(0, equals)] = part.substr(equals + 1);
  }
  return fields;
}

topology::ReplicationReport ParseReplication(const std::map<std::string, std::string>& info) {
  topology::ReplicationReport report;
  report.master = Field(info, "role") != "slave";
  report.replication_id = Field(info, "master_replid");
  const char* const offset = report.master ? "master_repl_offset" : "slave_repl_offset";
  report.offset = base::ParseInt(Field(info, offset)).value_or(0);
  if (!report.master) {
    report.master_address = AddressOf(info, "master_host", "master_port");
    report.link_up = Field(info, "master_link_status") == "up";
    report.sync_in_progress = Field(info, "master_sync_in_progress") == "1";
    report.link_down_seconds = base::ParseInt(Field(info, "master_link_down_since_seconds")).value_or(-1);
  }
  const int64_t replicas = base::ParseInt(Field(info, "connected_slaves")).value_or(0);
  for (int64_t i = 0; i < replicas; ++i) {
    const auto found = info.find("slave" + std::to_string(i));
    if (found == info.end()) continue;
    const auto fields = ParseInfoValue(found->second);
    report.replicas.push_back({AddressOf(fields, "ip", "port"), Field(fields, "state"),
                               base::ParseInt(Field(fields, "offset")).value_or(0),
                               base::ParseInt(Field(fields, "lag")).value_or(0)});
  }
  return report;
}

}  // namespace windlass::redis
