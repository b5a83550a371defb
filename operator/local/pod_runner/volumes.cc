#include "operator/local/pod_runner/volumes.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace windlass::pod_runner {

namespace {

using nlohmann::json;
namespace fs = std::filesystem;

std::string DecodeBase64(const std::string& text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    int value = -1;
    if (c >= 'A' && c <= 'Z') value = c - 'A';
    if (c >= 'a' && c <= 'z') value = c - 'a' + 26;
    if (c >= '0' && c <= '9') value = c - '0' + 52;
    if (c == '+') value = 62;
    if (c == '/') value = 63;
    if (value < 0) continue;
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count >= 8) {
      count -= 8;
      out += static_cast<char>(bits >> count & 0xff);
    }
  }
  return out;
}

std::string Namespace(const json& pod) { return pod.at("metadata").value("namespace", "default"); }

bool IsPathCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

// Not rewritten when nothing changed, so that a reader's watch stays quiet.
void WriteIfChanged(const fs::path& path, const std::string& content, int mode) {
  std::ifstream old(path, std::ios::binary);
  std::stringstream buffer;
  if (old && buffer << old.rdbuf() && buffer.str() == content) return;
  fs::create_directories(path.parent_path());
  const fs::path temporary = path.string() + ".tmp";
  std::ofstream(temporary, std::ios::binary) << content;
  fs::permissions(temporary, static_cast<fs::perms>(mode));
  fs::rename(temporary, path);
}

struct ObjectSource {
  std::string target;
  bool optional = false;
  const json* items = nullptr;
  int mode = 0644;
};

std::optional<ObjectSource> SourceOf(const json& pod, const json& volume) {
  for (const auto& [kind, plural, name_field] :
       {std::tuple{"configMap", "configmaps", "name"}, std::tuple{"secret", "secrets", "secretName"}}) {
    if (!volume.contains(kind)) continue;
    const json& source = volume.at(kind);
    ObjectSource result;
    result.target = "/api/v1/namespaces/" + Namespace(pod) + "/" + plural + "/" + source.value(name_field, "");
    result.optional = source.value("optional", false);
    result.mode = source.value("defaultMode", 0644);
    if (source.contains("items")) result.items = &source.at("items");
    return result;
  }
  return std::nullopt;
}

}  // namespace

void PathMapping::Add(std::string mount_path, std::string folder) {
  while (mount_path.size() > 1 && mount_path.back() == '/') mount_path.pop_back();
  paths_.emplace_back(std::move(mount_path), std::move(folder));
  std::sort(paths_.begin(), paths_.end(),
            [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
}

std::string PathMapping::Rewrite(const std::string& text) const {
  std::string out;
  size_t at = 0;
  while (at < text.size()) {
    const std::pair<std::string, std::string>* match = nullptr;
    if (text[at] == '/' && (at == 0 || !IsPathCharacter(text[at - 1]))) {
      for (const auto& candidate : paths_) {
        if (text.compare(at, candidate.first.size(), candidate.first) != 0) continue;
        const size_t end = at + candidate.first.size();
        if (end < text.size() && text[end] != '/' && IsPathCharacter(text[end])) continue;
        match = &candidate;
        break;
      }
    }
    if (match != nullptr) {
      out += match->second;
      at += match->first.size();
    } else {
      out += text[at++];
    }
  }
  return out;
}

std::string ClaimFolder(const std::string& claims_dir, const json& claim) {
  const json& metadata = claim.at("metadata");
  return claims_dir + "/" + metadata.value("namespace", "default") + "_" + metadata.value("name", "") + "_" +
         metadata.value("uid", "");
}

std::vector<std::pair<std::string, std::string>> ObjectEntries(const json& object) {
  std::vector<std::pair<std::string, std::string>> entries;
  const bool secret = object.value("kind", "") == "Secret";
  for (const char* field : {"data", "binaryData"}) {
    if (!object.contains(field) || !object.at(field).is_object()) continue;
    const bool encoded = secret || std::string(field) == "binaryData";
    for (const auto& [name, value] : object.at(field).items()) {
      const auto text = value.get<std::string>();
      entries.emplace_back(name, encoded ? DecodeBase64(text) : text);
    }
  }
  return entries;
}

Volumes::Volumes(ApiCall call, std::string pod_dir, std::string claims_dir)
    : call_(std::move(call)), pod_dir_(std::move(pod_dir)), claims_dir_(std::move(claims_dir)) {}

std::string Volumes::FolderOf(const json& pod, const json& volume) const {
  const auto name = volume.at("name").get<std::string>();
  if (!volume.contains("persistentVolumeClaim")) return pod_dir_ + "/volumes/" + name;
  const auto claim_name = volume.at("persistentVolumeClaim").at("claimName").get<std::string>();
  const auto claim =
      GetObject(call_, "/api/v1/namespaces/" + Namespace(pod) + "/persistentvolumeclaims/" + claim_name);
  if (!claim) throw NotReadyToStart("ContainerCreating", "persistentvolumeclaim \"" + claim_name + "\" not found");
  if (claim->value("status", json::object()).value("phase", "") != "Bound") {
    throw NotReadyToStart("ContainerCreating", "persistentvolumeclaim \"" + claim_name + "\" is not bound yet");
  }
  return ClaimFolder(claims_dir_, *claim);
}

PathMapping Volumes::MappingFor(const json& pod, const json& container) const {
  PathMapping mapping;
  if (!container.contains("volumeMounts")) return mapping;
  for (const json& mount : container.at("volumeMounts")) {
    for (const json& volume : pod.at("spec").value("volumes", json::array())) {
      if (volume.at("name") != mount.at("name")) continue;
      std::string folder = FolderOf(pod, volume);
      if (mount.contains("subPath")) folder += "/" + mount.at("subPath").get<std::string>();
      mapping.Add(mount.at("mountPath").get<std::string>(), folder);
    }
  }
  return mapping;
}

PathMapping Volumes::MappingForPod(const json& pod) const {
  PathMapping all;
  for (const json& container : pod.at("spec").at("containers")) {
    for (const json& mount : container.value("volumeMounts", json::array())) {
      for (const json& volume : pod.at("spec").value("volumes", json::array())) {
        if (volume.at("name") == mount.at("name")) all.Add(mount.at("mountPath"), FolderOf(pod, volume));
      }
    }
  }
  return all;
}

void Volumes::WriteObject(const json& pod, const json& volume, const PathMapping& mapping) const {
  const auto source = SourceOf(pod, volume);
  const auto object = GetObject(call_, source->target);
  const std::string name = source->target.substr(source->target.rfind('/') + 1);
  if (!object) {
    if (source->optional) return;
    throw NotReadyToStart("CreateContainerConfigError",
                          std::string(volume.contains("secret") ? "secret" : "configmap") + " \"" + name +
                              "\" not found");
  }
  const fs::path folder = FolderOf(pod, volume);
  for (const auto& [key, value] : ObjectEntries(*object)) {
    std::string path = key;
    if (source->items != nullptr) {
      const auto item = std::find_if(source->items->begin(), source->items->end(),
                                     [&key = key](const json& i) { return i.at("key") == key; });
      if (item == source->items->end()) continue;
      path = item->at("path").get<std::string>();
    }
    WriteIfChanged(folder / path, mapping.Rewrite(value), source->mode);
  }
}

void Volumes::Materialise(const json& pod) {
  const json volumes = pod.at("spec").value("volumes", json::array());
  for (const json& volume : volumes) {
    const bool known = volume.contains("emptyDir") || volume.contains("configMap") || volume.contains("secret") ||
                       volume.contains("persistentVolumeClaim");
    if (!known) {
      throw NotReadyToStart("CreateContainerConfigError",
                            "volume \"" + volume.at("name").get<std::string>() +
                                "\" is of a kind that the local control plane does not provide "
                                "(it has emptyDir, configMap, secret and persistentVolumeClaim)");
    }
    fs::create_directories(FolderOf(pod, volume));
  }
  const PathMapping mapping = MappingForPod(pod);
  for (const json& volume : volumes) {
    if (SourceOf(pod, volume)) WriteObject(pod, volume, mapping);
  }
}

void Volumes::Refresh(const json& pod) {
  const PathMapping mapping = MappingForPod(pod);
  for (const json& volume : pod.at("spec").value("volumes", json::array())) {
    if (!SourceOf(pod, volume)) continue;
    try {
      WriteObject(pod, volume, mapping);
    } catch (const NotReadyToStart&) {
      // The running container keeps what it was started with.
    }
  }
}

}  // namespace windlass::pod_runner
