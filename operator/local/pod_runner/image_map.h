// Which program an image stands for. The file is YAML:
//
//   windlass-node:                       # any tag; a full name with tag goes first
//     entrypoint: [/usr/bin/windlass-node]
//     path: [/usr/bin]                   # searched before the usual folders
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace windlass::pod_runner {

struct ImagePrograms {
  std::vector<std::string> entrypoint;
  std::vector<std::string> path;
};

class ImageMap {
 public:
  ImageMap() = default;
  explicit ImageMap(std::map<std::string, ImagePrograms> images) : images_(std::move(images)) {}
  // Throws std::runtime_error naming the file, and the image if one is wrong.
  static ImageMap Load(const std::string& path);

  // By the whole name, then without its tag or digest, then by its last part.
  std::optional<ImagePrograms> Find(const std::string& image) const;

 private:
  std::map<std::string, ImagePrograms> images_;
};

}  // namespace windlass::pod_runner
