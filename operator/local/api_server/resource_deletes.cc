// Deleting: preconditions, grace, finalizers.
//
// An object with finalizers, a pod that runs and a namespace are only marked;
// the finalizers' owners, the pod runner and the collector end them.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/deletion_protection.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/resource_filter.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

void CheckDeletePreconditions(const Subject& about, const json& object,
                              const DeleteOptions& options) {
  std::string uid = MetaText(object, "uid");
  if (!options.uid_precondition.empty() && options.uid_precondition != uid) {
    throw Conflict(about, "Precondition failed: UID in precondition: " + options.uid_precondition +
                              ", UID in object meta: " + uid);
  }
  std::string revision = MetaText(object, "resourceVersion");
  if (!options.revision_precondition.empty() && options.revision_precondition != revision) {
    throw Conflict(about, "Precondition failed: ResourceVersion in precondition: " +
                              options.revision_precondition +
                              ", ResourceVersion in object meta: " + revision);
  }
}

// How long a pod may go on; 0 for all that does not run.
int64_t GraceOf(const ResourceInfo& info, const json& object, const DeleteOptions& options) {
  if (info.storage_resource != "pods") return 0;
  std::string phase = TextAt(object, {"status", "phase"});
  bool runs = !TextAt(object, {"spec", "nodeName"}).empty() && phase != "Succeeded" && phase != "Failed";
  if (!runs) return 0;
  int64_t grace = options.grace_period_seconds.value_or(
      IntegerAt(object, {"spec", "terminationGracePeriodSeconds"}));
  // A second delete can only shorten the first.
  if (IsDeleting(object)) {
    grace = std::min(grace, IntegerAt(object, {"metadata", "deletionGracePeriodSeconds"}));
  }
  return std::max<int64_t>(grace, 0);
}

json SuccessStatus(const ResourceInfo& info, const json& object) {
  json details = {{"name", MetaText(object, "name")}, {"kind", info.plural}, {"uid", MetaText(object, "uid")}};
  if (!info.group.empty()) details["group"] = info.group;
  return {{"kind", "Status"},
          {"apiVersion", "v1"},
          {"metadata", json::object()},
          {"status", "Success"},
          {"details", details}};
}

bool IsSystemNamespace(const std::string& name) {
  return name == "default" || name == "kube-system" || name == "kube-public" || name == "kube-node-lease";
}

void Mark(json& object, int64_t grace) {
  json& meta = object["metadata"];
  int64_t generation = IntegerAt(object, {"metadata", "generation"});
  if (!IsDeleting(object) && generation > 0) meta["generation"] = generation + 1;
  if (!IsDeleting(object) || grace < IntegerAt(object, {"metadata", "deletionGracePeriodSeconds"})) {
    meta["deletionTimestamp"] = NowText(grace);
  }
  meta["deletionGracePeriodSeconds"] = grace;
}

}  // namespace

json ResourceApi::Remove(Tx& tx, const ResourceInfo& info, const ObjectKey& key,
                         const DeleteOptions& options) {
  const Subject about{info.group, info.plural, key.name};
  Object found = tx.Get(key);
  if (found == nullptr) throw NotFound(about);
  json object = *found;
  // Kubernetes names the kind of a custom resource here, the plural of others.
  CheckDeletePreconditions(info.builtin ? about : Subject{info.group, info.kind, key.name}, object, options);
  const bool is_namespace = info.storage_resource == "namespaces";
  if (is_namespace && IsSystemNamespace(key.name)) {
    throw ApiError(403, "Forbidden",
                   "namespaces \"" + key.name + "\" is forbidden: this namespace may not be deleted");
  }
  if (!options.propagation.empty()) {
    SetFinalizer(object, kForegroundFinalizer, options.propagation == "Foreground");
    SetFinalizer(object, kOrphanFinalizer, options.propagation == "Orphan");
  }
  if (info.kind == "CustomResourceDefinition" && info.builtin &&
      !tx.List(key.name, "").items.empty()) {
    SetFinalizer(object, kInstancesFinalizer, true);
  }
  int64_t grace = GraceOf(info, object, options);
  bool stays = grace > 0 || HasFinalizers(object) || is_namespace;
  if (!stays) {
    if (!options.dry_run) DeleteRaw(tx, key);
    return SuccessStatus(info, object);
  }
  Mark(object, grace);
  if (is_namespace) object["status"]["phase"] = "Terminating";
  if (!options.dry_run && object != *found) {
    PutRaw(tx, key, object);
    object = *tx.Get(key);
  }
  return ToVersion(info, object);
}

Response ResourceApi::Delete(const ResourceCall& call) {
  DeleteOptions options = ParseDeleteOptions(*call.request);
  json answer;
  {
    Tx tx(store_);
    if (const Object found = tx.Get(call.Key())) CheckDeletionProtection(*call.info, *found);
    answer = Remove(tx, *call.info, call.Key(), options);
  }
  return Show(call, answer);
}

Response ResourceApi::DeleteCollection(const ResourceCall& call) {
  DeleteOptions options = ParseDeleteOptions(*call.request);
  ResourceFilter filter = ResourceFilter::Of(call);
  json items = json::array();
  uint64_t revision = 0;
  {
    Tx tx(store_);
    for (const StoredObject& one : tx.List(call.info->storage_resource, call.name_space).items) {
      if (!filter.Matches(*one.object)) continue;
      CheckDeletionProtection(*call.info, *one.object);
      Remove(tx, *call.info, one.key, options);
      items.push_back(ToVersion(*call.info, *one.object));
    }
    revision = tx.revision();
  }
  Response response;
  response.body = ShowList(*call.info, ParseOutput(*call.request), std::move(items),
                           {{"resourceVersion", std::to_string(revision)}})
                      .dump();
  return response;
}

}  // namespace windlass::api_server
