// A refusal in Kubernetes's own form: an HTTP code, a reason that clients act
// on, and causes that kubectl prints. Thrown by every piece, caught at the edge.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <stdexcept>
#include <string>
#include <vector>

namespace windlass::api_server {

// One thing wrong with one field.
struct Cause {
  std::string reason;   // FieldValueInvalid, FieldValueRequired, ...
  std::string message;  // without the field
  std::string field;    // spec.shards
};

// What an error is about. `resource` is the plural name.
struct Subject {
  std::string group;
  std::string resource;
  std::string name;
};

class ApiError : public std::runtime_error {
 public:
  ApiError(int http_code, std::string reason_word, const std::string& message)
      : std::runtime_error(message), code(http_code), reason(std::move(reason_word)) {}

  int code;
  std::string reason;
  // details of the Status; all may be empty.
  std::string group, kind, name, uid;
  std::vector<Cause> causes;
  int retry_after_seconds = 0;
};

ApiError NotFound(const Subject& subject);
ApiError PathNotFound();  // no such API
ApiError AlreadyExists(const Subject& subject);
ApiError Conflict(const Subject& subject, const std::string& why);
ApiError Invalid(const std::string& group, const std::string& kind, const std::string& name,
                 std::vector<Cause> causes);
ApiError BadRequest(const std::string& message);
ApiError MethodNotAllowed();
ApiError Expired(const std::string& message);

// field.Error's text: "spec.shards: Invalid value: 0: ...".
std::string CauseText(const Cause& cause);

nlohmann::json StatusOf(const ApiError& error);

}  // namespace windlass::api_server
