// Rules of users: what they allow, and how they are told.
#include "node/acl/user.h"

#include <gtest/gtest.h>

#include "node/acl/users.h"
#include "tests/node/acl/fake_catalog.h"

namespace windlass::acl {
namespace {

class UserTest : public testing::Test {
 protected:
  std::string Apply(const std::vector<std::string_view>& rules) {
    User::RuleError error;
    return user.ApplyAll(catalog, rules, &error) ? "" : error.rule + ": " + error.reason;
  }
  Denial Ask(std::string_view command, const std::vector<KeyUse>& keys = {}, std::string_view first = "",
             const std::vector<ChannelUse>& channels = {}) {
    Request request;
    request.command = catalog.Find(command).value();
    request.keys = keys;
    request.channels = channels;
    request.first_argument = first;
    request.has_first_argument = !first.empty();
    return user.Check(request).denial;
  }

  FakeCatalog catalog;
  User user{"alice", false};
};

TEST_F(UserTest, ANewUserMayDoNothing) {
  EXPECT_EQ(Ask("get"), Denial::kCommand);
  EXPECT_FALSE(user.AcceptsPassword(""));
  EXPECT_EQ(user.Describe(), "off sanitize-payload resetchannels -@all");
}

TEST_F(UserTest, PasswordsAreKeptAsHashes) {
  EXPECT_EQ(Apply({"on", ">secret", ">other", "<other"}), "");
  EXPECT_TRUE(user.AcceptsPassword("secret"));
  EXPECT_FALSE(user.AcceptsPassword("other"));
  EXPECT_EQ(user.passwords().at(0), "2bb80d537b1da3e38bd30361aa855686bde0eacd7162fef6a25fe97bf527a25b");
  EXPECT_EQ(Apply({"<unknown"}), "<unknown: The password you are trying to remove from the user does not exist");
  EXPECT_EQ(Apply({"nopass"}), "");
  EXPECT_TRUE(user.AcceptsPassword("anything"));
  EXPECT_EQ(Apply({"off"}), "");
  EXPECT_FALSE(user.AcceptsPassword("anything"));
}

TEST_F(UserTest, CommandsByNameCategoryAndSubcommand) {
  EXPECT_EQ(Apply({"+@read", "+config|get", "~*"}), "");
  EXPECT_EQ(Ask("get"), Denial::kNone);
  EXPECT_EQ(Ask("set"), Denial::kCommand);
  EXPECT_EQ(Ask("config|get"), Denial::kNone);
  EXPECT_EQ(Ask("config|set"), Denial::kCommand);
  EXPECT_EQ(Apply({"+config"}), "");
  EXPECT_EQ(Ask("config|set"), Denial::kNone);
  EXPECT_EQ(user.selectors()[0].DescribeCommands(), "-@all +@read +config");
  EXPECT_EQ(Apply({"+@all", "-@write"}), "");
  EXPECT_EQ(Ask("set"), Denial::kCommand);
  EXPECT_EQ(Ask("config|get"), Denial::kNone);
  EXPECT_EQ(user.selectors()[0].DescribeCommands(), "+@all -@write");
}

TEST_F(UserTest, AFirstArgumentMayBeAllowedAlone) {
  EXPECT_EQ(Apply({"+select|0"}), "");
  EXPECT_EQ(Ask("select", {}, "0"), Denial::kNone);
  EXPECT_EQ(Ask("select", {}, "1"), Denial::kCommand);
  EXPECT_EQ(Ask("select"), Denial::kCommand);
}

TEST_F(UserTest, KeysForReadingAndWriting) {
  EXPECT_EQ(Apply({"+@all", "%R~r*", "%W~w*", "~rw*"}), "");
  EXPECT_EQ(Ask("get", {{"r1", kRead, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("set", {{"r1", kWrite, 1}}), Denial::kKey);
  EXPECT_EQ(Ask("set", {{"w1", kWrite, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("set", {{"w1", kRead | kWrite, 1}}), Denial::kKey);
  EXPECT_EQ(Ask("set", {{"rw", kRead | kWrite, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("get", {{"w1", 0, 1}}), Denial::kNone);  // only named
  EXPECT_EQ(user.selectors()[0].DescribeKeys(), "%R~r* %W~w* ~rw*");
  EXPECT_EQ(Apply({"%R~w*"}), "");
  EXPECT_EQ(user.selectors()[0].DescribeKeys(), "%R~r* ~w* ~rw*");
}

TEST_F(UserTest, APatternToSubscribeToIsAllowedToTheLetter) {
  EXPECT_EQ(Apply({"+@all", "&news.*"}), "");
  EXPECT_EQ(Ask("get", {}, "", {{"news.a", false, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("get", {}, "", {{"old", false, 1}}), Denial::kChannel);
  EXPECT_EQ(Ask("get", {}, "", {{"news.*", true, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("get", {}, "", {{"news.a*", true, 1}}), Denial::kChannel);
}

TEST_F(UserTest, AnySelectorMayAllow) {
  EXPECT_EQ(Apply({"+get", "~a", "(+set ~b)", "(+set", "%W~c)"}), "");
  EXPECT_EQ(Ask("set", {{"b", kWrite, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("set", {{"c", kWrite, 1}}), Denial::kNone);
  EXPECT_EQ(Ask("set", {{"a", kWrite, 1}}), Denial::kKey);
  EXPECT_EQ(Ask("get", {{"b", kRead, 1}}), Denial::kKey);
  EXPECT_EQ(user.Describe(), "off sanitize-payload ~a resetchannels -@all +get (~b resetchannels -@all +set) "
                             "(%W~c resetchannels -@all +set)");
  EXPECT_EQ(Apply({"clearselectors"}), "");
  EXPECT_EQ(Ask("set", {{"b", kWrite, 1}}), Denial::kCommand);
}

TEST_F(UserTest, WhatMakesNoSenseIsRefused) {
  EXPECT_EQ(Apply({"foo"}), "foo: Syntax error");
  EXPECT_EQ(Apply({"+nosuch"}), "+nosuch: Unknown command or category name in ACL");
  EXPECT_EQ(Apply({"(+get"}), ": Unmatched parenthesis in acl selector starting at '(+get'.");
  EXPECT_EQ(Apply({"+config|get|x"}), "+config|get|x: Allowing first-arg of a subcommand is not supported");
  EXPECT_EQ(Apply({"#abc"}),
            "#abc: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters");
}

TEST_F(UserTest, OnlyOneWhoMayDoEverythingIsUnrestricted) {
  EXPECT_EQ(Apply({"allcommands", "allkeys"}), "");
  EXPECT_FALSE(user.IsUnrestricted());
  EXPECT_EQ(Apply({"allchannels"}), "");
  EXPECT_TRUE(user.IsUnrestricted());
  EXPECT_EQ(Apply({"-get"}), "");
  EXPECT_FALSE(user.IsUnrestricted());
}

TEST(Users, TheirTextReadsBack) {
  FakeCatalog catalog;
  Users users(&catalog);
  User bob = users.Fresh("bob");
  User::RuleError error;
  ASSERT_TRUE(bob.ApplyAll(catalog, {"on", ">pw", "%R~x", "&c", "+@read", "-get", "(~y +set)"}, &error));
  users.Put(bob);
  const std::string text = users.ToText();
  auto table = users.Parse(text, "file");
  ASSERT_TRUE(table.ok());
  Users again(&catalog);
  again.Replace(std::move(*table));
  EXPECT_EQ(again.ToText(), text);
}

TEST(Users, AFileWithErrorsNamesThemAll) {
  FakeCatalog catalog;
  Users users(&catalog);
  const auto table = users.Parse("user a on\nnobody\nuser b +nosuch\nuser a off\n", "file");
  ASSERT_FALSE(table.ok());
  for (const char* part : {"file:2", "file:3: Error in applying operation '+nosuch': Unknown command or category name in ACL", "Duplicate user 'a' found on line 4", "no change to"}) {
    EXPECT_NE(table.error().find(part), std::string::npos) << part;
  }
}

TEST(Users, ADeletedUserLivesWithItsClients) {
  FakeCatalog catalog;
  Users users(&catalog);
  users.Put(users.Fresh("gone"));
  const UserPtr held = users.Find("gone");
  EXPECT_TRUE(users.Remove("gone"));
  EXPECT_EQ(held->name(), "gone");
  EXPECT_EQ(users.Find("gone"), nullptr);
}

}  // namespace
}  // namespace windlass::acl
