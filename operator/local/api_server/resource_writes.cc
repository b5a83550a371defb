// Writing: create, update, patch.
//
// One write runs in one transaction, so what it read cannot change under it. A
// write that changes nothing is not stored and makes no event.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/kind_rules.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/patch.h"
#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/schema.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// The client's text for an object of the wrong shape, before validation.
void CheckTypeOf(const ResourceInfo& info, const json& object) {
  if (!object.is_object()) throw BadRequest("the body of the request is not an object");
  std::string api_version = TextAt(object, {"apiVersion"});
  if (!api_version.empty() && api_version != info.ApiVersion()) {
    throw BadRequest("the API version in the data (" + api_version +
                     ") does not match the expected API version (" + info.ApiVersion() + ")");
  }
  std::string kind = TextAt(object, {"kind"});
  if (!kind.empty() && kind != info.kind) {
    if (!info.builtin) {
      throw Invalid(info.group, kind, MetaText(object, "name"),
                    {{"FieldValueInvalid", "Invalid value: \"" + kind + "\": must be " + info.kind, "kind"}});
    }
    throw BadRequest(kind + " in version \"" + info.version + "\" cannot be handled as a " +
                     info.kind);
  }
  const json& meta = At(object, {"metadata"});
  if (!meta.is_null() && !meta.is_object()) throw BadRequest("metadata: must be an object");
}

void CheckNamespaceOf(const ResourceCall& call, json& object) {
  if (!call.info->namespaced) return;
  std::string given = MetaText(object, "namespace");
  if (given.empty()) {
    object["metadata"]["namespace"] = call.name_space;
  } else if (given != call.name_space) {
    throw BadRequest(
        "the namespace of the provided object does not match the namespace sent on the request");
  }
}

// Metadata knows no difference between an empty list or map and none.
void DropEmptyMetadata(json& object) {
  auto meta = object.find("metadata");
  if (meta == object.end() || !meta->is_object()) return;
  for (const char* name : {"labels", "annotations", "finalizers", "ownerReferences"}) {
    auto it = meta->find(name);
    if (it != meta->end() && it->is_structured() && it->empty()) meta->erase(it);
  }
}

// Drops unknown fields, or refuses them, as fieldValidation says.
void CheckFields(const ResourceInfo& info, json& object, const WriteOptions& options,
                 std::vector<std::string>& warnings) {
  if (info.builtin) {
    DropNulls(object);
  } else if (object.contains("metadata")) {
    DropNulls(object["metadata"]);
  }
  DropEmptyMetadata(object);
  std::vector<std::string> unknown = Prune(*info.schema, object);
  if (unknown.empty() || options.field_validation == "Ignore") return;
  if (options.field_validation == "Warn") {
    for (const std::string& field : unknown) warnings.push_back("unknown field \"" + field + "\"");
    return;
  }
  std::string list;
  for (const std::string& field : unknown) {
    list += (list.empty() ? "" : ", ") + std::string("unknown field \"") + field + "\"";
  }
  throw BadRequest(info.kind + " in version \"" + info.version + "\" cannot be handled as a " +
                   info.kind + ": strict decoding error: " + list);
}

// Of a built-in kind, what has the wrong type is not even decoded.
void CheckDecodes(const ResourceInfo& info, const json& object) {
  if (!info.builtin) return;
  for (const Cause& cause : Validate(*info.schema, object)) {
    if (cause.reason != "FieldValueTypeInvalid") continue;
    throw BadRequest(info.kind + " in version \"" + info.version + "\" cannot be handled as a " + info.kind +
                     ": json: cannot unmarshal into Go struct field " + info.kind + "." + cause.field);
  }
}

void CheckValid(const ResourceInfo& info, const json& object, std::vector<Cause> causes) {
  for (Cause& cause : ValidateMetadata(object, info.namespaced)) causes.push_back(std::move(cause));
  for (Cause& cause : Validate(*info.schema, object)) causes.push_back(std::move(cause));
  if (causes.empty()) causes = ValidateKind(info, object);
  if (!causes.empty()) {
    throw Invalid(info.group, info.kind, MetaText(object, "name"), std::move(causes));
  }
}

void CheckNamespaceExists(ResourceApi::Tx& tx, const ResourceCall& call) {
  if (!call.info->namespaced) return;
  Object found = tx.Get({"namespaces", "", call.name_space});
  if (found == nullptr) throw NotFound({"", "namespaces", call.name_space});
  if (!IsDeleting(*found)) return;
  ApiError error(403, "Forbidden",
                 call.info->plural + " \"" + call.name + "\" is forbidden: unable to create new "
                 "content in namespace " + call.name_space + " because it is being terminated");
  error.causes.push_back({"NamespaceTerminating",
                          "namespace " + call.name_space + " is being terminated",
                          "metadata.namespace"});
  throw error;
}

bool SameContent(json a, json b) {
  for (json* one : {&a, &b}) {
    json& meta = (*one)["metadata"];
    meta.erase("managedFields");
    meta.erase("resourceVersion");
    meta.erase("generation");
  }
  return a == b;
}

// Everything that counts for metadata.generation: all but metadata and status.
bool SameSpec(const ResourceInfo& info, json a, json b) {
  for (json* one : {&a, &b}) {
    one->erase("metadata");
    if (info.has_status) one->erase("status");
  }
  return a == b;
}

// Kinds without a desired state have no generation.
bool HasGeneration(const ResourceInfo& info, const json& object) {
  return !info.builtin || (object.contains("spec") && info.kind != "Lease" &&
                           info.kind != "Namespace" && info.kind != "Node" && info.kind != "Service");
}

void CheckPreconditions(const ResourceCall& call, const json& before, const json& after) {
  std::string uid = MetaText(after, "uid");
  if (!uid.empty() && uid != MetaText(before, "uid")) {
    throw Conflict(call.About(), "Precondition failed: UID in precondition: " + uid +
                                     ", UID in object meta: " + MetaText(before, "uid"));
  }
  std::string revision = MetaText(after, "resourceVersion");
  if (!revision.empty() && revision != MetaText(before, "resourceVersion")) {
    throw Conflict(call.About(),
                   "the object has been modified; please apply your changes to the latest version "
                   "and try again");
  }
}

void CheckNameOf(const ResourceCall& call, const json& object) {
  if (MetaText(object, "name") == call.name) return;
  throw BadRequest("the name of the object (" + MetaText(object, "name") +
                   ") does not match the name on the URL (" + call.name + ")");
}

// What a client cannot set comes from the object as it stands.
void KeepServerFields(const ResourceCall& call, const json& before, json& after) {
  json& meta = after["metadata"];
  for (const char* name : {"uid", "creationTimestamp", "generation", "deletionTimestamp",
                           "deletionGracePeriodSeconds", "namespace", "name"}) {
    meta.erase(name);
    if (before["metadata"].contains(name)) meta[name] = before["metadata"][name];
  }
  meta["resourceVersion"] = before["metadata"]["resourceVersion"];
  if (!call.info->has_status) return;
  if (call.subresource == "status") {
    json status = At(after, {"status"});
    json fields = At(after, {"metadata", "managedFields"});
    after = before;
    if (status.is_null()) {
      after.erase("status");
    } else {
      after["status"] = std::move(status);
    }
    if (!fields.is_null()) after["metadata"]["managedFields"] = std::move(fields);
  } else {
    after.erase("status");
    if (before.contains("status")) after["status"] = before["status"];
  }
}

}  // namespace

json ResourceApi::MakeNew(Tx& tx, const ResourceCall& call, json object,
                          const WriteOptions& options, std::vector<std::string>& warnings,
                          bool fields_tracked) {
  const ResourceInfo& info = *call.info;
  CheckFields(info, object, options, warnings);
  CheckDecodes(info, object);
  json& meta = object["metadata"];
  if (!MetaText(object, "resourceVersion").empty()) {
    throw BadRequest("resourceVersion should not be set on objects to be created");
  }
  if (MetaText(object, "name").empty() && !MetaText(object, "generateName").empty()) {
    meta["name"] = MetaText(object, "generateName") + RandomSuffix();
  }
  ResourceCall named = call;
  named.name = MetaText(object, "name");
  CheckNamespaceExists(tx, named);
  for (const char* name : {"deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"}) meta.erase(name);
  meta["uid"] = NewUid();
  meta["creationTimestamp"] = NowText();
  if (info.has_status) object.erase("status");
  ApplyDefaults(*info.schema, object);
  FillInForCreate(info, object, tx);
  if (HasGeneration(info, object)) meta["generation"] = 1;
  CheckValid(info, object, {});
  if (tx.Get(named.Key()) != nullptr) throw AlreadyExists(named.About());
  if (!fields_tracked) TrackUpdate(*info.schema, json(), object, WriterOf(named, options));
  if (options.dry_run) return object;
  json stored = ToStored(info, object);
  PutRaw(tx, named.Key(), std::move(stored));
  return ToVersion(info, *tx.Get(named.Key()));
}

json ResourceApi::Change(Tx& tx, const ResourceCall& call, const json& before, json after,
                         const WriteOptions& options, std::vector<std::string>& warnings,
                         bool fields_tracked) {
  const ResourceInfo& info = *call.info;
  CheckFields(info, after, options, warnings);
  CheckDecodes(info, after);
  CheckNameOf(call, after);
  CheckPreconditions(call, before, after);
  KeepServerFields(call, before, after);
  ApplyDefaults(*info.schema, after);
  FillInForUpdate(info, before, after);
  CheckValid(info, after, ValidateKindUpdate(info, before, after, options.resize));
  if (IsDeleting(before)) {
    for (const json& finalizer : At(after, {"metadata", "finalizers"})) {
      const json& old = At(before, {"metadata", "finalizers"});
      if (std::find(old.begin(), old.end(), finalizer) != old.end()) continue;
      throw Invalid(info.group, info.kind, call.name,
                    {{"FieldValueForbidden",
                      "Forbidden: no new finalizers can be added if the object is being deleted, "
                      "found new finalizers []string{" + finalizer.dump() + "}",
                      "metadata.finalizers"}});
    }
  }
  if (HasGeneration(info, after) && call.subresource != "status" && !SameSpec(info, before, after)) {
    after["metadata"]["generation"] = IntegerAt(before, {"metadata", "generation"}) + 1;
  }
  if (!fields_tracked) TrackUpdate(*info.schema, before, after, WriterOf(call, options));
  bool fields_same = At(before, {"metadata", "managedFields"}) == At(after, {"metadata", "managedFields"});
  if (SameContent(before, after) && (!fields_tracked || fields_same)) return before;
  if (options.dry_run) return after;
  bool waits_for_runner = info.storage_resource == "pods" &&
                          IntegerAt(after, {"metadata", "deletionGracePeriodSeconds"}) > 0;
  bool ends = IsDeleting(after) && !HasFinalizers(after) && !waits_for_runner &&
              info.storage_resource != "namespaces";
  if (ends) {  // the last finalizer has gone
    DeleteRaw(tx, call.Key());
    return after;
  }
  PutRaw(tx, call.Key(), ToStored(info, after));
  return ToVersion(info, *tx.Get(call.Key()));
}

Response ResourceApi::Create(const ResourceCall& call) {
  WriteOptions options = ParseWriteOptions(*call.request);
  json object = ParseBody(*call.request);
  CheckTypeOf(*call.info, object);
  object["apiVersion"] = call.info->ApiVersion();
  object["kind"] = call.info->kind;
  CheckNamespaceOf(call, object);
  std::vector<std::string> warnings;
  json created;
  {
    Tx tx(store_);
    created = MakeNew(tx, call, std::move(object), options, warnings);
  }
  Response response = Show(call, created, 201);
  response.warnings = warnings;
  return response;
}

Response ResourceApi::Update(const ResourceCall& call) {
  WriteOptions options = ParseWriteOptions(*call.request);
  json object = ParseBody(*call.request);
  CheckTypeOf(*call.info, object);
  object["apiVersion"] = call.info->ApiVersion();
  object["kind"] = call.info->kind;
  CheckNamespaceOf(call, object);
  CheckNameOf(call, object);
  if (!call.info->builtin && MetaText(object, "resourceVersion").empty()) {
    throw Invalid(call.info->group, call.info->plural, call.name,
                  {{"FieldValueInvalid", "Invalid value: 0: must be specified for an update",
                    "metadata.resourceVersion"}});
  }
  std::vector<std::string> warnings;
  json stored;
  {
    Tx tx(store_);
    json before = Load(tx, call);
    stored = Change(tx, call, before, std::move(object), options, warnings);
  }
  Response response = Show(call, stored);
  response.warnings = warnings;
  return response;
}

json ResourceApi::PatchedObject(const ResourceCall& call, const json& live, const json& patch,
                                const WriteOptions& options, bool& tracked) const {
  std::string type = call.request->content_type.substr(0, call.request->content_type.find(';'));
  if (type == "application/merge-patch+json") {
    if (!patch.is_object()) throw BadRequest("a merge patch is an object");
    return MergePatch(live, patch);
  }
  if (type == "application/json-patch+json") {
    if (!patch.is_array()) throw BadRequest("a JSON patch is a list of operations");
    return JsonPatch(live, patch);
  }
  if (type == "application/strategic-merge-patch+json" && call.info->builtin) {
    if (!patch.is_object()) throw BadRequest("a strategic merge patch is an object");
    return StrategicMergePatch(*call.info->schema, live, patch);
  }
  if (type == "application/apply-patch+yaml") {
    tracked = true;
    return Apply(*call.info->schema, live, patch, WriterOf(call, options), options.force);
  }
  throw ApiError(415, "UnsupportedMediaType",
                 "the body of the request was in an unknown format - accepted media types include: "
                 "application/json-patch+json, application/merge-patch+json, "
                 "application/apply-patch+yaml" +
                     std::string(call.info->builtin ? ", application/strategic-merge-patch+json" : ""));
}

namespace {

bool IsApply(const Request& request) {
  return request.content_type.rfind("application/apply-patch+yaml", 0) == 0;
}

// An apply patch is a whole object: it must name itself, and cannot name its past.
void CheckApplied(const ResourceCall& call, json& applied, WriteOptions& options,
                  std::vector<std::string>& warnings) {
  CheckTypeOf(*call.info, applied);
  if (TextAt(applied, {"apiVersion"}).empty() || TextAt(applied, {"kind"}).empty()) {
    throw BadRequest("apiVersion and kind must be set in an apply patch");
  }
  if (options.field_manager.empty()) {
    throw Invalid("meta.k8s.io", "PatchOptions", "",
                  {{"FieldValueRequired", "Required value: is required for apply patch",
                    "fieldManager"}});
  }
  if (!At(applied, {"metadata", "managedFields"}).is_null()) {
    throw BadRequest("metadata.managedFields must be nil");
  }
  std::string name = MetaText(applied, "name");
  if (!name.empty() && name != call.name) {
    throw BadRequest("the name of the object (" + name + ") does not match the name on the URL (" +
                     call.name + ")");
  }
  applied["metadata"]["name"] = call.name;
  CheckNamespaceOf(call, applied);
  CheckFields(*call.info, applied, options, warnings);
}

}  // namespace

Response ResourceApi::Patch(const ResourceCall& call) {
  WriteOptions options = ParseWriteOptions(*call.request);
  json patch = ParseBody(*call.request);
  std::vector<std::string> warnings;
  const bool apply = IsApply(*call.request);
  if (apply) CheckApplied(call, patch, options, warnings);
  json stored;
  int status = 200;
  {
    Tx tx(store_);
    bool tracked = false;
    if (apply && tx.Get(call.Key()) == nullptr && call.subresource.empty()) {
      if (!MetaText(patch, "uid").empty()) {
        throw Conflict(call.About(), "uid mismatch: the provided object specified uid " +
                                         MetaText(patch, "uid") + ", and no existing object was found");
      }
      json fresh = PatchedObject(call, json(), patch, options, tracked);
      stored = MakeNew(tx, call, std::move(fresh), options, warnings, tracked);
      status = 201;
    } else {
      json before = Load(tx, call);
      json after = PatchedObject(call, before, patch, options, tracked);
      CheckTypeOf(*call.info, after);
      stored = Change(tx, call, before, std::move(after), options, warnings, tracked);
    }
  }
  Response response = Show(call, stored, status);
  response.warnings = warnings;
  return response;
}

}  // namespace windlass::api_server
