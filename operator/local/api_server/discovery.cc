// Legacy and aggregated discovery.
#include "operator/local/api_server/discovery.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace windlass::api_server {

using nlohmann::json;

namespace {

json Verbs(const ResourceInfo& info) {
  json verbs = {"delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"};
  if (info.plural == "namespaces" && info.builtin) verbs.erase(1);
  return verbs;
}

struct Subresource {
  std::string name;
  std::string kind, group, version;  // of what it takes and gives
  json verbs;
};

std::vector<Subresource> SubresourcesOf(const ResourceInfo& info) {
  std::vector<Subresource> subs;
  for (const std::string& name : info.extra_subresources) {
    if (name == "eviction") subs.push_back({name, "Eviction", "policy", "v1", json::array({"create"})});
    if (name == "binding") subs.push_back({name, "Binding", "", "v1", json::array({"create"})});
    if (name == "log") subs.push_back({name, "Pod", "", "v1", json::array({"get"})});
    if (name == "resize") subs.push_back({name, "Pod", "", "v1", json::array({"get", "patch", "update"})});
    if (name == "finalize") subs.push_back({name, "Namespace", "", "v1", json::array({"update"})});
  }
  if (info.scale) subs.push_back({"scale", "Scale", "autoscaling", "v1", {"get", "patch", "update"}});
  if (info.has_status) {
    subs.push_back({"status", info.kind, info.group, info.version, {"get", "patch", "update"}});
  }
  return subs;
}

// Groups in order of appearance; each with its versions.
struct Group {
  std::string name;
  std::vector<std::string> versions;
};

std::vector<Group> Groups(const Registry& registry, bool core) {
  std::vector<Group> groups;
  for (const ResourcePtr& r : registry.resources()) {
    if (r->group.empty() != core) continue;
    auto it = std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.name == r->group; });
    if (it == groups.end()) it = groups.insert(groups.end(), Group{r->group, {}});
    if (std::find(it->versions.begin(), it->versions.end(), r->version) == it->versions.end()) {
      it->versions.push_back(r->version);
    }
  }
  return groups;
}

json GroupJson(const Group& group) {
  json versions = json::array();
  for (const std::string& version : group.versions) {
    versions.push_back({{"groupVersion", group.name + "/" + version}, {"version", version}});
  }
  return {{"name", group.name}, {"versions", versions}, {"preferredVersion", versions[0]}};
}

json AggregatedResource(const ResourceInfo& info) {
  json resource = {{"resource", info.plural},
                   {"responseKind", {{"group", info.group}, {"version", info.version}, {"kind", info.kind}}},
                   {"scope", info.namespaced ? "Namespaced" : "Cluster"},
                   {"singularResource", info.singular},
                   {"verbs", Verbs(info)}};
  if (!info.short_names.empty()) resource["shortNames"] = info.short_names;
  if (!info.categories.empty()) resource["categories"] = info.categories;
  for (const Subresource& sub : SubresourcesOf(info)) {
    resource["subresources"].push_back(
        {{"subresource", sub.name},
         {"responseKind", {{"group", sub.group}, {"version", sub.version}, {"kind", sub.kind}}},
         {"verbs", sub.verbs}});
  }
  return resource;
}

}  // namespace

json CoreVersions() {
  return {{"kind", "APIVersions"},
          {"versions", json::array({"v1"})},
          {"serverAddressByClientCIDRs", json::array()}};
}

json GroupList(const Registry& registry) {
  json groups = json::array();
  for (const Group& group : Groups(registry, false)) groups.push_back(GroupJson(group));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", groups}};
}

json GroupDocument(const Registry& registry, const std::string& name) {
  for (const Group& group : Groups(registry, false)) {
    if (group.name != name) continue;
    json document = GroupJson(group);
    document["kind"] = "APIGroup";
    document["apiVersion"] = "v1";
    return document;
  }
  return json();
}

json ResourceList(const Registry& registry, const std::string& group, const std::string& version) {
  if (!registry.HasGroupVersion(group, version)) return json();
  json resources = json::array();
  for (const ResourcePtr& r : registry.resources()) {
    if (r->group != group || r->version != version) continue;
    json one = {{"name", r->plural},
                {"singularName", r->singular},
                {"namespaced", r->namespaced},
                {"kind", r->kind},
                {"verbs", Verbs(*r)}};
    if (!r->short_names.empty()) one["shortNames"] = r->short_names;
    if (!r->categories.empty()) one["categories"] = r->categories;
    resources.push_back(one);
    for (const Subresource& sub : SubresourcesOf(*r)) {
      resources.push_back({{"name", r->plural + "/" + sub.name},
                           {"singularName", ""},
                           {"namespaced", r->namespaced},
                           {"kind", sub.kind},
                           {"group", sub.group},
                           {"version", sub.version},
                           {"verbs", sub.verbs}});
    }
  }
  return {{"kind", "APIResourceList"},
          {"apiVersion", "v1"},
          {"groupVersion", group.empty() ? version : group + "/" + version},
          {"resources", resources}};
}

json AggregatedDiscovery(const Registry& registry, bool core, const std::string& discovery_version) {
  json items = json::array();
  for (const Group& group : Groups(registry, core)) {
    json versions = json::array();
    for (const std::string& version : group.versions) {
      json resources = json::array();
      for (const ResourcePtr& r : registry.resources()) {
        if (r->group == group.name && r->version == version) resources.push_back(AggregatedResource(*r));
      }
      versions.push_back({{"version", version}, {"resources", resources}, {"freshness", "Current"}});
    }
    json meta = {{"creationTimestamp", nullptr}};
    if (!group.name.empty()) meta["name"] = group.name;
    items.push_back({{"metadata", meta}, {"versions", versions}});
  }
  return {{"kind", "APIGroupDiscoveryList"},
          {"apiVersion", "apidiscovery.k8s.io/" + discovery_version},
          {"metadata", json::object()},
          {"items", items}};
}

json VersionDocument() {
  return {{"major", "1"},
          {"minor", "32"},
          {"gitVersion", "v1.32.0+windlass-local"},
          {"gitCommit", ""},
          {"gitTreeState", "clean"},
          {"buildDate", "1970-01-01T00:00:00Z"},
          {"goVersion", ""},
          {"compiler", "g++"},
          {"platform", "linux/amd64"}};
}

}  // namespace windlass::api_server
