// Scripts in their sandbox: values both ways, errors, what they cannot do.
#include "node/scripting/interpreter.h"

#include <gtest/gtest.h>

#include "node/scripting/script_cache.h"
#include "node/scripting/sha1.h"
#include "tests/node/scripting/fake_host.h"

namespace windlass::scripting {
namespace {

class InterpreterTest : public ::testing::Test {
 protected:
  InterpreterTest() : interpreter_({&host_, "7.2.4", 0x070204, {}, nullptr}) {}

  std::string Run(std::string_view script, int protocol = 2, std::vector<std::string_view> keys = {},
                  std::vector<std::string_view> args = {}) {
    const auto function = interpreter_.Compile(script, "@user_script");
    if (!function.ok()) return "does not compile: " + function.error();
    std::string out;
    resp::ReplyWriter reply(&out, protocol);
    interpreter_.Execute({*function, "name", keys, args, true, "Script killed"}, &reply);
    interpreter_.Forget(*function);
    return out;
  }

  FakeHost host_;
  Interpreter interpreter_;
};

TEST_F(InterpreterTest, LuaValuesBecomeReplies) {
  EXPECT_EQ(Run("return 3.99"), ":3\r\n");
  EXPECT_EQ(Run("return 'x'"), "$1\r\nx\r\n");
  EXPECT_EQ(Run("return true"), ":1\r\n");
  EXPECT_EQ(Run("return false"), "$-1\r\n");
  EXPECT_EQ(Run("return {1,'a',nil,2}"), "*2\r\n:1\r\n$1\r\na\r\n");
  EXPECT_EQ(Run("return {map={a=1}}", 3), "%1\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(Run("return {map={a=1}}", 2), "*2\r\n$1\r\na\r\n:1\r\n");
  EXPECT_EQ(Run("return {set={a=true}}", 3), "~1\r\n$1\r\na\r\n");
  EXPECT_EQ(Run("return {double=1.5}", 3), ",1.5\r\n");
  EXPECT_EQ(Run("redis.setresp(3) return true", 3), "#t\r\n");
}

TEST_F(InterpreterTest, RepliesBecomeLuaValues) {
  host_.answers["m"] = "%1\r\n$1\r\na\r\n~1\r\n:5\r\n";
  EXPECT_EQ(Run("redis.setresp(3) local r = redis.call('m') return {type(r.map.a.set), tostring(r.map.a.set[5])}"),
            "*2\r\n$5\r\ntable\r\n$4\r\ntrue\r\n");
  EXPECT_EQ(host_.protocols.back(), 3);
  host_.answers["a"] = "*4\r\n:1\r\n$-1\r\n$3\r\nabc\r\n*-1\r\n";
  EXPECT_EQ(Run("local r = redis.call('a') return {r[1], tostring(r[2]), r[3], tostring(r[4])}"),
            "*4\r\n:1\r\n$5\r\nfalse\r\n$3\r\nabc\r\n$5\r\nfalse\r\n");
  EXPECT_EQ(host_.protocols.back(), 2);
  host_.answers["d"] = ",2.5\r\n";
  EXPECT_EQ(Run("return redis.call('d')", 3), ",2.5\r\n");
  host_.answers["v"] = "=7\r\ntxt:abc\r\n";
  EXPECT_EQ(Run("return redis.call('v').verbatim_string.format"), "$3\r\ntxt\r\n");
}

TEST_F(InterpreterTest, NumbersReachCommandsWithoutLoss) {
  Run("redis.call('x', 1, -5, 3.25, 9007199254740993, 1e20, 0.1)");
  EXPECT_EQ(host_.calls.back(), "x 1 -5 3.25 9007199254740992 1e+20 0.1");
}

TEST_F(InterpreterTest, AnErrorTellsWhereItWasRaised) {
  host_.answers["bad"] = "-WRONGTYPE no\r\n";
  EXPECT_EQ(Run("\nredis.call('bad')"), "-WRONGTYPE no script: name, on @user_script:2.\r\n");
  EXPECT_EQ(Run("return redis.pcall('bad')"), "-WRONGTYPE no\r\n");
  EXPECT_EQ(Run("error('boo')"), "-ERR user_script:1: boo script: name, on @user_script:1.\r\n");
  EXPECT_EQ(Run("error({})").substr(0, 4), "-ERR");
  EXPECT_EQ(Run("error(nil)").substr(0, 4), "-ERR");
}

TEST_F(InterpreterTest, GlobalsAreSealed) {
  for (const char* script : {"x = 1", "redis.call = 1", "rawset(_G, 'x', 1)", "rawset(string, 'x', 1)", "setmetatable(_G, {})",
                             "string.rep = nil", "getmetatable('').__index.x = 1", "setmetatable(redis, nil)"}) {
    EXPECT_NE(Run(script).find("Attempt to modify a readonly table"), std::string::npos) << script;
  }
  EXPECT_NE(Run("return x").find("nonexistent global variable 'x'"), std::string::npos);
  EXPECT_EQ(Run("return ('a'):rep(3)"), "$3\r\naaa\r\n");
  for (const char* name : {"io", "require", "dofile", "debug", "package", "getfenv", "setfenv", "module", "newproxy"}) {
    EXPECT_NE(Run("return type(" + std::string(name) + ")").find("nonexistent"), std::string::npos) << name;
  }
  EXPECT_EQ(Run("local t = {} for k in pairs(os) do t[#t+1] = k end return t"), "*1\r\n$5\r\nclock\r\n");
}

TEST_F(InterpreterTest, CompiledCodeIsNotTaken) {
  EXPECT_EQ(Run("\x1bLua"), "does not compile: user_script:1: unexpected symbol near 'char(27)'");
  EXPECT_EQ(Run("local f = loadstring(string.dump(function() return 1 end)) return tostring(f)"), "$3\r\nnil\r\n");
}

TEST_F(InterpreterTest, AScriptThatIsInterruptedEndsThoughItCatchesErrors) {
  host_.looks_until_killed = 3;
  EXPECT_NE(Run("while true do pcall(function() while true do end end) end").find("Script killed"), std::string::npos);
  host_.looks_until_killed = 1 << 30;
  EXPECT_EQ(Run("return 1"), ":1\r\n");
}

TEST_F(InterpreterTest, KeysAndArgumentsAreFreshEachTime) {
  EXPECT_EQ(Run("KEYS[2] = 'mine' return #KEYS", 2, {"a"}), ":2\r\n");
  EXPECT_EQ(Run("return {#KEYS, ARGV[1]}", 2, {}, {"b"}), "*2\r\n:0\r\n$1\r\nb\r\n");
}

TEST_F(InterpreterTest, PackedValuesComeBack) {
  EXPECT_EQ(Run("return {cmsgpack.unpack(cmsgpack.pack(1, -70000, 'a', {1,2}, 1.25))}"),
            "*5\r\n:1\r\n:-70000\r\n$1\r\na\r\n*2\r\n:1\r\n:2\r\n:1\r\n");
  EXPECT_NE(Run("return cmsgpack.unpack('\\221\\255\\255\\255\\255')").find("Missing bytes"), std::string::npos);
  EXPECT_EQ(Run("return {struct.unpack('>I2bs', struct.pack('>I2bs', 513, -3, 'end'))}"),
            "*4\r\n:513\r\n:-3\r\n$3\r\nend\r\n:8\r\n");
  EXPECT_NE(Run("return struct.unpack('I8', 'short')").find("data string too short"), std::string::npos);
  EXPECT_EQ(Run("return cjson.decode(cjson.encode({a={1,2,'x'}})).a"), "*3\r\n:1\r\n:2\r\n$1\r\nx\r\n");
}

TEST(ScriptCache, KnowsScriptsByTheirTextAndForgetsAllAtOnce) {
  FakeHost host;
  ScriptCache cache({&host, "7.2.4", 0x070204, {}, nullptr});
  const auto script = cache.Load("return 1");
  ASSERT_TRUE(script.ok());
  EXPECT_EQ((*script)->name, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
  EXPECT_EQ((*script)->flags, static_cast<uint32_t>(kCompatible));
  EXPECT_EQ(cache.Find("E0E1F9FABFC9D4800C877A703B823AC0578FF8DB"), *script);
  EXPECT_EQ((*cache.Load("#!lua flags=no-writes,allow-oom\nreturn 1"))->flags, static_cast<uint32_t>(kNoWrites | kAllowOom));
  EXPECT_FALSE(cache.Load("#!lua flags=x\nreturn 1").ok());
  EXPECT_FALSE(cache.Load("return (").ok());
  cache.Flush();
  EXPECT_EQ(cache.size(), 0u);
}

}  // namespace
}  // namespace windlass::scripting
