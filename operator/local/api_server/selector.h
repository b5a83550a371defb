// Label and field selectors, as they stand in a query or in an object's spec.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::api_server {

class LabelSelector {
 public:
  LabelSelector() = default;  // matches everything
  // "a=b,c!=d,e in (x,y),f notin (z),g,!h". Throws ApiError 400.
  static LabelSelector Parse(std::string_view text);
  // {matchLabels, matchExpressions}; an empty one matches everything.
  static LabelSelector FromSpec(const nlohmann::json& spec);

  bool Matches(const nlohmann::json& object) const;
  bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { kIn, kNotIn, kExists, kDoesNotExist, kGreater, kLess };
  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };
  friend class LabelSelectorParser;
  std::vector<Requirement> requirements_;
};

class FieldSelector {
 public:
  FieldSelector() = default;
  // "metadata.name=x,status.phase!=Running". `supported` lists the paths that
  // may be asked for; another is refused as Kubernetes does. Throws ApiError 400.
  static FieldSelector Parse(std::string_view text, const std::vector<std::string>& supported);

  bool Matches(const nlohmann::json& object) const;
  bool empty() const { return terms_.empty(); }

 private:
  struct Term {
    std::string path;
    std::string value;
    bool equal;
  };
  std::vector<Term> terms_;
};

}  // namespace windlass::api_server
