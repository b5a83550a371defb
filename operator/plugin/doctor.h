// What is wrong with a RedisCluster, why, and what to type. Pure.
#pragma once

#include <string>
#include <vector>

#include "operator/plugin/seen.h"

namespace windlass::plugin {

struct Finding {
  std::string what;                   // one line
  std::string why;                    // Kubernetes' or the operator's words; may be empty
  std::string advice;                 // may be empty
  std::vector<std::string> commands;  // to be typed as they stand
  bool wrong = true;                  // false: worth knowing only
};

std::vector<Finding> Findings(const Seen& seen);

struct Diagnosis {
  std::string text;
  bool well = true;
};
Diagnosis Diagnose(const Seen& seen);

}  // namespace windlass::plugin
