// RedisCluster from and to the API server's JSON.
//
// Reading fills in the CRD's defaults and is strict about types and
// enumerations: what cannot be understood throws FieldFailure naming the field
// and the value. Status is read leniently, because it may have been edited:
// what cannot be understood there is as if it were absent.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/api/redis_cluster.h"
#include "operator/base/failure.h"

namespace windlass::api {

class FieldFailure : public base::Failure {
 public:
  using Failure::Failure;
};

Metadata MetadataFromJson(const nlohmann::json& object);
Spec SpecFromJson(const nlohmann::json& spec);
Status StatusFromJson(const nlohmann::json& status);
RedisCluster RedisClusterFromJson(const nlohmann::json& object);

nlohmann::json StatusToJson(const Status& status);

}  // namespace windlass::api
