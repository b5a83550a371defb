// Writes figures in Prometheus's text format, version 0.0.4.
//
//   MetricText text;
//   text.Family("windlass_leader", "gauge", "1 while this process holds the lease");
//   text.Sample("windlass_leader", {}, 1);
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace windlass::health {

using Label = std::pair<std::string_view, std::string_view>;

class MetricText {
 public:
  // Once for each name, before its samples.
  void Family(std::string_view name, std::string_view type, std::string_view help);
  void Sample(std::string_view name, std::initializer_list<Label> labels, double value);
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace windlass::health
