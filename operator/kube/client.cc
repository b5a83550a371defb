// See client.h.
#include "operator/kube/client.h"

#include <nlohmann/json.hpp>

namespace windlass::kube {
namespace {

constexpr int kPageSize = 100;

std::string PathOf(const Kind& kind, const std::string& name_space, const std::string& name = "",
                   const std::string& subresource = "") {
  const std::string group(kind.api_version);
  std::string path = (group.find('/') == std::string::npos ? "/api/" : "/apis/") + group;
  if (!name_space.empty()) path += "/namespaces/" + name_space;
  path += std::string("/") + kind.plural;
  if (!name.empty()) path += "/" + name;
  if (!subresource.empty()) path += "/" + subresource;
  return path;
}

// The server's own words where it sent a Status, else what was asked.
[[noreturn]] void ThrowFor(const HttpRequest& request, const HttpResponse& response) {
  std::string reason;
  std::string message =
      request.method + " " + request.path + " was answered " + std::to_string(response.status);
  const Json status = Json::parse(response.body, nullptr, false);
  if (status.is_object()) {
    reason = status.value("reason", "");
    if (const std::string text = status.value("message", ""); !text.empty()) message += ": " + text;
  }
  throw KubeError(response.status, reason, message);
}

Json ParseBody(const HttpRequest& request, const HttpResponse& response) {
  Json object = Json::parse(response.body, nullptr, false);
  if (!object.is_object()) {
    throw KubeError(response.status, "BadAnswer",
                    request.method + " " + request.path + " was answered with something that is not a JSON object");
  }
  return object;
}

// Hands out the items of a list one by one, each forgotten before the next is read:
// the tree of a page would be seven times as large as its text. Returns its metadata.
Json ParsePage(const HttpRequest& request, const HttpResponse& response, const Client::ObjectSink& sink) {
  constexpr int kItemDepth = 2;
  bool in_items = false;
  const auto on_part = [&](int depth, Json::parse_event_t event, Json& part) {
    if (event == Json::parse_event_t::key && depth == 1) in_items = part == "items";
    if (event == Json::parse_event_t::key && part == "managedFields") return false;
    if (event != Json::parse_event_t::object_end || depth != kItemDepth || !in_items) return true;
    sink(part);
    return false;
  };
  const Json rest = Json::parse(response.body, on_part, false);
  if (!rest.is_object()) {
    throw KubeError(response.status, "BadAnswer",
                    request.method + " " + request.path + " was answered with something that is not a JSON object");
  }
  return rest.value("metadata", Json::object());
}

std::string NameOf(const Json& object) {
  return object.at("metadata").at("name").get<std::string>();
}

}  // namespace

Json Client::Expect(const HttpRequest& request) {
  const HttpResponse response = transport_.Send(request);
  if (response.status < 200 || response.status > 299) ThrowFor(request, response);
  return ParseBody(request, response);
}

std::optional<Json> Client::Get(const Kind& kind, const std::string& name_space,
                                const std::string& name) {
  HttpRequest request;
  request.path = PathOf(kind, name_space, name);
  try {
    return Expect(request);
  } catch (const KubeError& error) {
    if (error.not_found()) return std::nullopt;
    throw;
  }
}

std::string Client::List(const Kind& kind, const std::string& name_space, const std::string& label_selector, const ObjectSink& sink) {
  std::string next, version;
  do {
    HttpRequest request;
    request.path = PathOf(kind, name_space);
    request.query.emplace_back("limit", std::to_string(kPageSize));
    if (!label_selector.empty()) request.query.emplace_back("labelSelector", label_selector);
    if (!next.empty()) request.query.emplace_back("continue", next);
    const HttpResponse response = transport_.Send(request);
    if (response.status < 200 || response.status > 299) ThrowFor(request, response);
    const Json metadata = ParsePage(request, response, sink);
    next = metadata.value("continue", "");
    // The pages after the first are of the same version.
    if (version.empty()) version = metadata.value("resourceVersion", "");
  } while (!next.empty());
  return version;
}

Json Client::Create(const Kind& kind, const std::string& name_space, const Json& object) {
  HttpRequest request;
  request.method = "POST";
  request.path = PathOf(kind, name_space);
  request.body = object.dump();
  request.content_type = "application/json";
  return Expect(request);
}

Json Client::Update(const Kind& kind, const std::string& name_space, const Json& object,
                    const std::string& subresource) {
  HttpRequest request;
  request.method = "PUT";
  request.path = PathOf(kind, name_space, NameOf(object), subresource);
  request.body = object.dump();
  request.content_type = "application/json";
  return Expect(request);
}

Json Client::MergePatch(const Kind& kind, const std::string& name_space, const std::string& name,
                        const Json& patch, const std::string& subresource) {
  HttpRequest request;
  request.method = "PATCH";
  request.path = PathOf(kind, name_space, name, subresource);
  request.body = patch.dump();
  request.content_type = "application/merge-patch+json";
  return Expect(request);
}

bool Client::Delete(const Kind& kind, const std::string& name_space, const std::string& name,
                    const DeleteOptions& options) {
  Json body = {{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (!options.uid.empty()) body["preconditions"] = {{"uid", options.uid}};
  if (options.grace_seconds) body["gracePeriodSeconds"] = *options.grace_seconds;
  HttpRequest request;
  request.method = "DELETE";
  request.path = PathOf(kind, name_space, name);
  request.body = body.dump();
  request.content_type = "application/json";
  try {
    Expect(request);
    return true;
  } catch (const KubeError& error) {
    if (error.not_found()) return false;
    throw;
  }
}

void Client::Watch(const Kind& kind, const std::string& name_space, const WatchOptions& options,
                   const EventSink& sink, std::stop_token stop) {
  HttpRequest request;
  request.path = PathOf(kind, name_space);
  request.query = {{"watch", "true"},
                   {"allowWatchBookmarks", "true"},
                   {"timeoutSeconds", std::to_string(options.timeout.count())},
                   {"resourceVersion", options.resource_version}};
  if (!options.label_selector.empty()) {
    request.query.emplace_back("labelSelector", options.label_selector);
  }
  // The server ends the watch; the deadline is for one that does not.
  request.deadline = options.timeout + std::chrono::seconds(20);
  const auto on_line = [&](std::string_view line) {
    if (line.empty()) return true;
    const Json event = Json::parse(line, nullptr, false);
    if (!event.is_object() || !event.contains("object")) {
      throw KubeError(0, "BadAnswer", "the watch of " + request.path + " sent a line that is not an event");
    }
    return sink(event.value("type", ""), event["object"]);
  };
  const HttpResponse response = transport_.Stream(request, on_line, stop);
  if (response.status != 200 && response.status != 0) ThrowFor(request, response);
}

}  // namespace windlass::kube
