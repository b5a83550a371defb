// A container's environment from all its sources, and $(NAME) in its command.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/local/pod_runner/api_port.h"

namespace windlass::pod_runner {

struct PodFacts {
  std::string ip;
  std::string host_ip;
};

// Throws NotReadyToStart (CreateContainerConfigError) naming what is missing.
std::map<std::string, std::string> BuildEnvironment(const ApiCall& call, const nlohmann::json& pod,
                                                    const nlohmann::json& container, const PodFacts& facts);

// $(NAME) becomes its value if it is set, $$(NAME) the text $(NAME).
std::string ExpandVariables(const std::string& text, const std::map<std::string, std::string>& variables);

}  // namespace windlass::pod_runner
