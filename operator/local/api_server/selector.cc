// Parsing and matching of selectors.
#include "operator/local/api_server/selector.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {

using nlohmann::json;

// A recursive-descent parser over the query's text.
class LabelSelectorParser {
 public:
  explicit LabelSelectorParser(std::string_view text) : text_(text) {}

  LabelSelector Parse() {
    LabelSelector selector;
    SkipSpace();
    while (at_ < text_.size()) {
      selector.requirements_.push_back(ParseRequirement());
      SkipSpace();
      if (at_ == text_.size()) break;
      if (text_[at_] != ',') Fail("found '" + std::string(1, text_[at_]) + "', expected: ',' or end");
      ++at_;
      SkipSpace();
      if (at_ == text_.size()) Fail("found '', expected: identifier after ','");
    }
    return selector;
  }

 private:
  using Operator = LabelSelector::Operator;

  LabelSelector::Requirement ParseRequirement() {
    if (text_[at_] == '!') {
      ++at_;
      return {Word("a label name"), Operator::kDoesNotExist, {}};
    }
    std::string key = Word("a label name");
    SkipSpace();
    if (at_ == text_.size() || text_[at_] == ',') return {key, Operator::kExists, {}};
    if (Take("!=")) return {key, Operator::kNotIn, {OptionalWord()}};
    if (Take("==") || Take("=")) return {key, Operator::kIn, {OptionalWord()}};
    if (Take(">")) return {key, Operator::kGreater, {Integer()}};
    if (Take("<")) return {key, Operator::kLess, {Integer()}};
    std::string op = Word("an operator");
    if (op == "in") return {key, Operator::kIn, Values()};
    if (op == "notin") return {key, Operator::kNotIn, Values()};
    Fail("found '" + op + "', expected: in, notin, =, ==, !=, >, <");
  }

  std::vector<std::string> Values() {
    SkipSpace();
    if (!Take("(")) Fail("expected: '('");
    std::vector<std::string> values;
    do {
      values.push_back(OptionalWord());
      SkipSpace();
    } while (Take(","));
    if (!Take(")")) Fail("expected: ',' or ')'");
    return values;
  }

  std::string Integer() {
    std::string word = OptionalWord();
    if (word.empty() || word.find_first_not_of("0123456789") != std::string::npos) {
      Fail("for 'Gt', 'Lt' operators, the value must be an integer");
    }
    return word;
  }

  std::string Word(const std::string& what) {
    std::string word = OptionalWord();
    if (word.empty()) Fail("expected: " + what);
    return word;
  }

  std::string OptionalWord() {
    SkipSpace();
    size_t begin = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) != 0 ||
                                  std::string_view("-_./").find(text_[at_]) !=
                                      std::string_view::npos)) {
      ++at_;
    }
    return std::string(text_.substr(begin, at_ - begin));
  }

  bool Take(std::string_view token) {
    if (text_.substr(at_, token.size()) != token) return false;
    at_ += token.size();
    return true;
  }

  void SkipSpace() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  [[noreturn]] void Fail(const std::string& why) {
    throw BadRequest("unable to parse requirement: \"" + std::string(text_) + "\": " + why);
  }

  std::string_view text_;
  size_t at_ = 0;
};

LabelSelector LabelSelector::Parse(std::string_view text) {
  return LabelSelectorParser(text).Parse();
}

LabelSelector LabelSelector::FromSpec(const json& spec) {
  LabelSelector selector;
  if (!spec.is_object()) return selector;
  json labels = spec.value("matchLabels", json::object());
  for (auto it = labels.begin(); it != labels.end(); ++it) {
    selector.requirements_.push_back({it.key(), Operator::kIn, {it->get<std::string>()}});
  }
  for (const json& one : spec.value("matchExpressions", json::array())) {
    std::string op = one.value("operator", "");
    Operator kind = op == "In"       ? Operator::kIn
                    : op == "NotIn"  ? Operator::kNotIn
                    : op == "Exists" ? Operator::kExists
                                     : Operator::kDoesNotExist;
    selector.requirements_.push_back(
        {one.value("key", ""), kind, one.value("values", std::vector<std::string>())});
  }
  return selector;
}

bool LabelSelector::Matches(const json& object) const {
  static const json kNone = json::object();
  const json* labels = &kNone;
  if (auto meta = object.find("metadata"); meta != object.end()) {
    if (auto it = meta->find("labels"); it != meta->end() && it->is_object()) labels = &*it;
  }
  return std::all_of(requirements_.begin(), requirements_.end(), [&](const Requirement& r) {
    auto it = labels->find(r.key);
    bool present = it != labels->end() && it->is_string();
    std::string value = present ? it->get<std::string>() : "";
    bool among = present && std::find(r.values.begin(), r.values.end(), value) != r.values.end();
    switch (r.op) {
      case Operator::kIn: return among;
      case Operator::kNotIn: return !among;
      case Operator::kExists: return present;
      case Operator::kDoesNotExist: return !present;
      case Operator::kGreater: return present && std::atoll(value.c_str()) > std::atoll(r.values[0].c_str());
      case Operator::kLess: return present && std::atoll(value.c_str()) < std::atoll(r.values[0].c_str());
    }
    return false;
  });
}

FieldSelector FieldSelector::Parse(std::string_view text,
                                   const std::vector<std::string>& supported) {
  FieldSelector selector;
  while (!text.empty()) {
    size_t comma = text.find(',');
    std::string term(text.substr(0, comma));
    text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    if (term.empty()) continue;
    size_t equals = term.find('=');
    if (equals == std::string::npos || equals == 0) {
      throw BadRequest("invalid selector: '" + term + "'; can't understand '" + term + "'");
    }
    bool equal = term[equals - 1] != '!';
    std::string path = term.substr(0, equal ? equals : equals - 1);
    size_t value_at = equals + 1;
    if (equal && value_at < term.size() && term[value_at] == '=') ++value_at;
    if (std::find(supported.begin(), supported.end(), path) == supported.end()) {
      throw BadRequest("field label not supported: " + path);
    }
    selector.terms_.push_back({path, term.substr(value_at), equal});
  }
  return selector;
}

bool FieldSelector::Matches(const json& object) const {
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    const json* at = &object;
    for (size_t begin = 0; at != nullptr && begin <= term.path.size();) {
      size_t dot = std::min(term.path.find('.', begin), term.path.size());
      auto it = at->is_object() ? at->find(term.path.substr(begin, dot - begin)) : at->end();
      at = at->is_object() && it != at->end() ? &*it : nullptr;
      begin = dot + 1;
    }
    std::string value;
    if (at != nullptr) value = at->is_string() ? at->get<std::string>() : at->dump();
    if (value.empty() && term.path == "spec.unschedulable") value = "false";
    return (value == term.value) == term.equal;
  });
}

}  // namespace windlass::api_server
