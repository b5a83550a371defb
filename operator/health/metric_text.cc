// See metric_text.h.
#include "operator/health/metric_text.h"

#include <cmath>
#include <cstdio>

namespace windlass::health {
namespace {

void AppendEscaped(std::string_view value, std::string* out) {
  for (const char c : value) {
    if (c == '\n') {
      *out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out->push_back('\\');
    out->push_back(c);
  }
}

void AppendNumber(double value, std::string* out) {
  char text[40];
  // Whole numbers in full: a byte count must not be rounded.
  const bool whole = std::fabs(value) < 9e15 && value == std::floor(value);
  std::snprintf(text, sizeof text, whole ? "%.0f" : "%.9g", value);
  *out += text;
}

}  // namespace

void MetricText::Family(std::string_view name, std::string_view type, std::string_view help) {
  for (const auto& [keyword, words] : {std::pair{"# HELP ", help}, std::pair{"# TYPE ", type}}) {
    text_.append(keyword).append(name).append(" ").append(words).append("\n");
  }
}

void MetricText::Sample(std::string_view name, std::initializer_list<Label> labels, double value) {
  text_.append(name);
  char separator = '{';
  for (const auto& [label, text] : labels) {
    text_.push_back(separator);
    text_.append(label).append("=\"");
    AppendEscaped(text, &text_);
    text_.push_back('"');
    separator = ',';
  }
  if (labels.size() > 0) text_.push_back('}');
  text_.push_back(' ');
  AppendNumber(value, &text_);
  text_.push_back('\n');
}

}  // namespace windlass::health
