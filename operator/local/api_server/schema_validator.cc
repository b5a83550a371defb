// Validation of an object by a structural schema, with Kubernetes's messages.
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "operator/local/api_server/schema.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// Below this, a pattern is tried on a string; std::regex recurses by character.
constexpr size_t kLongestMatchedString = 4096;

class Validator {
 public:
  void Check(const json& schema, const json& value, const std::string& path);
  std::vector<Cause> Take() { return std::move(causes_); }

 private:
  void CheckType(const std::string& wanted, const json& value, const std::string& path);
  void CheckNumber(const json& schema, const json& value, const std::string& path);
  void CheckString(const json& schema, const json& value, const std::string& path);
  void CheckArray(const json& schema, const json& value, const std::string& path);
  void CheckListType(const json& schema, const json& value, const std::string& path);
  void CheckObject(const json& schema, const json& value, const std::string& path);
  void CheckCombinations(const json& schema, const json& value, const std::string& path);
  void Bad(const std::string& path, const json& value, const std::string& text) {
    causes_.push_back({"FieldValueInvalid", "Invalid value: " + value.dump() + ": " + text, path});
  }
  bool Passes(const json& schema, const json& value, const std::string& path) const {
    Validator inner;
    inner.Check(schema, value, path);
    return inner.causes_.empty();
  }

  std::vector<Cause> causes_;
};

std::string TypeOf(const json& value) {
  if (value.is_null()) return "null";
  if (value.is_boolean()) return "boolean";
  if (value.is_string()) return "string";
  if (value.is_array()) return "array";
  if (value.is_object()) return "object";
  if (value.is_number_integer()) return "integer";
  return std::trunc(value.get<double>()) == value.get<double>() ? "integer" : "number";
}

std::string NumberText(const json& number) {
  if (number.is_number_integer()) return number.dump();
  double value = number.get<double>();
  return std::trunc(value) == value && std::fabs(value) < 1e15
             ? std::to_string(static_cast<long long>(value))
             : number.dump();
}

bool IsTrue(const json& schema, const char* name) {
  auto it = schema.find(name);
  return it != schema.end() && it->is_boolean() && it->get<bool>();
}

void Validator::Check(const json& schema, const json& value, const std::string& path) {
  if (value.is_null() && IsTrue(schema, "nullable")) return;
  size_t before = causes_.size();
  if (IsTrue(schema, "x-kubernetes-int-or-string")) {
    std::string type = TypeOf(value);
    if (type != "integer" && type != "string") {
      Bad(path, type, path + " in body must be of type integer,string: \"" + type + "\"");
    }
  } else if (auto type = schema.find("type"); type != schema.end() && type->is_string()) {
    CheckType(*type, value, path);
  }
  if (causes_.size() != before) return;  // nothing else makes sense of a wrong type
  if (auto allowed = schema.find("enum"); allowed != schema.end()) {
    bool found = false;
    std::string list;
    for (const json& one : *allowed) {
      found = found || one == value;
      list += (list.empty() ? "" : ", ") + one.dump();
    }
    if (!found) {
      causes_.push_back({"FieldValueNotSupported",
                         "Unsupported value: " + value.dump() + ": supported values: " + list,
                         path});
    }
  }
  if (value.is_number()) CheckNumber(schema, value, path);
  if (value.is_string()) CheckString(schema, value, path);
  if (value.is_array()) CheckArray(schema, value, path);
  if (value.is_object()) CheckObject(schema, value, path);
  CheckCombinations(schema, value, path);
}

void Validator::CheckType(const std::string& wanted, const json& value, const std::string& path) {
  std::string actual = TypeOf(value);
  if (wanted == actual || (wanted == "number" && actual == "integer")) return;
  causes_.push_back({"FieldValueTypeInvalid", "Invalid value: \"" + actual + "\": " + path + " in body must be of type " + wanted + ": \"" + actual + "\"", path});
}

void Validator::CheckNumber(const json& schema, const json& value, const std::string& path) {
  const double number = value.get<double>();
  if (auto it = schema.find("minimum"); it != schema.end()) {
    double minimum = it->get<double>();
    bool exclusive = IsTrue(schema, "exclusiveMinimum");
    if (number < minimum || (exclusive && number == minimum)) {
      Bad(path, value,
          path + " in body should be greater than " + (exclusive ? "" : "or equal to ") +
              NumberText(*it));
    }
  }
  if (auto it = schema.find("maximum"); it != schema.end()) {
    double maximum = it->get<double>();
    bool exclusive = IsTrue(schema, "exclusiveMaximum");
    if (number > maximum || (exclusive && number == maximum)) {
      Bad(path, value,
          path + " in body should be less than " + (exclusive ? "" : "or equal to ") +
              NumberText(*it));
    }
  }
  if (auto it = schema.find("multipleOf"); it != schema.end() && it->get<double>() > 0) {
    double times = number / it->get<double>();
    if (std::trunc(times) != times) {
      Bad(path, value, path + " in body should be a multiple of " + NumberText(*it));
    }
  }
  auto format = schema.find("format");
  if (format != schema.end() && *format == "int32" &&
      (number > 2147483647.0 || number < -2147483648.0)) {
    Bad(path, value, path + " in body must be of type int32: " + value.dump());
  }
}

size_t CharacterCount(const std::string& text) {
  size_t count = 0;
  for (char c : text) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80 ? 1 : 0;
  return count;
}

bool Matches(const std::string& pattern, const std::string& text) {
  if (text.size() > kLongestMatchedString) return true;
  try {
    return std::regex_search(text, std::regex(pattern, std::regex::ECMAScript));
  } catch (const std::regex_error&) {
    return true;  // a pattern of RE2 that std::regex cannot read
  }
}

bool IsDateTime(const std::string& text) {
  static const std::regex kDateTime(
      R"(^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$)");
  return text.size() < 64 && std::regex_search(text, kDateTime);
}

bool IsBase64(const std::string& text) {
  if (text.size() % 4 != 0) return false;
  size_t body = text.find_last_not_of('=') + 1;
  if (text.size() - body > 2) return false;
  return text.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") >= body;
}

void Validator::CheckString(const json& schema, const json& value, const std::string& path) {
  const std::string& text = value.get_ref<const std::string&>();
  if (auto it = schema.find("maxLength");
      it != schema.end() && CharacterCount(text) > it->get<uint64_t>()) {
    causes_.push_back({"FieldValueTooLong",
                       "Too long: may not be more than " + NumberText(*it) + " bytes", path});
  }
  if (auto it = schema.find("minLength");
      it != schema.end() && CharacterCount(text) < it->get<uint64_t>()) {
    Bad(path, value, path + " in body should be at least " + NumberText(*it) + " chars long");
  }
  if (auto it = schema.find("pattern"); it != schema.end() && !Matches(*it, text)) {
    Bad(path, value, path + " in body should match '" + it->get<std::string>() + "'");
  }
  auto format = schema.find("format");
  if (format == schema.end()) return;
  if ((*format == "date-time" && !IsDateTime(text)) || (*format == "byte" && !IsBase64(text))) {
    causes_.push_back({"FieldValueTypeInvalid",
                       "Invalid value: " + value.dump() + ": " + path + " in body must be of type " +
                           format->get<std::string>() + ": " + value.dump(),
                       path});
  }
}

void Validator::CheckArray(const json& schema, const json& value, const std::string& path) {
  if (auto it = schema.find("maxItems");
      it != schema.end() && value.size() > it->get<uint64_t>()) {
    causes_.push_back({"FieldValueTooMany",
                       "Too many: " + std::to_string(value.size()) + ": must have at most " +
                           NumberText(*it) + " items",
                       path});
  }
  if (auto it = schema.find("minItems");
      it != schema.end() && value.size() < it->get<uint64_t>()) {
    Bad(path, value.size(),
        path + " in body should have at least " + NumberText(*it) + " items");
  }
  if (auto items = schema.find("items"); items != schema.end() && items->is_object()) {
    for (size_t i = 0; i < value.size(); ++i) {
      Check(*items, value[i], path + "[" + std::to_string(i) + "]");
    }
  }
  CheckListType(schema, value, path);
}

void Validator::CheckListType(const json& schema, const json& value, const std::string& path) {
  auto list_type = schema.find("x-kubernetes-list-type");
  if (list_type == schema.end() || *list_type == "atomic") return;
  std::set<std::string> seen;
  for (size_t i = 0; i < value.size(); ++i) {
    json identity = value[i];
    if (*list_type == "map") {
      identity = json::object();
      for (const json& key : schema.value("x-kubernetes-list-map-keys", json::array())) {
        if (value[i].is_object() && value[i].contains(key)) identity[key] = value[i][key];
      }
    }
    if (!seen.insert(identity.dump()).second) {
      causes_.push_back({"FieldValueDuplicate", "Duplicate value: " + identity.dump(),
                         path + "[" + std::to_string(i) + "]"});
    }
  }
}

void Validator::CheckObject(const json& schema, const json& value, const std::string& path) {
  std::string prefix = path.empty() ? "" : path + ".";
  if (auto it = schema.find("maxProperties");
      it != schema.end() && value.size() > it->get<uint64_t>()) {
    causes_.push_back({"FieldValueTooMany",
                       "Too many: " + std::to_string(value.size()) + ": must have at most " +
                           NumberText(*it) + " items",
                       path});
  }
  if (auto it = schema.find("minProperties");
      it != schema.end() && value.size() < it->get<uint64_t>()) {
    Bad(path, value, path + " in body should have at least " + NumberText(*it) + " properties");
  }
  if (auto it = schema.find("required"); it != schema.end()) {
    for (const json& name : *it) {
      if (!value.contains(name)) {
        causes_.push_back(
            {"FieldValueRequired", "Required value", prefix + name.get<std::string>()});
      }
    }
  }
  auto props = schema.find("properties");
  auto more = schema.find("additionalProperties");
  for (auto it = value.begin(); it != value.end(); ++it) {
    const json* field = nullptr;
    if (props != schema.end() && props->contains(it.key())) {
      field = &(*props)[it.key()];
    } else if (more != schema.end() && more->is_object()) {
      field = &*more;
    }
    if (field != nullptr) Check(*field, *it, prefix + it.key());
  }
}

void Validator::CheckCombinations(const json& schema, const json& value, const std::string& path) {
  auto count = [&](const char* name) {
    int passed = 0;
    for (const json& one : schema[name]) passed += Passes(one, value, path) ? 1 : 0;
    return passed;
  };
  const std::string shown = "\"" + path + "\"";
  if (schema.contains("allOf")) {
    for (const json& one : schema["allOf"]) Check(one, value, path);
  }
  if (schema.contains("anyOf") && !IsTrue(schema, "x-kubernetes-int-or-string") &&
      count("anyOf") == 0) {
    Bad(path, "", shown + " must validate at least one schema (anyOf)");
  }
  if (schema.contains("oneOf")) {
    int passed = count("oneOf");
    if (passed != 1) {
      Bad(path, "",
          shown + " must validate one and only one schema (oneOf). " +
              (passed == 0 ? "Found none valid" : "Found " + std::to_string(passed) +
                                                      " valid alternatives"));
    }
  }
  if (schema.contains("not") && Passes(schema["not"], value, path)) {
    Bad(path, "", shown + " must not validate the schema (not)");
  }
}

void SchemaCauses(const json& schema, const std::string& path, std::vector<Cause>& causes) {
  if (!schema.is_object()) {
    causes.push_back({"FieldValueInvalid", "Invalid value: must be an object", path});
    return;
  }
  bool any_type = IsTrue(schema, "x-kubernetes-int-or-string") ||
                  IsTrue(schema, "x-kubernetes-preserve-unknown-fields");
  if (!schema.contains("type") && !any_type) {
    causes.push_back({"FieldValueRequired", "Required value: must not be empty for specified "
                                            "object fields", path + ".type"});
  }
  if (schema.value("type", json()) == "array") {
    if (!schema.contains("items")) {
      causes.push_back({"FieldValueRequired", "Required value: must be specified", path + ".items"});
    } else {
      SchemaCauses(schema["items"], path + ".items", causes);
    }
  }
  if (schema.contains("properties")) {
    for (auto it = schema["properties"].begin(); it != schema["properties"].end(); ++it) {
      SchemaCauses(*it, path + ".properties[" + it.key() + "]", causes);
    }
  }
  if (schema.contains("additionalProperties") && schema["additionalProperties"].is_object()) {
    SchemaCauses(schema["additionalProperties"], path + ".additionalProperties", causes);
  }
}

}  // namespace

std::vector<Cause> Validate(const json& schema, const json& value) {
  Validator validator;
  validator.Check(schema, value, "");
  return validator.Take();
}

std::vector<Cause> ValidateSchema(const json& schema, const std::string& path) {
  std::vector<Cause> causes;
  SchemaCauses(schema, path, causes);
  return causes;
}

}  // namespace windlass::api_server
