// All resources the server serves right now: the built-in ones and those of
// established CustomResourceDefinitions. Immutable; replaced whole on change.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/resource_info.h"

namespace windlass::api_server {

class Registry {
 public:
  // `definitions`: stored CustomResourceDefinition objects.
  explicit Registry(const std::vector<std::shared_ptr<const nlohmann::json>>& definitions);

  // Null if there is no such resource.
  ResourcePtr Find(const std::string& group, const std::string& version,
                   const std::string& plural) const;
  ResourcePtr FindKind(const std::string& group, const std::string& kind) const;
  ResourcePtr FindStored(const std::string& storage_resource) const;
  bool HasGroupVersion(const std::string& group, const std::string& version) const;

  // In the order of discovery.
  const std::vector<ResourcePtr>& resources() const { return resources_; }

 private:
  std::vector<ResourcePtr> resources_;
};

// What is wrong with a CustomResourceDefinition beyond its own schema.
std::vector<Cause> ValidateDefinition(const nlohmann::json& definition);

// Fills in names (singular, listKind) and the status of an accepted definition.
void CompleteDefinition(nlohmann::json& definition, const std::string& now);

// The resources of one definition, a version each.
std::vector<ResourcePtr> ResourcesOf(const nlohmann::json& definition);

}  // namespace windlass::api_server
