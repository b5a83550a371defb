// INFO as Prometheus reads it: the text exposition format 0.0.4.
//
// The names are those that the usual exporter for Redis gives to the same facts, so
// that dashboards and alerts go on working. The facts are INFO's own: there is one
// source for both.
#pragma once

#include <string>
#include <string_view>

namespace windlass::observe {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// `fields`: lines "name:value" as INFO and CLUSTER INFO have them, comments and
// blank lines included. What is not known is left out.
std::string MetricsText(std::string_view fields);

}  // namespace windlass::observe
