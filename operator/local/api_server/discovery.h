// The documents by which a client learns what the server serves.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/local/api_server/registry.h"

namespace windlass::api_server {

nlohmann::json CoreVersions();                         // /api
nlohmann::json GroupList(const Registry& registry);    // /apis
// /apis/GROUP and /api/v1, /apis/GROUP/VERSION; null if there is none.
nlohmann::json GroupDocument(const Registry& registry, const std::string& group);
nlohmann::json ResourceList(const Registry& registry, const std::string& group,
                            const std::string& version);
// apidiscovery.k8s.io: everything in one document, for /api (core) or /apis.
nlohmann::json AggregatedDiscovery(const Registry& registry, bool core,
                                   const std::string& discovery_version);
nlohmann::json VersionDocument();

}  // namespace windlass::api_server
