// The subresources with rules of their own.
#include "operator/local/api_server/subresources.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/disruption.h"
#include "operator/local/api_server/json_response.h"
#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/patch.h"
#include "operator/local/api_server/table_printer.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// ".spec.shards" as field names. Scale paths have no brackets.
std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> names;
  for (size_t at = 0; at < path.size();) {
    size_t dot = std::min(path.find('.', at), path.size());
    if (dot > at) names.push_back(path.substr(at, dot - at));
    at = dot + 1;
  }
  return names;
}

json ScaleOf(const ResourceCall& call, const json& object) {
  const ScalePaths& paths = *call.info->scale;
  json meta = {{"name", MetaText(object, "name")},
               {"namespace", MetaText(object, "namespace")},
               {"uid", MetaText(object, "uid")},
               {"resourceVersion", MetaText(object, "resourceVersion")},
               {"creationTimestamp", MetaText(object, "creationTimestamp")}};
  json status = {{"replicas", IntegerAt(object, SplitPath(paths.status_replicas))}};
  if (!paths.label_selector.empty()) {
    std::string selector = TextAt(object, SplitPath(paths.label_selector));
    if (!selector.empty()) status["selector"] = selector;
  }
  return {{"kind", "Scale"},
          {"apiVersion", "autoscaling/v1"},
          {"metadata", meta},
          {"spec", {{"replicas", IntegerAt(object, SplitPath(paths.spec_replicas))}}},
          {"status", status}};
}

json SuccessStatus(int code) {
  return {{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::object()},
          {"status", "Success"}, {"code", code}};
}

void Allow(const ResourceCall& call, std::initializer_list<const char*> methods) {
  for (const char* method : methods) {
    if (call.request->method == method) return;
  }
  throw MethodNotAllowed();
}

}  // namespace

void Subresources::SetPodLogs(std::shared_ptr<PodLogs> logs) {
  std::lock_guard<std::mutex> lock(logs_mutex_);
  logs_ = std::move(logs);
}

Response Subresources::Handle(const ResourceCall& call) {
  const std::string& name = call.subresource;
  if (name == "scale" && call.info->scale) return Scale(call);
  const auto& extra = call.info->extra_subresources;
  if (std::find(extra.begin(), extra.end(), name) == extra.end()) throw PathNotFound();
  if (name == "log") return Log(call);
  if (name == "eviction") return Evict(call);
  if (name == "binding") return Bind(call);
  if (name == "resize") return Resize(call);
  return Finalize(call);
}

Response Subresources::Scale(const ResourceCall& call) {
  Allow(call, {"GET", "PUT", "PATCH"});
  ResourceApi::Tx tx(api_.store());
  json object = api_.Load(tx, call);
  json scale = ScaleOf(call, object);
  if (call.request->method == "GET") return JsonResponse(scale);

  WriteOptions options = ResourceApi::ParseWriteOptions(*call.request);
  json wanted = ResourceApi::ParseBody(*call.request);
  if (call.request->method == "PATCH") {
    const std::string& type = call.request->content_type;
    if (type.rfind("application/json-patch+json", 0) == 0) {
      wanted = JsonPatch(scale, wanted);
    } else if (type.rfind("application/merge-patch+json", 0) == 0 ||
               type.rfind("application/apply-patch+yaml", 0) == 0) {
      wanted = MergePatch(scale, wanted);
    } else {
      throw ApiError(415, "UnsupportedMediaType",
                     "a scale takes application/merge-patch+json or application/json-patch+json");
    }
  }
  const json& replicas = At(wanted, {"spec", "replicas"});
  if (!replicas.is_null() && !replicas.is_number_integer()) {
    throw BadRequest("Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal " +
                     std::string(replicas.type_name()) +
                     " into Go struct field ScaleSpec.spec.replicas of type int32");
  }
  int64_t count = IntegerAt(wanted, {"spec", "replicas"});
  if (count < 0) {
    throw Invalid("autoscaling", "Scale", call.name,
                  {{"FieldValueInvalid",
                    "Invalid value: " + std::to_string(count) + ": should be a non-negative integer",
                    "spec.replicas"}});
  }
  json after = object;
  json* at = &after;
  for (const std::string& field : SplitPath(call.info->scale->spec_replicas)) at = &(*at)[field];
  *at = count;
  for (const char* precondition : {"uid", "resourceVersion"}) {
    std::string value = MetaText(wanted, precondition);
    if (!value.empty()) after["metadata"][precondition] = value;
  }
  std::vector<std::string> warnings;
  json stored = api_.Change(tx, call, object, std::move(after), options, warnings);
  return JsonResponse(ScaleOf(call, stored));
}

namespace {

std::optional<int64_t> NumberParameter(const Request& request, const char* name) {
  std::string text = request.Query(name);
  if (text.empty()) return std::nullopt;
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    throw Invalid("", "PodLogOptions", "",
                  {{"FieldValueInvalid",
                    "Invalid value: \"" + text + "\": must be greater than or equal to 0", name}});
  }
  return std::strtoll(text.c_str(), nullptr, 10);
}

// The container to read: the one that was asked for, or the only one.
std::string ContainerOf(const ResourceCall& call, const json& pod) {
  std::string wanted = call.request->Query("container");
  std::string names;
  std::string first;
  size_t count = 0;
  for (const char* list : {"initContainers", "containers"}) {
    for (const json& one : At(pod, {"spec", list})) {
      std::string name = TextAt(one, {"name"});
      if (name == wanted) return name;
      if (std::string(list) == "containers") {
        first = count++ == 0 ? name : first;
        names += (names.empty() ? "" : " ") + name;
      }
    }
  }
  if (!wanted.empty()) {
    throw BadRequest("container " + wanted + " is not valid for pod " + call.name);
  }
  if (count == 1) return first;
  throw BadRequest("a container name must be specified for pod " + call.name + ", choose one of: [" +
                   names + "]");
}

}  // namespace

Response Subresources::Log(const ResourceCall& call) {
  Allow(call, {"GET"});
  json pod;
  {
    ResourceApi::Tx tx(api_.store());
    pod = api_.Load(tx, call);
  }
  PodLogs::Query query;
  query.name_space = call.name_space;
  query.pod = call.name;
  query.container = ContainerOf(call, pod);
  query.follow = call.request->QueryTrue("follow");
  query.previous = call.request->QueryTrue("previous");
  query.timestamps = call.request->QueryTrue("timestamps");
  query.tail_lines = NumberParameter(*call.request, "tailLines");
  query.since_seconds = NumberParameter(*call.request, "sinceSeconds");
  query.limit_bytes = NumberParameter(*call.request, "limitBytes");
  std::shared_ptr<PodLogs> logs;
  {
    std::lock_guard<std::mutex> lock(logs_mutex_);
    logs = logs_;
  }
  if (logs == nullptr) throw ApiError(404, "NotFound", "no pod runner keeps logs here");
  if (!query.follow) {
    Response response;
    response.content_type = "text/plain";
    auto refusal = logs->Stream(query, [&](std::string_view bytes) {
      response.body += bytes;
      return true;
    });
    if (refusal) throw BadRequest(*refusal);
    return response;
  }
  Response response;
  response.content_type = "text/plain";
  response.stream = [logs, query](Stream& stream) {
    auto refusal = logs->Stream(query, [&](std::string_view bytes) {
      return bytes.empty() ? stream.Open() : stream.Write(bytes);
    });
    if (refusal) stream.Write(*refusal + "\n");
  };
  return response;
}

Response Subresources::Evict(const ResourceCall& call) {
  Allow(call, {"POST"});
  json eviction = ResourceApi::ParseBody(*call.request);
  Request inner = *call.request;
  inner.body = At(eviction, {"deleteOptions"}).is_object() ? eviction["deleteOptions"].dump() : "";
  inner.content_type = "application/json";
  DeleteOptions options = ResourceApi::ParseDeleteOptions(inner);
  ResourceApi::Tx tx(api_.store());
  json pod = api_.Load(tx, call);
  RefuseDisruption(pod, tx.List("pods", call.name_space).items,
                   tx.List("poddisruptionbudgets.policy", call.name_space).items);
  api_.Remove(tx, *call.info, call.Key(), options);
  return JsonResponse(SuccessStatus(201), 201);
}

Response Subresources::Bind(const ResourceCall& call) {
  Allow(call, {"POST"});
  json binding = ResourceApi::ParseBody(*call.request);
  std::string node = TextAt(binding, {"target", "name"});
  if (node.empty()) {
    throw Invalid("", "Binding", call.name, {{"FieldValueRequired", "Required value", "target.name"}});
  }
  ResourceApi::Tx tx(api_.store());
  json pod = api_.Load(tx, call);
  if (!TextAt(pod, {"spec", "nodeName"}).empty()) {
    throw Conflict(call.About(), "pod " + call.name + " is already assigned to node \"" +
                                     TextAt(pod, {"spec", "nodeName"}) + "\"");
  }
  json after = pod;
  after["spec"]["nodeName"] = node;
  std::vector<std::string> warnings;
  ResourceCall plain = call;
  plain.subresource.clear();
  api_.Change(tx, plain, pod, std::move(after), ResourceApi::ParseWriteOptions(*call.request), warnings);
  return JsonResponse(SuccessStatus(201), 201);
}

// Of a pod that runs: what its containers may use, and nothing else.
Response Subresources::Resize(const ResourceCall& call) {
  Allow(call, {"GET", "PUT", "PATCH"});
  ResourceApi::Tx tx(api_.store());
  json before = api_.Load(tx, call);
  if (call.request->method == "GET") return JsonResponse(before);
  WriteOptions options = ResourceApi::ParseWriteOptions(*call.request);
  options.resize = true;
  json wanted = ResourceApi::ParseBody(*call.request);
  bool tracked = false;
  if (call.request->method == "PATCH") wanted = api_.PatchedObject(call, before, wanted, options, tracked);
  std::vector<std::string> warnings;
  ResourceCall plain = call;
  plain.subresource.clear();
  return JsonResponse(api_.Change(tx, plain, before, std::move(wanted), options, warnings, tracked));
}

// The last step of a namespace's end is the collector's; a client may take its
// own finalizers out of spec.finalizers.
Response Subresources::Finalize(const ResourceCall& call) {
  Allow(call, {"PUT"});
  json wanted = ResourceApi::ParseBody(*call.request);
  ResourceApi::Tx tx(api_.store());
  json before = api_.Load(tx, call);
  json after = before;
  after["spec"]["finalizers"] = At(wanted, {"spec", "finalizers"});
  if (after["spec"]["finalizers"].is_null()) after["spec"]["finalizers"] = json::array();
  std::vector<std::string> warnings;
  ResourceCall plain = call;
  plain.subresource.clear();
  return JsonResponse(api_.Change(tx, plain, before, std::move(after),
                                  ResourceApi::ParseWriteOptions(*call.request), warnings));
}

}  // namespace windlass::api_server
