// What Kubernetes does for single built-in kinds beyond their schema: fields it
// fills in, and changes it refuses.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/object_store.h"
#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

// After defaults, before validation. `store` answers what else exists.
void FillInForCreate(const ResourceInfo& info, nlohmann::json& object,
                     const ObjectStore::Transaction& store);

// The same for a change; fields that a client may leave out come from `before`.
void FillInForUpdate(const ResourceInfo& info, const nlohmann::json& before,
                     nlohmann::json& object);

// Rules of the kind that the schema cannot say.
std::vector<Cause> ValidateKind(const ResourceInfo& info, const nlohmann::json& object);
std::vector<Cause> ValidateKindUpdate(const ResourceInfo& info, const nlohmann::json& before,
                                      const nlohmann::json& object, bool resize);

// Events have two shapes in one place: the old one is stored.
nlohmann::json EventToNew(const nlohmann::json& old_event);
nlohmann::json EventToOld(const nlohmann::json& new_event);

// Fields, beside metadata.name and .namespace, that a list may be selected by.
std::vector<std::string> SelectableFields(const ResourceInfo& info);

}  // namespace windlass::api_server
