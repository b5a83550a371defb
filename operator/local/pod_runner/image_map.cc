#include "operator/local/pod_runner/image_map.h"

#include <yaml-cpp/yaml.h>

#include <stdexcept>

namespace windlass::pod_runner {

namespace {

std::vector<std::string> Strings(const YAML::Node& node) {
  if (!node) return {};
  if (node.IsScalar()) return {node.as<std::string>()};
  return node.as<std::vector<std::string>>();
}

std::string WithoutTag(const std::string& image) {
  std::string name = image.substr(0, image.find('@'));
  const size_t colon = name.rfind(':');
  // A colon before the last slash belongs to a registry's port.
  if (colon != std::string::npos && name.find('/', colon) == std::string::npos) name.resize(colon);
  return name;
}

}  // namespace

ImageMap ImageMap::Load(const std::string& path) {
  std::map<std::string, ImagePrograms> images;
  try {
    for (const auto& entry : YAML::LoadFile(path)) {
      const auto name = entry.first.as<std::string>();
      ImagePrograms programs{Strings(entry.second["entrypoint"]), Strings(entry.second["path"])};
      if (programs.entrypoint.empty()) throw std::runtime_error("image '" + name + "' has no entrypoint");
      images[name] = std::move(programs);
    }
  } catch (const std::exception& e) {
    throw std::runtime_error("image map " + path + ": " + e.what());
  }
  return ImageMap(std::move(images));
}

std::optional<ImagePrograms> ImageMap::Find(const std::string& image) const {
  const std::string untagged = WithoutTag(image);
  for (const std::string& name : {image, untagged, untagged.substr(untagged.rfind('/') + 1)}) {
    const auto found = images_.find(name);
    if (found != images_.end()) return found->second;
  }
  return std::nullopt;
}

}  // namespace windlass::pod_runner
