// The scripts EVAL and SCRIPT LOAD brought, by the SHA-1 of their text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "node/base/result.h"
#include "node/scripting/interpreter.h"
#include "node/scripting/script_flags.h"

namespace windlass::scripting {

struct CachedScript {
  std::string name;  // the SHA-1
  std::string text;
  uint32_t flags;
  int function;
};

class ScriptCache {
 public:
  explicit ScriptCache(Interpreter::Options options) : options_(std::move(options)) { Flush(); }

  // Null: not known. In either case of letters.
  const CachedScript* Find(std::string_view sha1) const;
  // The script with this text, compiled if it is new. An error without its code.
  base::Result<const CachedScript*> Load(std::string_view text);
  // Everything is forgotten, the interpreter's state too.
  void Flush();

  Interpreter& interpreter() { return *interpreter_; }
  const Interpreter& interpreter() const { return *interpreter_; }
  size_t size() const { return scripts_.size(); }
  size_t text_bytes() const { return text_bytes_; }

 private:
  Interpreter::Options options_;
  std::unique_ptr<Interpreter> interpreter_;
  std::unordered_map<std::string, CachedScript> scripts_;
  size_t text_bytes_ = 0;
};

}  // namespace windlass::scripting
