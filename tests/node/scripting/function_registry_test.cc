// Libraries: what loading one does, and that a failure changes nothing.
#include "node/scripting/function_registry.h"

#include <gtest/gtest.h>

#include "node/scripting/script_flags.h"
#include "tests/node/scripting/fake_host.h"

namespace windlass::scripting {
namespace {

class FunctionRegistryTest : public ::testing::Test {
 protected:
  FunctionRegistryTest() : registry_({&host_, "7.2.4", 0x070204, {}, nullptr}) {}

  std::string Error(std::string_view code, bool replace = false) {
    const auto loaded = registry_.Load(code, replace);
    return loaded.ok() ? "" : loaded.error();
  }
  std::string Call(std::string_view name) {
    const Function* function = registry_.Find(name);
    if (function == nullptr) return "no such function";
    std::string out;
    resp::ReplyWriter reply(&out, 2);
    registry_.interpreter().Execute({function->reference, name, {}, {}, false, "killed"}, &reply);
    return out;
  }

  FakeHost host_;
  FunctionRegistry registry_;
};

TEST_F(FunctionRegistryTest, AFunctionIsRegisteredByPositionOrByName) {
  EXPECT_EQ(Error("#!lua name=lib\nredis.register_function('one', function() return 1 end)\n"
                  "redis.register_function{function_name='two', callback=function() return 2 end, flags={'no-writes'}, "
                  "description='the second'}"),
            "");
  EXPECT_EQ(Call("one"), ":1\r\n");
  EXPECT_EQ(Call("two"), ":2\r\n");
  EXPECT_EQ(registry_.Find("two")->flags, static_cast<uint32_t>(kNoWrites));
  EXPECT_EQ(registry_.Find("two")->description, "the second");
}

TEST_F(FunctionRegistryTest, AFailureChangesNothing) {
  ASSERT_EQ(Error("#!lua name=lib\nredis.register_function('f', function() return 1 end)"), "");
  EXPECT_EQ(Error("#!lua name=lib\nredis.register_function('f', function() return 2 end)"), "Library 'lib' already exists");
  EXPECT_EQ(Error("#!lua name=other\nredis.register_function('f', function() return 2 end)"), "Function f already exists");
  EXPECT_EQ(Error("#!lua name=lib\nreturn 1", true), "No functions registered");
  EXPECT_NE(Error("#!lua name=lib\nerror('no')", true), "");
  EXPECT_NE(Error("#!lua name=lib\nbad lua", true), "");
  EXPECT_EQ(Error("return 1"), "Missing library metadata");
  EXPECT_EQ(Error("#!js name=x\nreturn 1"), "Engine 'js' not found");
  EXPECT_EQ(Error("#!lua\nreturn 1"), "Library name was not given");
  EXPECT_EQ(Call("f"), ":1\r\n");
  EXPECT_EQ(Error("#!lua name=lib\nredis.register_function('g', function() return 3 end)", true), "");
  EXPECT_EQ(Call("f"), "no such function");
  EXPECT_EQ(Call("g"), ":3\r\n");
}

TEST_F(FunctionRegistryTest, RestoringTakesAllOrNothing) {
  const std::string a = "#!lua name=a\nredis.register_function('fa', function() return 1 end)";
  const std::string b = "#!lua name=b\nredis.register_function('fb', function() return 2 end)";
  ASSERT_EQ(Error(a), "");
  EXPECT_FALSE(registry_.Restore({b, a}, FunctionRegistry::Policy::kAppend).ok());
  EXPECT_EQ(registry_.Codes(), std::vector<std::string>{a});
  EXPECT_TRUE(registry_.Restore({b, a}, FunctionRegistry::Policy::kReplace).ok());
  EXPECT_EQ(registry_.Codes(), (std::vector<std::string>{a, b}));
  EXPECT_TRUE(registry_.Restore({b}, FunctionRegistry::Policy::kFlush).ok());
  EXPECT_EQ(registry_.Codes(), std::vector<std::string>{b});
  EXPECT_EQ(Call("fb"), ":2\r\n");
}

TEST_F(FunctionRegistryTest, FunctionsRegisterOnlyWhileTheirLibraryLoads) {
  ASSERT_EQ(Error("#!lua name=lib\nredis.register_function('f', function() return redis.register_function('g', print) end)"), "");
  EXPECT_EQ(Call("f").substr(0, 1), "-");
  EXPECT_EQ(registry_.function_count(), 1u);
}

}  // namespace
}  // namespace windlass::scripting
