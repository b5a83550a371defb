// Routing.
#include "operator/local/api_server/service.h"

#include <nlohmann/json.hpp>

#include "operator/local/api_server/discovery.h"
#include "operator/local/api_server/json_response.h"
#include "operator/local/api_server/openapi.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

Response TextResponse(const std::string& text, int status = 200) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = text;
  return response;
}

// The version of aggregated discovery the client takes, or "".
std::string AggregatedVersion(const std::string& accept) {
  size_t at = accept.find("g=apidiscovery.k8s.io");
  if (at == std::string::npos) return "";
  size_t begin = accept.rfind(',', at);
  std::string offer = accept.substr(begin == std::string::npos ? 0 : begin + 1);
  offer = offer.substr(0, offer.find(','));
  return offer.find("v=v2beta1") != std::string::npos ? "v2beta1" : "v2";
}

Response Discovery(const Request& request, const Registry& registry, bool core) {
  std::string version = AggregatedVersion(request.accept);
  if (version.empty()) return JsonResponse(core ? CoreVersions() : GroupList(registry));
  Response response = JsonResponse(AggregatedDiscovery(registry, core, version));
  response.content_type = "application/json;g=apidiscovery.k8s.io;v=" + version + ";as=APIGroupDiscoveryList";
  return response;
}

// "/apis/G/V" → {G, V}; "/api/v1" → {"", v1}; "/apis/G" → {G, ""}.
std::optional<std::pair<std::string, std::string>> GroupVersionPath(std::string path) {
  while (!path.empty() && path.back() == '/') path.pop_back();
  if (path.rfind("/api/", 0) == 0) {
    std::string version = path.substr(5);
    if (version.find('/') != std::string::npos) return std::nullopt;
    return std::make_pair(std::string(), version);
  }
  if (path.rfind("/apis/", 0) != 0) return std::nullopt;
  std::string rest = path.substr(6);
  size_t slash = rest.find('/');
  if (slash == std::string::npos) return std::make_pair(rest, std::string());
  if (rest.find('/', slash + 1) != std::string::npos) return std::nullopt;
  return std::make_pair(rest.substr(0, slash), rest.substr(slash + 1));
}

}  // namespace

namespace {

// Loopback keeps other machines out, but not a web page in a browser of this one:
// no client of Kubernetes sends an Origin, and a page that has pointed a name of
// its own here shows that name as Host.
void RefuseBrowsers(const Request& request) {
  std::string host = request.host.substr(0, request.host.rfind(':'));
  bool local = request.host.empty() || host == "localhost" || host == "[::1]" ||
               (!host.empty() && host.find_first_not_of("0123456789.") == std::string::npos);
  if (request.origin.empty() && local) return;
  throw ApiError(403, "Forbidden", "requests from web pages and under foreign host names are refused");
}

}  // namespace

Response Service::Handle(const Request& request) {
  try {
    RefuseBrowsers(request);
    if (!token_.empty() && request.authorization != "Bearer " + token_) {
      throw ApiError(401, "Unauthorized", "Unauthorized");
    }
    return Route(request);
  } catch (const ApiError& error) {
    // A path that is none has no Status: nobody is there to make one.
    if (error.code == 404 && error.name.empty() && error.kind.empty()) return TextResponse("404 page not found\n", 404);
    return JsonResponse(StatusOf(error), error.code);
  } catch (const json::exception& error) {
    // A field of a type that the code above did not expect: the client's object.
    return JsonResponse(StatusOf(BadRequest(std::string("malformed object: ") + error.what())), 400);
  } catch (const std::exception& error) {
    return JsonResponse(StatusOf(ApiError(500, "InternalError",
                                          std::string("Internal error occurred: ") + error.what())),
                        500);
  }
}

Response Service::Route(const Request& request) {
  auto registry = api_.registry();
  if (request.method == "GET" || request.method == "HEAD") {
    if (auto document = Document(request, *registry)) return *document;
  }
  return ResourceRequest(request, registry);
}

std::optional<Response> Service::Document(const Request& request, const Registry& registry) {
  std::string path = request.path;
  if (path.size() > 1 && path.back() == '/') path.pop_back();
  if (path == "/healthz" || path == "/readyz" || path == "/livez") return TextResponse("ok");
  if (path == "/version") return JsonResponse(VersionDocument());
  if (path == "/api") return Discovery(request, registry, true);
  if (path == "/apis") return Discovery(request, registry, false);
  if (path == "/openapi/v3") return JsonResponse(OpenApiIndex(registry));
  if (path == "/openapi/v2") {
    if (request.accept.find("protobuf") == std::string::npos) return JsonResponse(OpenApiV2());
    Response response = TextResponse(OpenApiV2Protobuf());
    response.content_type = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
    return response;
  }
  if (path == "/") {
    return JsonResponse({{"paths", {"/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3",
                                    "/readyz", "/version"}}});
  }
  const std::string openapi = "/openapi/v3";
  bool is_openapi = path.rfind(openapi + "/", 0) == 0;
  auto group_version = GroupVersionPath(is_openapi ? path.substr(openapi.size()) : path);
  if (!group_version) return std::nullopt;
  const auto& [group, version] = *group_version;
  json document = is_openapi        ? OpenApiDocument(registry, group, version)
                  : version.empty() ? GroupDocument(registry, group)
                                    : ResourceList(registry, group, version);
  if (document.is_null()) throw PathNotFound();
  return JsonResponse(document);
}

Response Service::ResourceRequest(const Request& request, std::shared_ptr<const Registry> registry) {
  std::optional<ResourcePath> path = ParseResourcePath(request.path);
  if (!path) throw PathNotFound();
  ResourceCall call;
  call.request = &request;
  call.registry = registry;
  call.info = registry->Find(path->group, path->version, path->plural);
  call.name_space = path->name_space;
  call.name = path->name;
  call.subresource = path->subresource;
  if (call.info == nullptr) throw PathNotFound();
  if (!call.info->namespaced && !call.name_space.empty()) throw PathNotFound();
  const std::string& method = request.method;
  if (call.name.empty()) {
    if (method == "GET") return request.QueryTrue("watch") ? api_.Watch(call) : api_.List(call);
    bool everywhere = call.info->namespaced && call.name_space.empty();
    if (method == "POST" && !everywhere) return api_.Create(call);
    if (method == "DELETE" && !everywhere && call.info->storage_resource != "namespaces") {
      return api_.DeleteCollection(call);
    }
    throw MethodNotAllowed();
  }
  if (call.info->namespaced && call.name_space.empty()) throw PathNotFound();
  if (call.subresource == "status") {
    if (!call.info->has_status) throw PathNotFound();
    if (method == "DELETE" || method == "POST") throw MethodNotAllowed();
  } else if (!call.subresource.empty()) {
    return subresources_.Handle(call);
  }
  if (method == "GET") return request.QueryTrue("watch") ? api_.Watch(call) : api_.Get(call);
  if (method == "PUT") return api_.Update(call);
  if (method == "PATCH") return api_.Patch(call);
  if (method == "DELETE") return api_.Delete(call);
  throw MethodNotAllowed();
}

}  // namespace windlass::api_server
