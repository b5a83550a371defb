// Implementation of the helpers for metadata.
#include "operator/local/api_server/object_meta.h"

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>
#include <random>
#include <regex>

namespace windlass::api_server {

using nlohmann::json;

std::string NowText(int64_t plus_seconds) {
  std::time_t now = std::time(nullptr) + plus_seconds;
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

std::optional<int64_t> ParseTime(const std::string& text) {
  std::tm parts{};
  const char* rest = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  if (rest == nullptr) return std::nullopt;
  if (*rest == '.') {
    ++rest;
    while (*rest >= '0' && *rest <= '9') ++rest;
  }
  int64_t offset = 0;
  int hours = 0;
  int minutes = 0;
  char sign = 0;
  if (std::sscanf(rest, "%c%2d:%2d", &sign, &hours, &minutes) == 3 && (sign == '+' || sign == '-')) {
    offset = (hours * 60 + minutes) * 60 * (sign == '-' ? -1 : 1);
  } else if (std::string(rest) != "Z") {
    return std::nullopt;
  }
  return static_cast<int64_t>(timegm(&parts)) - offset;
}

namespace {

std::string RandomText(const char* alphabet, size_t alphabet_size, size_t length) {
  std::random_device device;
  std::string text;
  for (size_t i = 0; i < length; ++i) text += alphabet[device() % alphabet_size];
  return text;
}

}  // namespace

std::string NewUid() {
  std::string hex = RandomText("0123456789abcdef", 16, 32);
  hex[12] = '4';
  hex[16] = "89ab"[static_cast<unsigned char>(hex[16]) % 4];
  return hex.substr(0, 8) + "-" + hex.substr(8, 4) + "-" + hex.substr(12, 4) + "-" +
         hex.substr(16, 4) + "-" + hex.substr(20);
}

std::string RandomSuffix() { return RandomText("bcdfghjklmnpqrstvwxz2456789", 27, 5); }

const json& At(const json& object, const std::vector<std::string>& path) {
  static const json kNull;
  const json* at = &object;
  for (const std::string& name : path) {
    if (!at->is_object()) return kNull;
    auto it = at->find(name);
    if (it == at->end()) return kNull;
    at = &*it;
  }
  return *at;
}

std::string TextAt(const json& object, const std::vector<std::string>& path) {
  const json& value = At(object, path);
  return value.is_string() ? value.get<std::string>() : "";
}

int64_t IntegerAt(const json& object, const std::vector<std::string>& path) {
  const json& value = At(object, path);
  return value.is_number() ? value.get<int64_t>() : 0;
}

std::string MetaText(const json& object, const char* name) {
  return TextAt(object, {"metadata", name});
}

bool HasFinalizers(const json& object) {
  const json& finalizers = At(object, {"metadata", "finalizers"});
  return finalizers.is_array() && !finalizers.empty();
}

bool HasFinalizer(const json& object, const std::string& name) {
  const json& list = At(object, {"metadata", "finalizers"});
  return list.is_array() && std::find(list.begin(), list.end(), json(name)) != list.end();
}

void SetFinalizer(json& object, const std::string& name, bool wanted) {
  json kept = json::array();
  for (const json& one : At(object, {"metadata", "finalizers"})) {
    if (one != name) kept.push_back(one);
  }
  if (wanted) kept.push_back(name);
  if (kept.empty()) {
    object["metadata"].erase("finalizers");
  } else {
    object["metadata"]["finalizers"] = kept;
  }
}

bool IsDeleting(const json& object) { return !MetaText(object, "deletionTimestamp").empty(); }

namespace {

const char kSubdomainRule[] =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

const char kLabelValueRule[] =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  "
    "or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

const char kLabelNameRule[] =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end "
    "with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for "
    "validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

bool FullMatch(const char* pattern, const std::string& text) {
  return text.size() <= 1024 && std::regex_match(text, std::regex(pattern));
}

void CheckQualifiedName(const std::string& key, const std::string& field,
                        std::vector<Cause>& causes) {
  size_t slash = key.find('/');
  std::string name = slash == std::string::npos ? key : key.substr(slash + 1);
  if (name.empty() || name.size() > 63 ||
      !FullMatch("([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", name)) {
    causes.push_back(
        {"FieldValueInvalid", "Invalid value: " + json(key).dump() + ": " + kLabelNameRule, field});
  }
}

void CheckStringMap(const json& meta, const char* name, bool values_are_labels,
                    std::vector<Cause>& causes) {
  auto it = meta.find(name);
  if (it == meta.end() || !it->is_object()) return;
  std::string field = std::string("metadata.") + name;
  for (auto entry = it->begin(); entry != it->end(); ++entry) {
    CheckQualifiedName(entry.key(), field, causes);
    if (!values_are_labels || !entry->is_string()) continue;
    std::string value = *entry;
    if (value.size() > 63 || !FullMatch("(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", value)) {
      causes.push_back(
          {"FieldValueInvalid", "Invalid value: " + entry->dump() + ": " + kLabelValueRule, field});
    }
  }
}

}  // namespace

std::vector<Cause> ValidateMetadata(const json& object, bool namespaced) {
  std::vector<Cause> causes;
  const json& meta = object["metadata"];
  std::string name = MetaText(object, "name");
  if (name.empty()) {
    causes.push_back(
        {"FieldValueRequired", "Required value: name or generateName is required", "metadata.name"});
  } else if (name.size() > 253 ||
             !FullMatch("[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", name)) {
    causes.push_back({"FieldValueInvalid",
                      "Invalid value: " + json(name).dump() + ": " + kSubdomainRule,
                      "metadata.name"});
  }
  if (!namespaced && !MetaText(object, "namespace").empty()) {
    causes.push_back({"FieldValueForbidden", "Forbidden: not allowed on this type",
                      "metadata.namespace"});
  }
  CheckStringMap(meta, "labels", true, causes);
  CheckStringMap(meta, "annotations", false, causes);
  return causes;
}

void DropNulls(json& value) {
  if (value.is_array()) {
    for (json& item : value) DropNulls(item);
    return;
  }
  if (!value.is_object()) return;
  for (auto it = value.begin(); it != value.end();) {
    if (it->is_null()) {
      it = value.erase(it);
    } else {
      DropNulls(*it);
      ++it;
    }
  }
}

}  // namespace windlass::api_server
