// See function_registry.h.
#include "node/scripting/function_registry.h"

#include <cstdlib>
#include <utility>

#include "node/scripting/host.h"
#include "node/scripting/lua_api.h"
#include "node/scripting/sandbox.h"
#include "node/scripting/script_flags.h"

namespace windlass::scripting {
namespace {

constexpr char kBadName[] =
    "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";
constexpr char kRegistry[] = "windlass.functions";

bool IsName(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!letter) return false;
  }
  return true;
}

std::string Upper(std::string text) {
  for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  return text;
}

}  // namespace

// redis.register_function: reads its arguments into a Function.
struct Registration {
  lua_State* lua;
  Function function;
  bool has_name = false;
  bool has_callback = false;

  [[noreturn]] void Fail(std::string_view text) {
    lua_createtable(lua, 0, 1);
    PushText(lua, "ERR " + std::string(text));
    lua_setfield(lua, -2, "err");
    lua_error(lua);
    std::abort();  // not reached: lua_error does not return
  }

  // Numbers will do for texts. A copy is looked at: lua_next cannot go on from a key that
  // was made a string in its place.
  bool ReadText(int index, std::string* text) {
    if (lua_isstring(lua, index) == 0) return false;
    lua_pushvalue(lua, index);
    *text = std::string(TextAt(lua, -1));
    lua_pop(lua, 1);
    return true;
  }

  void TakeCallback() {
    lua_pushvalue(lua, -1);
    function.reference = luaL_ref(lua, LUA_REGISTRYINDEX);
    has_callback = true;
  }

  void ReadFlags() {
    for (int i = 1;; ++i) {
      lua_rawgeti(lua, -1, i);
      if (lua_isnil(lua, -1)) break;
      const uint32_t flag = lua_type(lua, -1) == LUA_TSTRING ? FlagOf(TextAt(lua, -1)) : 0;
      if (flag == 0) Fail("unknown flag given");
      function.flags |= flag;
      lua_pop(lua, 1);
    }
    lua_pop(lua, 1);
  }

  // One field of the table form; the key below the value on top.
  void ReadField() {
    std::string key;
    if (!ReadText(-2, &key)) Fail("named argument key given to redis.register_function is not a string");
    if (key == "function_name") {
      if (!ReadText(-1, &function.name)) Fail("function_name argument given to redis.register_function must be a string");
      has_name = true;
    } else if (key == "description") {
      if (!ReadText(-1, &function.description)) {
        Fail("description argument given to redis.register_function must be a string");
      }
      function.described = true;
    } else if (key == "callback") {
      if (!lua_isfunction(lua, -1)) Fail("callback argument given to redis.register_function must be a function");
      TakeCallback();
    } else if (key == "flags") {
      if (!lua_istable(lua, -1)) {
        Fail("flags argument to redis.register_function must be a table representing function flags");
      }
      ReadFlags();
    } else {
      Fail("unknown argument given to redis.register_function");
    }
  }

  void ReadTable() {
    lua_pushnil(lua);
    while (lua_next(lua, 1) != 0) {
      ReadField();
      lua_pop(lua, 1);
    }
    if (!has_name) Fail("redis.register_function must get a function name argument");
    if (!has_callback) Fail("redis.register_function must get a callback argument");
  }

  void ReadPositions() {
    if (!ReadText(1, &function.name)) Fail("first argument to redis.register_function must be a string");
    if (!lua_isfunction(lua, 2)) Fail("second argument to redis.register_function must be a function");
    lua_settop(lua, 2);
    TakeCallback();
  }

  static int Register(lua_State* lua) {
    Registration registration{lua, {}};
    lua_getfield(lua, LUA_REGISTRYINDEX, kRegistry);
    FunctionRegistry* registry = static_cast<FunctionRegistry*>(lua_touserdata(lua, -1));
    lua_pop(lua, 1);
    const int count = lua_gettop(lua);
    if (count < 1 || count > 2) registration.Fail("wrong number of arguments to redis.register_function");
    if (count == 1) {
      if (!lua_istable(lua, 1)) {
        registration.Fail("calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments).");
      }
      registration.ReadTable();
    } else {
      registration.ReadPositions();
    }
    const std::string name = registration.function.name;
    if (!IsName(name)) {
      registration.Fail(kBadName);
    }
    Library& library = *registry->loading_;
    if (library.functions.count(name) != 0) registration.Fail("Function already exists in the library");
    registration.function.library = &library;
    library.functions.emplace(name, std::make_unique<Function>(std::move(registration.function)));
    return 0;
  }
};

namespace {

// What a library finds in `redis` while it is loaded: it can register and log.
void PrepareLoading(lua_State* lua) {
  lua_newtable(lua);
  lua_pushcfunction(lua, Registration::Register);
  lua_setfield(lua, -2, "register_function");
  lua_getglobal(lua, "redis");
  for (const char* name : {"log", "LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING", "REDIS_VERSION",
                           "REDIS_VERSION_NUM"}) {
    lua_getfield(lua, -1, name);
    lua_setfield(lua, -3, name);
  }
  lua_pop(lua, 1);
  SetLoadGlobals(lua);
}

}  // namespace

FunctionRegistry::FunctionRegistry(Interpreter::Options options) : options_(std::move(options)) {
  options_.prepare = [this](lua_State* lua) {
    lua_pushlightuserdata(lua, this);
    lua_setfield(lua, LUA_REGISTRYINDEX, kRegistry);
    PrepareLoading(lua);
    lua_getglobal(lua, "redis");
    for (const char* name : {"debug", "breakpoint", "replicate_commands"}) {
      lua_pushnil(lua);
      lua_setfield(lua, -2, name);
    }
    lua_pop(lua, 1);
  };
  interpreter_ = std::make_unique<Interpreter>(options_);
}

FunctionRegistry::~FunctionRegistry() = default;

const Function* FunctionRegistry::Find(std::string_view name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? nullptr : found->second;
}

const Library* FunctionRegistry::FindLibrary(std::string_view name) const {
  const auto found = libraries_.find(std::string(name));
  return found == libraries_.end() ? nullptr : found->second.get();
}

size_t FunctionRegistry::code_bytes() const {
  constexpr size_t kOverhead = 200;
  size_t bytes = kOverhead;
  for (const auto& [name, library] : libraries_) {
    bytes += library->code.size() + kOverhead + library->functions.size() * kOverhead;
  }
  return bytes;
}

base::Result<LibraryHead> FunctionRegistry::ReadHead(std::string_view code, bool replace) const {
  auto head = ReadLibraryHead(code);
  if (!head.ok()) return head;
  if (!IsName(head->name)) return base::Error{kBadName};
  if (Upper(head->engine) != "LUA") return base::Error{"Engine '" + head->engine + "' not found"};
  if (!replace && libraries_.count(head->name) != 0) return base::Error{"Library '" + head->name + "' already exists"};
  return head;
}

base::Result<std::unique_ptr<Library>> FunctionRegistry::Run(std::string_view code, const LibraryHead& head) {
  auto library = std::make_unique<Library>();
  library->name = head.name;
  library->engine = "LUA";
  library->code = std::string(code);
  const auto chunk = interpreter_->Compile(code.substr(head.length), "@user_function");
  if (!chunk.ok()) return base::Error{"Error compiling function: " + chunk.error()};
  loading_ = library.get();
  options_.host->LoadingLibrary();
  ShowLoadGlobals(interpreter_->lua(), true);
  const auto ran = interpreter_->ExecuteChunk(*chunk, "FUNCTION LOAD timeout");
  ShowLoadGlobals(interpreter_->lua(), false);
  loading_ = nullptr;
  interpreter_->Forget(*chunk);
  if (ran.ok() && !library->functions.empty()) return library;
  ReleaseFunctions(*library);
  if (ran.ok()) return base::Error{"No functions registered"};
  return base::Error{"Error registering functions: " + ran.error()};
}

// No function may be of two libraries.
base::Result<void> FunctionRegistry::Check(const Library& library, const Library* replaced) const {
  for (const auto& [name, function] : library.functions) {
    const Function* known = Find(name);
    if (known != nullptr && known->library != replaced) return base::Error{"Function " + name + " already exists"};
  }
  return {};
}

void FunctionRegistry::ReleaseFunctions(const Library& library) {
  for (const auto& [name, function] : library.functions) interpreter_->Forget(function->reference);
}

void FunctionRegistry::Add(std::unique_ptr<Library> library) {
  for (const auto& [name, function] : library->functions) functions_[name] = function.get();
  const std::string name = library->name;
  libraries_[name] = std::move(library);
}

void FunctionRegistry::Drop(Libraries::iterator library) {
  ReleaseFunctions(*library->second);
  for (const auto& [name, function] : library->second->functions) functions_.erase(name);
  libraries_.erase(library);
}

base::Result<std::string> FunctionRegistry::Load(std::string_view code, bool replace) {
  const auto head = ReadHead(code, replace);
  if (!head.ok()) return base::Error{head.error()};
  auto library = Run(code, *head);
  if (!library.ok()) return base::Error{library.error()};
  const auto known = libraries_.find((*library)->name);
  const auto checked = Check(**library, known == libraries_.end() ? nullptr : known->second.get());
  if (!checked.ok()) {
    ReleaseFunctions(**library);
    return base::Error{checked.error()};
  }
  if (known != libraries_.end()) Drop(known);
  std::string name = (*library)->name;
  Add(std::move(*library));
  return name;
}

bool FunctionRegistry::Delete(std::string_view name) {
  const auto found = libraries_.find(std::string(name));
  if (found == libraries_.end()) return false;
  Drop(found);
  return true;
}

void FunctionRegistry::Flush() {
  functions_.clear();
  libraries_.clear();
  interpreter_ = std::make_unique<Interpreter>(options_);
}

// Tried on a copy: what is here is replaced only if all goes well.
base::Result<void> FunctionRegistry::Restore(const std::vector<std::string>& codes, Policy policy) {
  Interpreter::Options options = options_;
  options.prepare = nullptr;
  FunctionRegistry trial(options);
  for (const std::string& code : codes) {
    if (const auto loaded = trial.Load(code, false); !loaded.ok()) return base::Error{loaded.error()};
  }
  if (policy != Policy::kFlush) {
    std::vector<std::string> staying;
    for (const auto& [name, library] : libraries_) {
      if (trial.FindLibrary(name) == nullptr) {
        staying.push_back(library->code);
      } else if (policy == Policy::kAppend) {
        return base::Error{"Library " + name + " already exists"};
      }
    }
    for (const std::string& code : staying) {
      if (const auto loaded = trial.Load(code, false); !loaded.ok()) return base::Error{loaded.error()};
    }
  }
  Flush();
  for (const std::string& code : trial.Codes()) {
    if (const auto loaded = Load(code, false); !loaded.ok()) return base::Error{loaded.error()};
  }
  return {};
}

std::vector<std::string> FunctionRegistry::Codes() const {
  std::vector<std::string> codes;
  for (const auto& [name, library] : libraries_) codes.push_back(library->code);
  return codes;
}

}  // namespace windlass::scripting
