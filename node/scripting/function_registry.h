// Function libraries: loaded by FUNCTION LOAD, called by FCALL, saved with the data.
//
// A library's code runs once, when it is loaded, and registers functions. All libraries
// share one interpreter, in which `redis` has register_function. Loading one that fails
// leaves everything as it was.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "node/base/result.h"
#include "node/scripting/interpreter.h"
#include "node/scripting/script_flags.h"

namespace windlass::scripting {

struct Library;

struct Function {
  std::string name;
  std::string description;
  bool described = false;
  uint32_t flags = 0;
  int reference = 0;
  const Library* library = nullptr;
};

struct Library {
  std::string name;
  std::string engine;  // "LUA"
  std::string code;
  std::map<std::string, std::unique_ptr<Function>> functions;
};

class FunctionRegistry {
 public:
  explicit FunctionRegistry(Interpreter::Options options);
  ~FunctionRegistry();

  const Function* Find(std::string_view name) const;
  const Library* FindLibrary(std::string_view name) const;
  const std::map<std::string, std::unique_ptr<Library>>& libraries() const { return libraries_; }
  size_t function_count() const { return functions_.size(); }
  size_t code_bytes() const;

  // The name of the library. Errors are without code.
  base::Result<std::string> Load(std::string_view code, bool replace);
  bool Delete(std::string_view name);
  void Flush();

  enum class Policy { kAppend, kReplace, kFlush };
  // All of the codes, or none of them.
  base::Result<void> Restore(const std::vector<std::string>& codes, Policy policy);
  std::vector<std::string> Codes() const;

  Interpreter& interpreter() { return *interpreter_; }
  const Interpreter& interpreter() const { return *interpreter_; }

 private:
  friend struct Registration;
  using Libraries = std::map<std::string, std::unique_ptr<Library>>;

  base::Result<LibraryHead> ReadHead(std::string_view code, bool replace) const;
  base::Result<std::unique_ptr<Library>> Run(std::string_view code, const LibraryHead& head);
  base::Result<void> Check(const Library& library, const Library* replaced) const;
  void Add(std::unique_ptr<Library> library);
  void Drop(Libraries::iterator library);
  void ReleaseFunctions(const Library& library);

  Interpreter::Options options_;
  std::unique_ptr<Interpreter> interpreter_;
  Libraries libraries_;
  std::map<std::string, const Function*, std::less<>> functions_;
  Library* loading_ = nullptr;
};

}  // namespace windlass::scripting
