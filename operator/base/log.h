// The operator's log: one line an event, on standard error, written by spdlog.
//
//   base::Log(base::LogLevel::kInfo, "slot range moved", {{"cluster", name}, {"slots", "0-99"}});
//
// Thread-safe. Fields are printed as key=value after the message, values with
// spaces in quotes, so that a line can be read by people and by tools.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace windlass::base {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

using LogField = std::pair<std::string_view, std::string>;

// Lines below this level are dropped. Default: kInfo.
void SetLogLevel(LogLevel level);

void Log(LogLevel level, std::string_view message, std::initializer_list<LogField> fields = {});

}  // namespace windlass::base
