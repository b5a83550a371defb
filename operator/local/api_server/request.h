// A request and a response, free of the transport that carried them.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace windlass::api_server {

struct Request {
  std::string method;
  std::string path;                           // decoded, no query
  std::map<std::string, std::string> query;   // decoded; of a repeated name, the last
  std::string accept;
  std::string content_type;
  std::string user_agent;
  std::string authorization;
  std::string host;    // empty: not over the network
  std::string origin;  // browsers name the page's site here
  std::string body;

  // Empty if absent.
  std::string Query(const std::string& name) const;
  bool QueryTrue(const std::string& name) const;
};

// Splits a request target into path and query and decodes both.
void ParseTarget(std::string_view target, Request& request);

// The receiving end of a streamed response.
class Stream {
 public:
  virtual ~Stream() = default;
  // Sends at once. False if the client has gone or the server is stopping.
  virtual bool Write(std::string_view bytes) = 0;
  virtual bool Open() = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::string> warnings;     // each a Warning: 299 header
  // If set, called after the headers are sent, in place of the body.
  std::function<void(Stream&)> stream;
};

// What a path under /api or /apis names.
struct ResourcePath {
  std::string group;
  std::string version;
  std::string name_space;
  std::string plural;
  std::string name;
  std::string subresource;
};

// No value: not a resource's path.
std::optional<ResourcePath> ParseResourcePath(const std::string& path);

// What the client wants back, by its Accept header.
struct Output {
  enum class Form { kObject, kTable, kMetadata };
  Form form = Form::kObject;
  std::string include_object = "Metadata";  // of a table's rows: None, Metadata, Object
};

// Throws ApiError 406 if nothing in the header can be made.
Output ParseOutput(const Request& request);

}  // namespace windlass::api_server
