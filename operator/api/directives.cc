// See directives.h.
#include "operator/api/directives.h"

#include "node/config/config.h"

namespace windlass::api {
namespace {

// A Config that was told nothing: the table of all directives, made once, only read.
const config::Config& Untold() {
  static const config::Config untold;
  return untold;
}

}  // namespace

std::optional<std::string> DirectiveError(const std::string& name, const std::string& value) {
  config::Config config;
  const auto result = config.LoadText(name + " " + (value.empty() ? "\"\"" : value) + "\n");
  if (result.ok) return std::nullopt;
  return result.error.reason;
}

bool IsDirective(const std::string& name) { return DirectiveDefault(name).has_value(); }

std::optional<std::string> DirectiveDefault(const std::string& name) {
  const std::string_view patterns[] = {name};
  const auto found = Untold().Get(patterns);
  if (found.empty()) return std::nullopt;
  return found.front().second;
}

}  // namespace windlass::api
