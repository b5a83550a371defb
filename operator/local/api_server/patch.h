// The three patches that are pure functions of an object and a document. The
// fourth, server-side apply, is in managed_fields.h.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace windlass::api_server {

// RFC 7386.
nlohmann::json MergePatch(const nlohmann::json& object, const nlohmann::json& patch);

// RFC 6902. Throws ApiError 422 if an operation cannot be carried out.
nlohmann::json JsonPatch(const nlohmann::json& object, const nlohmann::json& patch);

// Kubernetes's merge that knows which lists are keyed (by the schema), with its
// directives $patch, $deleteFromPrimitiveList, $setElementOrder and $retainKeys.
nlohmann::json StrategicMergePatch(const nlohmann::json& schema, const nlohmann::json& object,
                                   const nlohmann::json& patch);

}  // namespace windlass::api_server
