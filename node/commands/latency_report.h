// What LATENCY GRAPH and DOCTOR tell of the latency monitor's spikes. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "node/observe/latency_monitor.h"

namespace windlass::commands {

// A head line, a ruler, and the spikes as columns with their age below.
std::string LatencyGraph(std::string_view name, const observe::LatencyMonitor::Event& event, int64_t now_s);

// For people: how the spikes of each event are distributed, and what may help.
// `threshold_ms` 0: nothing is monitored.
std::string LatencyDiagnosis(const observe::LatencyMonitor& monitor, int64_t threshold_ms, int64_t now_s);

}  // namespace windlass::commands
