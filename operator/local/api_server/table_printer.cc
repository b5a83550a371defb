// JSON paths, durations and rows of custom resources.
#include "operator/local/api_server/table_printer.h"

#include <ctime>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/builtin_rows.h"
#include "operator/local/api_server/object_meta.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// Walks one path over all values it matches so far.
class PathWalker {
 public:
  PathWalker(const std::string& path, const json& root) : path_(path), matches_{&root} {}

  json Run() {
    if (Peek() == '{') ++at_;
    if (Peek() == '$') ++at_;
    while (at_ < path_.size() && path_[at_] != '}') {
      if (path_[at_] == '.') {
        ++at_;
        if (Peek() == '[') continue;
        Field(ReadName());
      } else if (path_[at_] == '[') {
        ++at_;
        Bracket();
      } else {
        Field(ReadName());
      }
      if (matches_.empty()) return json();
    }
    return *matches_[0];
  }

 private:
  char Peek() const { return at_ < path_.size() ? path_[at_] : '\0'; }

  std::string ReadName() {
    std::string name;
    while (at_ < path_.size() && std::string_view(".[]}").find(path_[at_]) == std::string_view::npos) {
      if (path_[at_] == '\\' && at_ + 1 < path_.size()) ++at_;
      name += path_[at_++];
    }
    if (name.empty() && at_ < path_.size()) ++at_;  // always moves on
    return name;
  }

  void Field(const std::string& name) {
    std::vector<const json*> next;
    for (const json* one : matches_) {
      if (name == "*") {
        for (const json& child : *one) next.push_back(&child);
      } else if (one->is_object() && one->contains(name)) {
        next.push_back(&(*one)[name]);
      }
    }
    matches_ = next;
  }

  void Bracket() {
    size_t end = path_.find(']', at_);
    if (end == std::string::npos) {
      matches_.clear();
      at_ = path_.size();
      return;
    }
    std::string inside = path_.substr(at_, end - at_);
    at_ = end + 1;
    if (inside == "*") {
      Field("*");
    } else if (inside.size() >= 2 && (inside[0] == '\'' || inside[0] == '"')) {
      Field(inside.substr(1, inside.size() - 2));
    } else if (inside.rfind("?(@.", 0) == 0) {
      Where(inside.substr(4, inside.size() - 5));
    } else {
      Index(std::strtol(inside.c_str(), nullptr, 10));
    }
  }

  void Index(long index) {
    std::vector<const json*> next;
    for (const json* one : matches_) {
      long size = static_cast<long>(one->size());
      long i = index < 0 ? size + index : index;
      if (one->is_array() && i >= 0 && i < size) next.push_back(&(*one)[static_cast<size_t>(i)]);
    }
    matches_ = next;
  }

  // name=="value"
  void Where(const std::string& condition) {
    size_t equals = condition.find("==");
    if (equals == std::string::npos) {
      matches_.clear();
      return;
    }
    auto trim = [](std::string text) {
      while (!text.empty() && (text.back() == ' ' || text.back() == '"' || text.back() == '\'')) text.pop_back();
      size_t begin = text.find_first_not_of(" \"'");
      return begin == std::string::npos ? std::string() : text.substr(begin);
    };
    std::string name = trim(condition.substr(0, equals));
    std::string wanted = trim(condition.substr(equals + 2));
    std::vector<const json*> next;
    for (const json* one : matches_) {
      for (const json& child : *one) {
        if (!child.is_object() || !child.contains(name)) continue;
        const json& value = child[name];
        if ((value.is_string() ? value.get<std::string>() : value.dump()) == wanted) next.push_back(&child);
      }
    }
    matches_ = next;
  }

  const std::string& path_;
  size_t at_ = 0;
  std::vector<const json*> matches_;
};

json CustomCell(const PrinterColumn& column, const json& object) {
  json value = EvaluateJsonPath(column.json_path, object);
  if (column.type == "date") {
    auto time = value.is_string() ? ParseTime(value) : std::nullopt;
    return time ? json(HumanDuration(std::time(nullptr) - *time)) : json("<unknown>");
  }
  if (column.type == "integer" || column.type == "number") return value.is_number() ? value : json();
  if (column.type == "boolean") return value.is_boolean() ? value : json();
  if (value.is_null()) return json();
  return value.is_string() ? value : json(value.dump());
}

}  // namespace

json EvaluateJsonPath(const std::string& path, const json& object) {
  return PathWalker(path, object).Run();
}

std::string HumanDuration(int64_t seconds) {
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  auto two = [](int64_t a, const char* unit_a, int64_t b, const char* unit_b) {
    std::string text = std::to_string(a) + unit_a;
    return b == 0 ? text : text + std::to_string(b) + unit_b;
  };
  if (seconds < 120) return std::to_string(seconds) + "s";
  int64_t minutes = seconds / 60;
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return std::to_string(minutes) + "m";
  int64_t hours = minutes / 60;
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return std::to_string(hours) + "h";
  if (hours < 24 * 8) return two(hours / 24, "d", hours % 24, "h");
  if (hours < 24 * 365 * 2) return std::to_string(hours / 24) + "d";
  if (hours < 24 * 365 * 8) return two(hours / 24 / 365, "y", hours / 24 % 365, "d");
  return std::to_string(hours / 24 / 365) + "y";
}

json TableColumns(const ResourceInfo& info) {
  json columns = json::array();
  columns.push_back({{"name", "Name"},
                     {"type", "string"},
                     {"format", "name"},
                     {"description", "Name must be unique within a namespace."},
                     {"priority", 0}});
  for (const PrinterColumn& column : info.builtin ? BuiltinColumns(info) : info.columns) {
    columns.push_back({{"name", column.name},
                       {"type", column.type},
                       {"format", column.format},
                       {"description", column.description},
                       {"priority", column.priority}});
  }
  return columns;
}

json TableRow(const ResourceInfo& info, const json& object, const std::string& include_object) {
  json row = {{"cells", json::array({MetaText(object, "name")})}};
  if (info.builtin) {
    for (json& cell : BuiltinCells(info, object)) row["cells"].push_back(std::move(cell));
  } else {
    for (const PrinterColumn& column : info.columns) {
      row["cells"].push_back(CustomCell(column, object));
    }
  }
  if (include_object == "Object") {
    row["object"] = object;
  } else if (include_object == "Metadata") {
    row["object"] = {{"kind", "PartialObjectMetadata"},
                     {"apiVersion", "meta.k8s.io/v1"},
                     {"metadata", object.value("metadata", json::object())}};
  }
  return row;
}

}  // namespace windlass::api_server
