// Watching: the events of the store, as the call's filter and form show them.
#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>

#include "operator/local/api_server/object_meta.h"
#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/resource_filter.h"
#include "operator/local/api_server/table_printer.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

constexpr int kWaitMs = 1000;           // how often a quiet watch looks whether its client is there
constexpr int kBookmarkEveryMs = 10000;
constexpr int64_t kLongestWatchSeconds = 1800;

using Clock = std::chrono::steady_clock;

// Writes events in the form that was asked for.
class WatchWriter {
 public:
  WatchWriter(const ResourceCall& call, Stream& stream)
      : info_(*call.info), output_(ParseOutput(*call.request)), stream_(stream) {}

  bool Send(const std::string& type, const json& stored) {
    return Raw(type, Shown(ToVersion(info_, stored)));
  }

  bool Bookmark(uint64_t revision, bool initial_end) {
    json object = {{"kind", info_.kind},
                   {"apiVersion", info_.ApiVersion()},
                   {"metadata", {{"resourceVersion", std::to_string(revision)}}}};
    object["metadata"]["creationTimestamp"] = nullptr;
    if (initial_end) object["metadata"]["annotations"]["k8s.io/initial-events-end"] = "true";
    return Raw("BOOKMARK", Shown(object));
  }

  bool Error(const ApiError& error) { return Raw("ERROR", StatusOf(error)); }

 private:
  bool Raw(const std::string& type, const json& object) {
    return stream_.Write(json{{"type", type}, {"object", object}}.dump() + "\n");
  }

  json Shown(const json& object) {
    if (output_.form == Output::Form::kMetadata) return MetadataOnly(object);
    if (output_.form == Output::Form::kObject) return object;
    json table = EmptyTable(info_, !columns_sent_);
    columns_sent_ = true;
    table["metadata"]["resourceVersion"] = MetaText(object, "resourceVersion");
    table["rows"].push_back(TableRow(info_, object, output_.include_object));
    return table;
  }

  const ResourceInfo& info_;
  const Output output_;
  Stream& stream_;
  bool columns_sent_ = false;
};

// One store event as this watch sees it: an object that leaves the filter is
// deleted, one that enters it is added.
bool SendEvent(WatchWriter& writer, const ResourceFilter& filter, const StoreEvent& event) {
  bool was = event.before != nullptr && filter.Matches(*event.before);
  bool is = event.after != nullptr && filter.Matches(*event.after);
  if (is) return writer.Send(was ? "MODIFIED" : "ADDED", *event.after);
  if (!was) return true;
  if (event.last != nullptr) return writer.Send("DELETED", *event.last);
  json last = *event.before;
  last["metadata"]["resourceVersion"] = std::to_string(event.revision);
  return writer.Send("DELETED", last);
}

bool InScope(const ResourceCall& call, const ObjectKey& key) {
  return call.name_space.empty() || key.name_space == call.name_space;
}

ApiError TooOld(uint64_t revision) {
  return Expired("too old resource version: " + std::to_string(revision));
}

}  // namespace

Response ResourceApi::Watch(const ResourceCall& call) {
  ResourceFilter::Of(call);       // refuse a bad selector before the stream begins
  ParseOutput(*call.request);
  const Request& request = *call.request;
  const bool send_initial = request.QueryTrue("sendInitialEvents");
  std::string match = request.Query("resourceVersionMatch");
  if (send_initial && match != "NotOlderThan") {
    throw Invalid("meta.k8s.io", "ListOptions", "",
                  {{"FieldValueForbidden",
                    "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                    "resourceVersionMatch"}});
  }
  if (!match.empty() && request.Query("sendInitialEvents").empty()) {
    throw Invalid("meta.k8s.io", "ListOptions", "",
                  {{"FieldValueForbidden",
                    "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                    "resourceVersionMatch"}});
  }
  std::string text = request.Query("resourceVersion");
  if (text.find_first_not_of("0123456789") != std::string::npos) {
    throw Invalid("meta.k8s.io", "ListOptions", "",
                  {{"FieldValueInvalid", "Invalid value: \"" + text + "\": strconv.ParseUint: parsing \"" +
                                             text + "\": invalid syntax",
                    "resourceVersion"}});
  }
  uint64_t from = text.empty() ? 0 : std::strtoull(text.c_str(), nullptr, 10);
  bool initial = send_initial || (from == 0 && request.Query("sendInitialEvents") != "false");
  if (!initial && from > 0) {
    if (!store_.Events(call.info->storage_resource, from, 0)) throw TooOld(from);
  }
  Response response;
  auto copy = std::make_shared<Request>(request);
  ResourceCall owned = call;
  response.stream = [this, copy, owned, from, initial](Stream& stream) mutable {
    owned.request = copy.get();
    RunWatch(owned, from, initial, stream);
  };
  return response;
}

void ResourceApi::RunWatch(const ResourceCall& call, uint64_t from, bool initial, Stream& stream) {
  const ResourceFilter filter = ResourceFilter::Of(call);
  WatchWriter writer(call, stream);
  const bool bookmarks = call.request->QueryTrue("allowWatchBookmarks");
  int64_t seconds = std::strtoll(call.request->Query("timeoutSeconds").c_str(), nullptr, 10);
  if (seconds <= 0 || seconds > kLongestWatchSeconds) seconds = kLongestWatchSeconds;
  const auto deadline = Clock::now() + std::chrono::seconds(seconds);
  if (initial) {
    ObjectStore::Page page;
    {
      Tx tx(store_);
      page = tx.List(call.info->storage_resource, call.name_space);
    }
    for (const StoredObject& one : page.items) {
      if (filter.Matches(*one.object) && !writer.Send("ADDED", *one.object)) return;
    }
    from = page.revision;
    if (call.request->QueryTrue("sendInitialEvents") && bookmarks && !writer.Bookmark(from, true)) return;
  } else if (from == 0) {
    from = store_.revision();
  }
  auto next_bookmark = Clock::now() + std::chrono::milliseconds(kBookmarkEveryMs);
  while (stream.Open() && Clock::now() < deadline) {
    auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    auto batch = store_.Events(call.info->storage_resource, from,
                               static_cast<int>(std::clamp<int64_t>(left, 0, kWaitMs)));
    if (!batch) {
      writer.Error(TooOld(from));
      return;
    }
    for (const StoreEvent& event : batch->events) {
      if (InScope(call, event.key) && !SendEvent(writer, filter, event)) return;
    }
    from = batch->next;
    if (!call.info->builtin) {
      // The definition has gone, or another of the same name has come.
      ResourcePtr now = registry()->Find(call.info->group, call.info->version, call.info->plural);
      if (now == nullptr || now->resource_class_uid != call.info->resource_class_uid) return;
    }
    if (bookmarks && Clock::now() >= next_bookmark) {
      if (!writer.Bookmark(from, false)) return;
      next_bookmark = Clock::now() + std::chrono::milliseconds(kBookmarkEveryMs);
    }
  }
  if (bookmarks) writer.Bookmark(from, false);
}

}  // namespace windlass::api_server
