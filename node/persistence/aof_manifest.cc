// See aof_manifest.h.
#include "node/persistence/aof_manifest.h"

#include <charconv>
#include <cstdint>

namespace windlass::persistence {
namespace {

std::string_view TakeWord(std::string_view* rest) {
  while (!rest->empty() && (rest->front() == ' ' || rest->front() == '\t' || rest->front() == '\r')) rest->remove_prefix(1);
  if (!rest->empty() && rest->front() == '"') {
    const size_t end = rest->find('"', 1);
    const std::string_view word = end == std::string_view::npos ? rest->substr(1) : rest->substr(1, end - 1);
    rest->remove_prefix(end == std::string_view::npos ? rest->size() : end + 1);
    return word;
  }
  size_t end = 0;
  while (end < rest->size() && (*rest)[end] != ' ' && (*rest)[end] != '\t' && (*rest)[end] != '\r') ++end;
  const std::string_view word = rest->substr(0, end);
  rest->remove_prefix(end);
  return word;
}

constexpr int64_t kLastSequence = INT64_MAX / 2;  // the next files count on from here

struct Line {
  AofFileInfo file;
  char type = 0;
};

base::Result<Line> ParseLine(std::string_view text) {
  Line line;
  for (std::string_view key = TakeWord(&text); !key.empty(); key = TakeWord(&text)) {
    const std::string_view value = TakeWord(&text);
    if (value.empty()) return base::Error{"AOF manifest: '" + std::string(key) + "' has no value"};
    if (key == "file") {
      line.file.name = value;
    } else if (key == "seq") {
      const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), line.file.sequence);
      if (error != std::errc() || end != value.data() + value.size()) return base::Error{"AOF manifest: bad seq"};
    } else if (key == "type") {
      line.type = value[0];
    }  // keys of the future are passed over
  }
  if (line.file.name.empty() || line.file.sequence <= 0 || line.type == 0) return base::Error{"AOF manifest: a line lacks file, seq or type"};
  if (line.file.sequence > kLastSequence) return base::Error{"AOF manifest: bad seq"};
  if (line.file.name.find('/') != std::string::npos) return base::Error{"AOF manifest: a file's name can't be a path"};
  return line;
}

void AppendLine(const AofFileInfo& file, char type, std::string* out) {
  const bool quoted = file.name.find_first_of(" \t\r") != std::string::npos;
  *out += "file " + (quoted ? '"' + file.name + '"' : file.name) + " seq " + std::to_string(file.sequence) + " type " + type + "\n";
}

}  // namespace

base::Result<AofManifest> AofManifest::Parse(std::string_view text) {
  AofManifest manifest;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == text.size() ? end : end + 1);
    if (line.empty() || line[0] == '#' || line == "\r") continue;
    auto parsed = ParseLine(line);
    if (!parsed.ok()) return base::Error{parsed.error()};
    switch (parsed->type) {
      case 'b':
        if (manifest.base.has_value()) return base::Error{"AOF manifest: two base files"};
        manifest.base = parsed->file;
        break;
      case 'i':
        if (!manifest.increments.empty() && parsed->file.sequence <= manifest.increments.back().sequence) {
          return base::Error{"AOF manifest: increments out of order"};
        }
        manifest.increments.push_back(parsed->file);
        break;
      case 'h': manifest.history.push_back(parsed->file); break;
      default: return base::Error{std::string("AOF manifest: unknown type ") + parsed->type};
    }
  }
  return manifest;
}

std::string AofManifest::Text() const {
  std::string text;
  if (base.has_value()) AppendLine(*base, 'b', &text);
  for (const AofFileInfo& file : history) AppendLine(file, 'h', &text);
  for (const AofFileInfo& file : increments) AppendLine(file, 'i', &text);
  return text;
}

}  // namespace windlass::persistence
