// See metrics_text.h.
#include "node/observe/metrics_text.h"

#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>
#include <vector>

#include "node/observe/metrics_table.h"

namespace windlass::observe {
namespace {

using Fields = std::map<std::string_view, std::string_view>;
using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

// The name of a field without its prefix, and its parts "a=1,b=2".
struct Group {
  std::string_view label;
  std::map<std::string_view, std::string_view> parts;
};

Fields ParseFields(std::string_view text, std::vector<std::pair<std::string_view, std::string_view>>* ordered) {
  Fields fields;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text = newline == std::string_view::npos ? std::string_view() : text.substr(newline + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || colon == std::string_view::npos) continue;
    fields.emplace(line.substr(0, colon), line.substr(colon + 1));
    ordered->emplace_back(line.substr(0, colon), line.substr(colon + 1));
  }
  return fields;
}

std::map<std::string_view, std::string_view> ParseParts(std::string_view text) {
  std::map<std::string_view, std::string_view> parts;
  while (!text.empty()) {
    const size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view() : text.substr(comma + 1);
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos) parts.emplace(part.substr(0, equals), part.substr(equals + 1));
  }
  return parts;
}

// Words that INFO has where a metric is a number.
bool NumberOf(std::string_view text, double* number) {
  if (text == "ok" || text == "up") return *number = 1, true;
  if (text == "err" || text == "down" || text == "fail") return *number = 0, true;
  const std::string copy(text);
  char* end = nullptr;
  *number = std::strtod(copy.c_str(), &end);
  return end != copy.c_str();
}

class Exposition {
 public:
  void Describe(std::string_view name, std::string_view kind, std::string_view help) {
    out_.append("# HELP redis_").append(name).append(" ").append(help).append("\n# TYPE redis_");
    out_.append(name).append(" ").append(kind).append("\n");
  }
  void Sample(std::string_view name, const Labels& labels, double value) {
    out_.append("redis_").append(name);
    for (size_t i = 0; i < labels.size(); ++i) {
      out_.append(i == 0 ? "{" : ",").append(labels[i].first).append("=\"");
      Escape(labels[i].second);
      out_ += '"';
    }
    if (!labels.empty()) out_ += '}';
    char text[40];
    std::snprintf(text, sizeof text, " %.17g\n", value);
    out_ += text;
  }
  std::string Take() { return std::move(out_); }

 private:
  void Escape(std::string_view value) {
    for (const char c : value) {
      if (c == '\\' || c == '"') out_ += '\\';
      if (c == '\n') {
        out_ += "\\n";
      } else {
        out_ += c;
      }
    }
  }
  std::string out_;
};

// One metric over all fields of a family: a part of each, labelled by its name.
struct Family {
  std::string_view label;
  std::string_view part;
  std::string_view name;
  std::string_view kind;
  double scale;
  std::string_view help;
};

void WriteFamily(const std::vector<Group>& groups, const Family& family, Exposition* out) {
  bool described = false;
  for (const Group& group : groups) {
    const auto part = group.parts.find(family.part);
    double value;
    if (part == group.parts.end() || !NumberOf(part->second, &value)) continue;
    if (!described) out->Describe(family.name, family.kind, family.help);
    described = true;
    out->Sample(family.name, {{family.label, group.label}}, value * family.scale);
  }
}

bool IsDatabase(std::string_view name) {
  return name.size() > 2 && name.substr(0, 2) == "db" && name.find_first_not_of("0123456789", 2) == std::string_view::npos;
}

bool IsReplica(std::string_view name) {
  return name.size() > 5 && name.substr(0, 5) == "slave" && name.find_first_not_of("0123456789", 5) == std::string_view::npos;
}

void WriteReplicas(const std::vector<Group>& replicas, Exposition* out) {
  constexpr std::pair<std::string_view, std::string_view> kParts[] = {
      {"offset", "connected_slave_offset_bytes"}, {"lag", "connected_slave_lag_seconds"}};
  for (const auto& [part, name] : kParts) {
    bool described = false;
    for (const Group& replica : replicas) {
      const auto get = [&replica](std::string_view key) {
        const auto it = replica.parts.find(key);
        return it == replica.parts.end() ? std::string_view() : it->second;
      };
      double value;
      if (!NumberOf(get(part), &value)) continue;
      if (!described) out->Describe(name, "gauge", part == "lag" ? "Seconds since the replica was heard" : "What the replica has acknowledged");
      described = true;
      out->Sample(name, {{"slave_ip", get("ip")}, {"slave_port", get("port")}, {"slave_state", get("state")}}, value);
    }
  }
}

void WriteInstance(const Fields& fields, Exposition* out) {
  Labels labels;
  for (const std::string_view name : {"role", "redis_version", "windlass_version", "redis_mode", "os", "tcp_port", "run_id",
                                      "maxmemory_policy", "master_replid"}) {
    if (const auto it = fields.find(name); it != fields.end()) labels.emplace_back(name, it->second);
  }
  out->Describe("instance_info", "gauge", "What this server is");
  out->Sample("instance_info", labels, 1);
}

void WritePercentiles(const std::vector<Group>& groups, Exposition* out) {
  if (groups.empty()) return;
  out->Describe("latency_percentiles_usec", "gauge", "Microseconds that so many percent of a command's calls stayed within");
  for (const Group& group : groups) {
    for (const auto& [part, text] : group.parts) {
      double value;
      if (part.size() < 2 || !NumberOf(text, &value)) continue;
      out->Sample("latency_percentiles_usec", {{"cmd", group.label}, {"quantile", part.substr(1)}}, value);
    }
  }
}

constexpr Family kFamilies[] = {
    {"cmd", "calls", "commands_total", "counter", 1, "Calls of a command"},
    {"cmd", "usec", "commands_duration_seconds_total", "counter", 1e-6, "Time spent in a command"},
    {"cmd", "rejected_calls", "commands_rejected_calls_total", "counter", 1, "Calls refused before execution"},
    {"cmd", "failed_calls", "commands_failed_calls_total", "counter", 1, "Calls that ended in an error"},
};
constexpr Family kDatabaseFamilies[] = {
    {"db", "keys", "db_keys", "gauge", 1, "Keys of a database"},
    {"db", "expires", "db_keys_expiring", "gauge", 1, "Keys with a time to live"},
    {"db", "avg_ttl", "db_avg_ttl_seconds", "gauge", 1e-3, "Mean time to live of those keys"},
};
constexpr Family kErrors = {"err", "count", "errors_total", "counter", 1, "Error replies by their first word"};

}  // namespace

std::string MetricsText(std::string_view text) {
  std::vector<std::pair<std::string_view, std::string_view>> ordered;
  const Fields fields = ParseFields(text, &ordered);
  std::vector<Group> commands, errors, percentiles, databases, replicas;
  constexpr std::string_view kCommand = "cmdstat_", kError = "errorstat_", kPercentile = "latency_percentiles_usec_";
  for (const auto& [name, value] : ordered) {
    if (name.starts_with(kCommand)) commands.push_back({name.substr(kCommand.size()), ParseParts(value)});
    if (name.starts_with(kError)) errors.push_back({name.substr(kError.size()), ParseParts(value)});
    if (name.starts_with(kPercentile)) percentiles.push_back({name.substr(kPercentile.size()), ParseParts(value)});
    if (IsDatabase(name)) databases.push_back({name, ParseParts(value)});
    if (IsReplica(name)) replicas.push_back({name, ParseParts(value)});
  }
  Exposition out;
  out.Describe("up", "gauge", "Whether the server answers");
  out.Sample("up", {}, 1);
  WriteInstance(fields, &out);
  for (const Metric& metric : MetricTable()) {
    const auto field = fields.find(metric.field);
    double value;
    if (field == fields.end() || !NumberOf(field->second, &value)) continue;
    out.Describe(metric.name, metric.counter ? "counter" : "gauge", metric.help);
    out.Sample(metric.name, {}, value * metric.scale);
  }
  for (const Family& family : kDatabaseFamilies) WriteFamily(databases, family, &out);
  for (const Family& family : kFamilies) WriteFamily(commands, family, &out);
  WriteFamily(errors, kErrors, &out);
  WritePercentiles(percentiles, &out);
  WriteReplicas(replicas, &out);
  return out.Take();
}

}  // namespace windlass::observe
