// See deletion_protection.h.
#include "operator/local/api_server/deletion_protection.h"

#include <nlohmann/json.hpp>

#include "operator/local/api_server/api_error.h"
#include "operator/local/api_server/object_meta.h"

namespace windlass::api_server {

void CheckDeletionProtection(const ResourceInfo& info, const nlohmann::json& object) {
  if (info.group != "windlass.dev" || info.kind != "RedisCluster") return;
  const auto spec = object.find("spec");
  if (spec == object.end() || !spec->is_object() || !spec->contains("deletionProtection")) return;
  if (spec->at("deletionProtection") != true) return;
  const std::string name = MetaText(object, "name");
  ApiError error(403, "Forbidden",
                 info.plural + "." + info.group + " \"" + name + "\" is forbidden: spec.deletionProtection is true: set it to false to delete the cluster");
  error.group = info.group;
  error.kind = info.plural;
  error.name = name;
  throw error;
}

}  // namespace windlass::api_server
