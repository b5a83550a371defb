#include "operator/local/pod_runner/environment.h"

#include <nlohmann/json.hpp>

#include "operator/local/pod_runner/volumes.h"

namespace windlass::pod_runner {

namespace {

using nlohmann::json;
using Variables = std::map<std::string, std::string>;

[[noreturn]] void Missing(const std::string& what) { throw NotReadyToStart("CreateContainerConfigError", what); }

// metadata.labels['x'] and metadata.annotations['x'].
std::string MapField(const json& metadata, const std::string& path) {
  const size_t open = path.find("['");
  const size_t close = path.rfind("']");
  if (open == std::string::npos || close == std::string::npos || close < open) Missing("fieldPath " + path + " is not supported");
  const std::string field = path.substr(std::string("metadata.").size(), open - std::string("metadata.").size());
  const std::string key = path.substr(open + 2, close - open - 2);
  return metadata.value(field, json::object()).value(key, "");
}

std::string FieldValue(const json& pod, const std::string& path, const PodFacts& facts) {
  const json& metadata = pod.at("metadata");
  if (path == "metadata.name") return metadata.value("name", "");
  if (path == "metadata.namespace") return metadata.value("namespace", "default");
  if (path == "metadata.uid") return metadata.value("uid", "");
  if (path == "spec.nodeName") return pod.at("spec").value("nodeName", "");
  if (path == "spec.serviceAccountName") return pod.at("spec").value("serviceAccountName", "default");
  if (path == "status.podIP" || path == "status.podIPs") return facts.ip;
  if (path == "status.hostIP") return facts.host_ip;
  return MapField(metadata, path);
}

json FetchSource(const ApiCall& call, const json& pod, const char* plural, const json& ref) {
  const std::string name = ref.value("name", "");
  const auto object = GetObject(
      call, "/api/v1/namespaces/" + pod.at("metadata").value("namespace", "default") + "/" + plural + "/" + name);
  if (object) return *object;
  if (ref.value("optional", false)) return json::object();
  Missing(std::string(plural).substr(0, std::string(plural).size() - 1) + " \"" + name + "\" not found");
}

void AddKey(const ApiCall& call, const json& pod, const char* plural, const json& ref, const std::string& variable,
            Variables* variables) {
  const json object = FetchSource(call, pod, plural, ref);
  const auto key = ref.at("key").get<std::string>();
  for (const auto& [name, value] : ObjectEntries(object)) {
    if (name == key) {
      (*variables)[variable] = value;
      return;
    }
  }
  if (!ref.value("optional", false)) Missing("couldn't find key " + key + " in " + plural + " " + ref.value("name", ""));
}

void AddAll(const ApiCall& call, const json& pod, const json& source, Variables* variables) {
  const std::string prefix = source.value("prefix", "");
  for (const auto& [field, plural] : {std::pair{"configMapRef", "configmaps"}, std::pair{"secretRef", "secrets"}}) {
    if (!source.contains(field)) continue;
    for (const auto& [name, value] : ObjectEntries(FetchSource(call, pod, plural, source.at(field)))) {
      (*variables)[prefix + name] = value;
    }
  }
}

void AddOne(const ApiCall& call, const json& pod, const json& container, const json& entry, const PodFacts& facts,
            Variables* variables) {
  const auto name = entry.at("name").get<std::string>();
  if (!entry.contains("valueFrom")) {
    (*variables)[name] = ExpandVariables(entry.value("value", ""), *variables);
    return;
  }
  const json& from = entry.at("valueFrom");
  if (from.contains("fieldRef")) {
    (*variables)[name] = FieldValue(pod, from.at("fieldRef").at("fieldPath"), facts);
  } else if (from.contains("configMapKeyRef")) {
    AddKey(call, pod, "configmaps", from.at("configMapKeyRef"), name, variables);
  } else if (from.contains("secretKeyRef")) {
    AddKey(call, pod, "secrets", from.at("secretKeyRef"), name, variables);
  } else if (from.contains("resourceFieldRef")) {
    const auto resource = from.at("resourceFieldRef").at("resource").get<std::string>();
    const size_t dot = resource.find('.');
    const json resources = container.value("resources", json::object());
    (*variables)[name] = resources.value(resource.substr(0, dot), json::object()).value(resource.substr(dot + 1), "0");
  } else {
    Missing("environment variable " + name + " has a source that the local control plane does not provide");
  }
}

}  // namespace

Variables BuildEnvironment(const ApiCall& call, const json& pod, const json& container, const PodFacts& facts) {
  Variables variables;
  variables["HOSTNAME"] = pod.at("metadata").value("name", "");
  for (const json& source : container.value("envFrom", json::array())) AddAll(call, pod, source, &variables);
  for (const json& entry : container.value("env", json::array())) {
    AddOne(call, pod, container, entry, facts, &variables);
  }
  return variables;
}

std::string ExpandVariables(const std::string& text, const Variables& variables) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.compare(at, 3, "$$(") == 0) {
      out += "$(";
      at += 3;
      continue;
    }
    if (text.compare(at, 2, "$(") == 0) {
      const size_t close = text.find(')', at);
      if (close != std::string::npos) {
        const auto found = variables.find(text.substr(at + 2, close - at - 2));
        if (found != variables.end()) {
          out += found->second;
          at = close + 1;
          continue;
        }
      }
    }
    out += text[at++];
  }
  return out;
}

}  // namespace windlass::pod_runner
