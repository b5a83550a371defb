// Decoding of targets, paths and Accept headers.
#include "operator/local/api_server/request.h"

#include <sstream>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {

namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string Decode(std::string_view text, bool plus_is_space) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && HexValue(text[i + 1]) >= 0 &&
        HexValue(text[i + 2]) >= 0) {
      out += static_cast<char>(HexValue(text[i + 1]) * 16 + HexValue(text[i + 2]));
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, separator);) parts.push_back(part);
  return parts;
}

std::string Trim(const std::string& text) {
  size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace

std::string Request::Query(const std::string& name) const {
  auto it = query.find(name);
  return it == query.end() ? "" : it->second;
}

bool Request::QueryTrue(const std::string& name) const {
  std::string value = Query(name);
  return value == "true" || value == "1";
}

void ParseTarget(std::string_view target, Request& request) {
  size_t mark = target.find('?');
  request.path = Decode(target.substr(0, mark), false);
  if (mark == std::string_view::npos) return;
  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    size_t end = rest.find('&');
    std::string_view pair = rest.substr(0, end);
    rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
    size_t equals = pair.find('=');
    std::string name = Decode(pair.substr(0, equals), true);
    request.query[name] =
        equals == std::string_view::npos ? "" : Decode(pair.substr(equals + 1), true);
  }
}

std::optional<ResourcePath> ParseResourcePath(const std::string& path) {
  std::vector<std::string> parts;
  for (const std::string& part : Split(path, '/')) {
    if (!part.empty()) parts.push_back(part);
  }
  ResourcePath result;
  size_t at = 0;
  if (parts.size() >= 3 && parts[0] == "api") {
    result.version = parts[1];
    at = 2;
  } else if (parts.size() >= 4 && parts[0] == "apis") {
    result.group = parts[1];
    result.version = parts[2];
    at = 3;
  } else {
    return std::nullopt;
  }
  if (parts[at] == "watch") return std::nullopt;  // the old watch paths
  // /namespaces/NAME alone, or with status or finalize, is the namespace itself.
  bool of_namespace = parts[at] == "namespaces" && parts.size() >= at + 3 &&
                      !(parts.size() == at + 3 &&
                        (parts[at + 2] == "status" || parts[at + 2] == "finalize"));
  if (of_namespace) {
    result.name_space = parts[at + 1];
    at += 2;
  }
  result.plural = parts[at];
  if (parts.size() > at + 1) result.name = parts[at + 1];
  if (parts.size() > at + 2) result.subresource = parts[at + 2];
  if (parts.size() > at + 3) return std::nullopt;  // proxies and the like
  return result;
}

Output ParseOutput(const Request& request) {
  Output output;
  if (std::string include = request.Query("includeObject"); !include.empty()) {
    output.include_object = include;
  }
  if (Trim(request.accept).empty()) return output;
  for (const std::string& offer : Split(request.accept, ',')) {
    std::vector<std::string> parts = Split(offer, ';');
    std::string type = parts.empty() ? "" : Trim(parts[0]);
    if (type != "application/json" && type != "*/*" && type != "application/*") continue;
    std::string as, version, group;
    for (const std::string& raw : parts) {
      std::string part = Trim(raw);
      if (part.rfind("as=", 0) == 0) as = part.substr(3);
      if (part.rfind("v=", 0) == 0) version = part.substr(2);
      if (part.rfind("g=", 0) == 0) group = part.substr(2);
    }
    if (as.empty()) return output;
    if (group != "meta.k8s.io" || version != "v1") continue;
    if (as == "Table") {
      output.form = Output::Form::kTable;
      return output;
    }
    if (as == "PartialObjectMetadata" || as == "PartialObjectMetadataList") {
      output.form = Output::Form::kMetadata;
      return output;
    }
  }
  throw ApiError(406, "NotAcceptable",
                 "only the following media types are accepted: application/json, "
                 "application/json;as=Table;v=v1;g=meta.k8s.io");
}

}  // namespace windlass::api_server
