// See script_flags.h.
#include "node/scripting/script_flags.h"

#include <vector>

#include "node/base/letter_case.h"
#include "node/base/quoted_words.h"

namespace windlass::scripting {
namespace {

constexpr std::string_view kFlagsOption = "flags=";
constexpr std::string_view kNameOption = "name=";

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// Which flags "a,b,c" names; the word that is none in *unknown.
uint32_t FlagsOf(std::string_view list, std::string* unknown) {
  uint32_t flags = 0;
  while (true) {
    const size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    const uint32_t flag = FlagOf(word);
    if (flag == 0) {
      *unknown = std::string(word);
      return flags;
    }
    flags |= flag;
    if (comma == std::string_view::npos) return flags;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

uint32_t FlagOf(std::string_view word) {
  for (const FlagWord& entry : kFlagWords) {
    if (entry.word == word) return entry.flag;
  }
  return 0;
}

base::Result<ScriptHead> ReadScriptHead(std::string_view script) {
  ScriptHead head;
  if (!StartsWith(script, "#!")) return head;
  const size_t end = script.find('\n');
  if (end == std::string_view::npos) return base::Error{"Invalid script shebang"};
  std::vector<std::string> words;
  if (!base::SplitQuoted(script.substr(0, end), &words) || words.empty()) {
    return base::Error{"Invalid engine in script shebang"};
  }
  if (words[0] != "#!lua") return base::Error{"Unexpected engine in script shebang: " + words[0]};
  head = {0, end};
  for (size_t i = 1; i < words.size(); ++i) {
    if (!StartsWith(words[i], kFlagsOption)) return base::Error{"Unknown lua shebang option: " + words[i]};
    std::string unknown;
    const std::string_view list = std::string_view(words[i]).substr(kFlagsOption.size());
    if (list.empty()) continue;
    head.flags |= FlagsOf(list, &unknown);
    if (!unknown.empty()) return base::Error{"Unexpected flag in script shebang: " + unknown};
  }
  return head;
}

base::Result<LibraryHead> ReadLibraryHead(std::string_view code) {
  const size_t end = code.find('\n');
  if (!StartsWith(code, "#!")) return base::Error{"Missing library metadata"};
  if (end == std::string_view::npos) return base::Error{"Invalid library metadata"};
  std::vector<std::string> words;
  if (!base::SplitQuoted(code.substr(0, end), &words) || words.empty() || words[0].size() < 2) {
    return base::Error{"Invalid library metadata"};
  }
  LibraryHead head;
  bool named = false;
  head.engine = words[0].substr(2);
  head.length = end;
  for (size_t i = 1; i < words.size(); ++i) {
    if (!base::EqualsNoCase(std::string_view(words[i]).substr(0, kNameOption.size()), kNameOption)) return base::Error{"Invalid metadata value given: " + words[i]};
    if (named) return base::Error{"Invalid metadata value, name argument was given multiple times"};
    head.name = words[i].substr(kNameOption.size());
    named = true;
  }
  if (!named) return base::Error{"Library name was not given"};
  return head;
}

}  // namespace windlass::scripting
