// See script_cache.h.
#include "node/scripting/script_cache.h"

#include "node/scripting/sha1.h"

namespace windlass::scripting {
namespace {

constexpr size_t kNameLength = 40;
constexpr size_t kOverhead = 128;  // of a script in the cache, estimated

}  // namespace

const CachedScript* ScriptCache::Find(std::string_view sha1) const {
  if (sha1.size() != kNameLength) return nullptr;
  std::string name(sha1);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  const auto found = scripts_.find(name);
  return found == scripts_.end() ? nullptr : &found->second;
}

base::Result<const CachedScript*> ScriptCache::Load(std::string_view text) {
  const std::string name = Sha1OfText(text);
  if (const CachedScript* known = Find(name)) return known;
  const auto head = ReadScriptHead(text);
  if (!head.ok()) return base::Error{head.error()};
  const auto function = interpreter_->Compile(text.substr(head->length), "@user_script");
  if (!function.ok()) return base::Error{"Error compiling script (new function): " + function.error()};
  text_bytes_ += text.size() + kOverhead;
  const auto added = scripts_.emplace(name, CachedScript{name, std::string(text), head->flags, *function});
  return &added.first->second;
}

void ScriptCache::Flush() {
  scripts_.clear();
  text_bytes_ = 0;
  interpreter_ = std::make_unique<Interpreter>(options_);
}

}  // namespace windlass::scripting
