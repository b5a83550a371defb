// Filters from a query, and the forms of lists.
#include "operator/local/api_server/resource_filter.h"

#include <nlohmann/json.hpp>

#include "operator/local/api_server/kind_rules.h"
#include "operator/local/api_server/resource_api.h"
#include "operator/local/api_server/table_printer.h"

namespace windlass::api_server {

using nlohmann::json;

namespace {

// Events are stored in their old shape; the new API's names are put back.
std::string StoredFieldNames(const ResourceInfo& info, std::string text) {
  if (info.group != "events.k8s.io") return text;
  for (const auto& [from, to] : {std::pair<std::string, std::string>{"regarding.", "involvedObject."},
                                 {"reportingController", "reportingComponent"}}) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
      text.replace(at, from.size(), to);
    }
  }
  return text;
}

}  // namespace

ResourceFilter ResourceFilter::Of(const ResourceCall& call) {
  ResourceFilter filter;
  filter.labels_ = LabelSelector::Parse(call.request->Query("labelSelector"));
  std::vector<std::string> fields = SelectableFields(*call.info);
  fields.push_back("metadata.name");
  fields.push_back("metadata.namespace");
  std::string text = StoredFieldNames(*call.info, call.request->Query("fieldSelector"));
  if (call.info->storage_resource == "events") {
    if (size_t at = text.find("source="); at != std::string::npos) text.replace(at, 7, "source.component=");
  }
  if (!call.name.empty()) text += ",metadata.name=" + call.name;
  filter.fields_ = FieldSelector::Parse(text, fields);
  return filter;
}

json MetadataOnly(const json& object) {
  return {{"kind", "PartialObjectMetadata"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", object.value("metadata", json::object())}};
}

json EmptyTable(const ResourceInfo& info, bool with_columns) {
  return {{"kind", "Table"},
          {"apiVersion", "meta.k8s.io/v1"},
          {"metadata", json::object()},
          {"columnDefinitions", with_columns ? TableColumns(info) : json::array()},
          {"rows", json::array()}};
}

json ShowList(const ResourceInfo& info, const Output& output, json items, const json& meta) {
  if (output.form == Output::Form::kTable) {
    json table = EmptyTable(info, true);
    table["metadata"] = meta;
    for (const json& item : items) {
      table["rows"].push_back(TableRow(info, item, output.include_object));
    }
    return table;
  }
  if (output.form == Output::Form::kMetadata) {
    for (json& item : items) item = MetadataOnly(item);
    return {{"kind", "PartialObjectMetadataList"},
            {"apiVersion", "meta.k8s.io/v1"},
            {"metadata", meta},
            {"items", std::move(items)}};
  }
  if (info.builtin) {
    // As Kubernetes: items of a typed list do not repeat what the list says.
    for (json& item : items) {
      item.erase("apiVersion");
      item.erase("kind");
    }
  }
  return {{"kind", info.list_kind},
          {"apiVersion", info.ApiVersion()},
          {"metadata", meta},
          {"items", std::move(items)}};
}

}  // namespace windlass::api_server
