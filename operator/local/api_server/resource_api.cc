// Reading: get, list, and what a request says of a write.
#include "operator/local/api_server/resource_api.h"

#include <nlohmann/json.hpp>

#include "operator/local/api_server/kind_rules.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/protobuf_json.h"
#include "operator/local/api_server/resource_filter.h"
#include "operator/local/api_server/table_printer.h"
#include "operator/local/api_server/yaml_json.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

constexpr char kDefinitions[] = "customresourcedefinitions.apiextensions.k8s.io";

}  // namespace

ResourceApi::ResourceApi(ObjectStore& store) : store_(store) {
  Tx tx(store_);
  RefreshRegistry(tx);
}

std::shared_ptr<const Registry> ResourceApi::registry() const {
  std::lock_guard<std::mutex> lock(registry_mutex_);
  return registry_;
}

void ResourceApi::RefreshRegistry(Tx& tx) {
  std::vector<Object> definitions;
  for (StoredObject& one : tx.List(kDefinitions, "").items) definitions.push_back(one.object);
  auto fresh = std::make_shared<const Registry>(definitions);
  std::lock_guard<std::mutex> lock(registry_mutex_);
  registry_ = std::move(fresh);
}

void ResourceApi::PutRaw(Tx& tx, const ObjectKey& key, json object) {
  tx.Put(key, std::move(object));
  if (key.resource == kDefinitions) RefreshRegistry(tx);
}

void ResourceApi::DeleteRaw(Tx& tx, const ObjectKey& key) {
  tx.Delete(key);
  if (key.resource == kDefinitions) RefreshRegistry(tx);
}

json ToVersion(const ResourceInfo& info, const json& stored) {
  if (info.group == "events.k8s.io") return EventToNew(stored);
  json object = stored;
  object["apiVersion"] = info.ApiVersion();
  object["kind"] = info.kind;
  return object;
}

json ToStored(const ResourceInfo& info, const json& object) {
  if (info.group == "events.k8s.io") return EventToOld(object);
  json stored = object;
  stored["apiVersion"] = info.storage_api_version;
  stored["kind"] = info.kind;
  return stored;
}

json ResourceApi::Load(Tx& tx, const ResourceCall& call) const {
  Object stored = tx.Get(call.Key());
  if (stored == nullptr) throw NotFound(call.About());
  return ToVersion(*call.info, *stored);
}

Response ResourceApi::Show(const ResourceCall& call, const json& object, int status) const {
  Response response;
  response.status = status;
  Output output = ParseOutput(*call.request);
  if (output.form == Output::Form::kObject || object.value("kind", "") == "Status") {
    response.body = object.dump() + "\n";
  } else if (output.form == Output::Form::kMetadata) {
    response.body = MetadataOnly(object).dump() + "\n";
  } else {
    json table = EmptyTable(*call.info, true);
    table["metadata"] = {{"resourceVersion", MetaText(object, "resourceVersion")}};
    table["rows"].push_back(TableRow(*call.info, object, output.include_object));
    response.body = table.dump() + "\n";
  }
  return response;
}

Response ResourceApi::Get(const ResourceCall& call) {
  json object;
  {
    Tx tx(store_);
    object = Load(tx, call);
  }
  return Show(call, object);
}

namespace {

// Where a list goes on: the revision of its first page and the last key shown.
struct Continuation {
  uint64_t revision = 0;
  std::string name_space;
  std::string name;
};

std::string Encode(const Continuation& c) {
  return "v1." + std::to_string(c.revision) + "." + c.name_space + "/" + c.name;
}

Continuation Decode(const std::string& text) {
  size_t dot = text.find('.', 3);
  size_t slash = text.find('/');
  if (text.rfind("v1.", 0) != 0 || dot == std::string::npos || slash == std::string::npos ||
      slash < dot) {
    throw BadRequest("continue key is not valid: " + text);
  }
  Continuation c;
  c.revision = std::strtoull(text.c_str() + 3, nullptr, 10);
  c.name_space = text.substr(dot + 1, slash - dot - 1);
  c.name = text.substr(slash + 1);
  return c;
}

size_t ParseLimit(const Request& request) {
  std::string text = request.Query("limit");
  if (text.empty()) return 0;
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    throw BadRequest("strconv.ParseInt: parsing \"" + text + "\": invalid syntax");
  }
  return std::strtoull(text.c_str(), nullptr, 10);
}

}  // namespace

Response ResourceApi::List(const ResourceCall& call) {
  const ResourceFilter filter = ResourceFilter::Of(call);
  const size_t limit = ParseLimit(*call.request);
  const std::string token = call.request->Query("continue");
  ObjectStore::Page page;
  {
    Tx tx(store_);
    page = tx.List(call.info->storage_resource, call.name_space);
  }
  if (call.request->Query("resourceVersionMatch") == "Exact" &&
      call.request->Query("resourceVersion") != std::to_string(page.revision)) {
    throw Expired("only the current state can be listed: it has resource version " +
                  std::to_string(page.revision));
  }
  Continuation from;
  from.revision = page.revision;
  if (!token.empty()) from = Decode(token);
  if (from.revision > page.revision) {
    throw Expired("The provided continue parameter is too old to display a consistent list result.");
  }
  json items = json::array();
  json meta = {{"resourceVersion", std::to_string(from.revision)}};
  size_t remaining = 0;
  Continuation last = from;
  for (const StoredObject& one : page.items) {
    if (!token.empty() && std::tie(one.key.name_space, one.key.name) <=
                              std::tie(from.name_space, from.name)) {
      continue;
    }
    if (!filter.Matches(*one.object)) continue;
    if (limit > 0 && items.size() == limit) {
      ++remaining;
      continue;
    }
    last.name_space = one.key.name_space;
    last.name = one.key.name;
    items.push_back(ToVersion(*call.info, *one.object));
  }
  if (remaining > 0) {
    meta["continue"] = Encode(last);
    if (filter.empty()) meta["remainingItemCount"] = remaining;
  }
  Response response;
  response.body = ShowList(*call.info, ParseOutput(*call.request), std::move(items), meta).dump() + "\n";
  return response;
}

namespace {

// A value that is not understood must not turn a rehearsal into the act.
bool ParseDryRun(const std::string& value) {
  if (value.empty() || value == "All") return value == "All";
  throw Invalid("meta.k8s.io", "CreateOptions", "",
                {{"FieldValueNotSupported",
                  "Unsupported value: \"" + value + "\": supported values: \"All\"", "dryRun"}});
}

}  // namespace

WriteOptions ResourceApi::ParseWriteOptions(const Request& request) {
  WriteOptions options;
  std::string dry_run = request.Query("dryRun");
  options.dry_run = ParseDryRun(dry_run);
  options.force = request.QueryTrue("force");
  options.field_manager = request.Query("fieldManager");
  if (std::string validation = request.Query("fieldValidation"); !validation.empty()) {
    if (validation != "Strict" && validation != "Warn" && validation != "Ignore") {
      throw Invalid("meta.k8s.io", "CreateOptions", "",
                    {{"FieldValueNotSupported",
                      "Unsupported value: \"" + validation +
                          "\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
                      "fieldValidation"}});
    }
    options.field_validation = validation;
  }
  return options;
}

DeleteOptions ResourceApi::ParseDeleteOptions(const Request& request) {
  DeleteOptions options;
  json body = request.body.empty() ? json::object() : ParseBody(request);
  if (std::string grace = request.Query("gracePeriodSeconds"); !grace.empty()) {
    options.grace_period_seconds = std::strtoll(grace.c_str(), nullptr, 10);
  }
  options.propagation = request.Query("propagationPolicy");
  options.dry_run = ParseDryRun(request.Query("dryRun"));
  if (body.contains("gracePeriodSeconds") && body["gracePeriodSeconds"].is_number_integer()) {
    options.grace_period_seconds = body["gracePeriodSeconds"].get<int64_t>();
  }
  if (std::string policy = TextAt(body, {"propagationPolicy"}); !policy.empty()) {
    options.propagation = policy;
  }
  if (At(body, {"orphanDependents"}) == true) options.propagation = "Orphan";
  const std::string& p = options.propagation;
  if (!p.empty() && p != "Background" && p != "Foreground" && p != "Orphan") {
    throw Invalid("meta.k8s.io", "DeleteOptions", "",
                  {{"FieldValueNotSupported",
                    "Unsupported value: \"" + p +
                        "\": supported values: \"Background\", \"Foreground\", \"Orphan\"",
                    "propagationPolicy"}});
  }
  for (const json& one : At(body, {"dryRun"})) {
    options.dry_run = ParseDryRun(one.is_string() ? one.get<std::string>() : one.dump()) || options.dry_run;
  }
  options.uid_precondition = TextAt(body, {"preconditions", "uid"});
  options.revision_precondition = TextAt(body, {"preconditions", "resourceVersion"});
  return options;
}

json ResourceApi::ParseBody(const Request& request) {
  const std::string& type = request.content_type;
  const bool known_protobuf = type.find("application/vnd.kubernetes.protobuf") == 0;
  const bool text = type.empty() || type.find("json") != std::string::npos || type.find("yaml") != std::string::npos;
  if (!known_protobuf && !text) {
    throw ApiError(415, "UnsupportedMediaType",
                   "the body of the request was in an unknown format - accepted media types "
                   "include: application/json, application/yaml");
  }
  try {
    if (type.find("application/vnd.kubernetes.protobuf") == 0) {
      json object = ProtobufToJson(request.body);
      (void)object.dump();  // throws for text that is not UTF-8, which could not be shown again
      return object;
    }
    // An apply patch is usually JSON, which is YAML too but quicker to read.
    bool yaml = type.find("yaml") != std::string::npos &&
                (request.body.empty() || request.body[0] != '{');
    return yaml ? YamlToJson(request.body) : json::parse(request.body);
  } catch (const json::exception& error) {
    throw BadRequest(std::string("error decoding: ") + error.what());
  }
}

FieldWriter ResourceApi::WriterOf(const ResourceCall& call, const WriteOptions& options) {
  FieldWriter writer;
  writer.manager = options.field_manager;
  if (writer.manager.empty()) {
    const std::string& agent = call.request->user_agent;
    writer.manager = agent.substr(0, agent.find('/'));
  }
  if (writer.manager.empty()) writer.manager = "unknown";
  writer.api_version = call.info->ApiVersion();
  writer.subresource = call.subresource;
  writer.now = NowText();
  return writer;
}

}  // namespace windlass::api_server
