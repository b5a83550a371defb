// The texts and shapes of Kubernetes's Status errors.
#include "operator/local/api_server/api_error.h"

#include <nlohmann/json.hpp>

namespace windlass::api_server {

namespace {

std::string Qualified(const std::string& name, const std::string& group) {
  return group.empty() ? name : name + "." + group;
}

ApiError About(ApiError error, const Subject& subject) {
  error.group = subject.group;
  error.kind = subject.resource;
  error.name = subject.name;
  return error;
}

}  // namespace

ApiError NotFound(const Subject& s) {
  return About(ApiError(404, "NotFound",
                        Qualified(s.resource, s.group) + " \"" + s.name + "\" not found"),
               s);
}

ApiError PathNotFound() {
  return ApiError(404, "NotFound", "the server could not find the requested resource");
}

ApiError AlreadyExists(const Subject& s) {
  return About(ApiError(409, "AlreadyExists",
                        Qualified(s.resource, s.group) + " \"" + s.name + "\" already exists"),
               s);
}

ApiError Conflict(const Subject& s, const std::string& why) {
  return About(ApiError(409, "Conflict",
                        "Operation cannot be fulfilled on " + Qualified(s.resource, s.group) +
                            " \"" + s.name + "\": " + why),
               s);
}

ApiError Invalid(const std::string& group, const std::string& kind, const std::string& name,
                 std::vector<Cause> causes) {
  std::string text;
  for (const Cause& cause : causes) text += (text.empty() ? "" : ", ") + CauseText(cause);
  if (causes.size() > 1) text = "[" + text + "]";
  ApiError error(422, "Invalid", Qualified(kind, group) + " \"" + name + "\" is invalid: " + text);
  error.group = group;
  error.kind = kind;
  error.name = name;
  error.causes = std::move(causes);
  return error;
}

ApiError BadRequest(const std::string& message) { return ApiError(400, "BadRequest", message); }

ApiError MethodNotAllowed() {
  return ApiError(405, "MethodNotAllowed",
                  "the server does not allow this method on the requested resource");
}

ApiError Expired(const std::string& message) { return ApiError(410, "Expired", message); }

std::string CauseText(const Cause& cause) {
  return cause.field.empty() ? cause.message : cause.field + ": " + cause.message;
}

nlohmann::json StatusOf(const ApiError& error) {
  nlohmann::json status = {{"kind", "Status"},
                           {"apiVersion", "v1"},
                           {"metadata", nlohmann::json::object()},
                           {"status", "Failure"},
                           {"message", error.what()},
                           {"code", error.code}};
  if (!error.reason.empty()) status["reason"] = error.reason;
  nlohmann::json details = nlohmann::json::object();
  if (!error.name.empty()) details["name"] = error.name;
  if (!error.group.empty()) details["group"] = error.group;
  if (!error.kind.empty()) details["kind"] = error.kind;
  if (!error.uid.empty()) details["uid"] = error.uid;
  if (error.retry_after_seconds > 0) details["retryAfterSeconds"] = error.retry_after_seconds;
  for (const Cause& cause : error.causes) {
    nlohmann::json entry = {{"reason", cause.reason}, {"message", cause.message}};
    if (!cause.field.empty()) entry["field"] = cause.field;
    details["causes"].push_back(entry);
  }
  if (!details.empty()) status["details"] = details;
  return status;
}

}  // namespace windlass::api_server
