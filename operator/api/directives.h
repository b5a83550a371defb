// Directives of redis.conf, as the node of this version knows them.
#pragma once

#include <optional>
#include <string>

namespace windlass::api {

// Why "<name> <value>" is no line of redis.conf, in the node's own words; nothing if it is one.
std::optional<std::string> DirectiveError(const std::string& name, const std::string& value);

// Whether the node knows a directive of this name.
bool IsDirective(const std::string& name);

// What the node has if nobody says otherwise; nothing for a name it does not know.
std::optional<std::string> DirectiveDefault(const std::string& name);

}  // namespace windlass::api
