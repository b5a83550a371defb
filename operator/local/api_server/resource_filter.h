// Which objects a list or watch is about, and the forms they are shown in.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "operator/local/api_server/request.h"
#include "operator/local/api_server/resource_info.h"
#include "operator/local/api_server/selector.h"

namespace windlass::api_server {

struct ResourceCall;

class ResourceFilter {
 public:
  // From the labelSelector and fieldSelector of the call. Throws ApiError 400.
  static ResourceFilter Of(const ResourceCall& call);

  bool Matches(const nlohmann::json& stored) const {
    return labels_.Matches(stored) && fields_.Matches(stored);
  }
  bool empty() const { return labels_.empty() && fields_.empty(); }

 private:
  LabelSelector labels_;
  FieldSelector fields_;
};

// PartialObjectMetadata of an object.
nlohmann::json MetadataOnly(const nlohmann::json& object);
nlohmann::json EmptyTable(const ResourceInfo& info, bool with_columns);
// A list, table or metadata list of these objects, with this metadata.
nlohmann::json ShowList(const ResourceInfo& info, const Output& output, nlohmann::json items,
                        const nlohmann::json& meta);

}  // namespace windlass::api_server
