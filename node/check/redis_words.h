// redis-check-rdb and redis-check-aof: the same checks under those programs' names,
// with their arguments, exit statuses and the lines that scripts look for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/check/program.h"

namespace windlass::check {

// None: `name` is not one of theirs.
std::optional<int> RunAsRedisTool(const std::string& name, const std::vector<std::string>& arguments, Streams streams);

// Asks "Continue? [y/N]"; true if the answer is yes.
bool Agreed(Streams streams);

}  // namespace windlass::check
