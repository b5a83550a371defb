// Loading, reading, setting and rewriting the configuration.
#include "node/config/config.h"

#include <gtest/gtest.h>

#include "node/config/rewriter.h"
#include "node/config/value_parser.h"

namespace windlass::config {
namespace {

using Pair = std::pair<std::string_view, std::string_view>;

std::string SetError(Config* config, std::vector<Pair> pairs) {
  const auto set = config->Set(pairs);
  return set.ok() ? "" : set.error();
}

LoadError Failure(std::string_view text) {
  Config config;
  const auto result = config.LoadText(text);
  EXPECT_FALSE(result.ok) << text;
  return result.error;
}

TEST(ConfigTest, DefaultsAreRedis7s) {
  Config config;
  EXPECT_EQ(config.Int("port"), 6379);
  EXPECT_EQ(config.ValueOf("save"), "3600 1 300 100 60 10000");
  EXPECT_EQ(config.ValueOf("client-output-buffer-limit"),
            "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60");
  EXPECT_EQ(config.ValueOf("maxmemory-policy"), "noeviction");
  EXPECT_EQ(config.ValueOf("bind"), "* -::*");
  EXPECT_EQ(config.ValueOf("repl-diskless-sync"), "yes");
  EXPECT_EQ(config.ValueOf("slave-read-only"), "yes");
}

TEST(ConfigTest, AFileIsRead) {
  Config config;
  ASSERT_TRUE(config.LoadText("# comment\n\nport 7000\r\n  MaxMemory 2mb\nsave 10 1\nsave 20 2\n"
                              "requirepass \"a b\"\nbind 127.0.0.1 ::1\nslave-priority 7\n"
                              "client-output-buffer-limit replica 1kb 2kb 3\n").ok);
  EXPECT_EQ(config.Int("port"), 7000);
  EXPECT_EQ(config.Int("maxmemory"), 2 << 20);
  EXPECT_EQ(config.ValueOf("save"), "10 1 20 2");
  EXPECT_EQ(config.Text("requirepass"), "a b");
  EXPECT_EQ(config.List("bind"), (std::vector<std::string>{"127.0.0.1", "::1"}));
  EXPECT_EQ(config.Int("replica-priority"), 7);
  EXPECT_EQ(config.Output(1).hard_bytes, 1024);
  EXPECT_EQ(config.Output(1).soft_seconds, 3);
  EXPECT_EQ(config.Output(2).hard_bytes, 33554432);
}

TEST(ConfigTest, TheCommandLineReplacesTheSavePointsOfTheFile) {
  Config config;
  ASSERT_TRUE(config.LoadText("save 10 1\n").ok);
  config.BeginOverrides();
  ASSERT_TRUE(config.LoadText("save 5 6\nsave 7 8").ok);
  EXPECT_EQ(config.ValueOf("save"), "5 6 7 8");
  config.BeginOverrides();
  ASSERT_TRUE(config.LoadText("save \"1 2 3 4\"").ok);
  EXPECT_EQ(config.ValueOf("save"), "1 2 3 4");
  config.BeginOverrides();
  ASSERT_TRUE(config.LoadText("save \"\"").ok);
  EXPECT_EQ(config.ValueOf("save"), "");
}

TEST(ConfigTest, AWrongLineIsNamed) {
  const LoadError error = Failure("# one\nport abc\n");
  EXPECT_EQ(error.line, 2);
  EXPECT_EQ(error.text, "port abc");
  EXPECT_EQ(error.reason, "argument couldn't be parsed into an integer");
}

TEST(ConfigTest, EveryKindOfMistakeHasItsText) {
  EXPECT_EQ(Failure("foo 1").reason, "Bad directive or wrong number of arguments");
  EXPECT_EQ(Failure("port").reason, "wrong number of arguments");
  EXPECT_EQ(Failure("port 1 2").reason, "wrong number of arguments");
  EXPECT_EQ(Failure("port 70000").reason, "argument must be between 0 and 65535 inclusive");
  EXPECT_EQ(Failure("appendonly maybe").reason, "argument must be 'yes' or 'no'");
  EXPECT_EQ(Failure("maxmemory 1x").reason, "argument must be a memory value");
  EXPECT_EQ(Failure("save 1").reason, "Invalid save parameters");
  EXPECT_EQ(Failure("\"open").reason, "Unbalanced quotes in configuration line");
  EXPECT_EQ(Failure("appendfsync x").reason,
            "argument(s) must be one of the following: everysec, always, no");
  EXPECT_EQ(Failure("client-output-buffer-limit normal 1").reason,
            "Wrong number of arguments in buffer limit configuration.");
}

TEST(ConfigTest, SomeDirectivesLookCloserAtTheirValues) {
  EXPECT_EQ(Failure("latency-tracking-info-percentiles 101").reason,
            "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]");
  EXPECT_EQ(Failure("latency-tracking-info-percentiles x").reason, "Invalid latency-tracking-info-percentiles parameters");
  EXPECT_EQ(Failure("oom-score-adj-values 1 2").reason, "wrong number of arguments");
  EXPECT_EQ(Failure("oom-score-adj-values 1 2 3000").reason,
            "Invalid oom-score-adj-values, elements must be between -2000 and 2000.");
  EXPECT_EQ(Failure("dbfilename a/b").reason, "dbfilename can't be a path, just a filename");
  EXPECT_EQ(Failure("appenddirname a/b").reason, "appenddirname can't be a path, just a dirname");
  EXPECT_EQ(Failure("cluster-announce-hostname a_b").reason,
            "Hostnames may only contain alphanumeric characters, hyphens or dots");
  EXPECT_EQ(Failure("proc-title-template {x}").reason, "template format is invalid or contains unknown variables");
  EXPECT_EQ(Failure("shutdown-on-sigterm save nosave").reason,
            "shutdown options SAVE and NOSAVE can't be used simultaneously");
  EXPECT_EQ(Failure("replicaof 10.0.0.1 99999").reason, "Invalid master port");
  EXPECT_EQ(Failure("port 0777").reason, "argument couldn't be parsed into an integer");
  EXPECT_EQ(Failure("maxmemory-clients 101%").reason, "percentage argument must be less or equal to 100");
}

TEST(ConfigTest, ValuesOutsideWhatIsSensibleAreBroughtInside) {
  Config config;
  ASSERT_TRUE(config.LoadText("hz 1000\nrepl-backlog-size 1\nlatency-tracking-info-percentiles 50.0 99.90\n").ok);
  EXPECT_EQ(config.ValueOf("hz"), "500");
  EXPECT_EQ(config.ValueOf("repl-backlog-size"), "16384");
  EXPECT_EQ(config.ValueOf("latency-tracking-info-percentiles"), "50 99.9");
}

TEST(ConfigTest, RetiredDirectivesAreReadOver) {
  Config config;
  EXPECT_TRUE(config.LoadText("list-max-ziplist-entries 512\nlua-replicate-commands no\n").ok);
}

TEST(ConfigTest, OthersMayJudgeLines) {
  Config config;
  config.SetLineCheck("rename-command", [](std::span<const std::string> words) -> base::Result<void> {
    if (words[0] == "get") return base::Error{"no"};
    return {};
  });
  EXPECT_TRUE(config.LoadText("rename-command set x").ok);
  EXPECT_EQ(config.LoadText("rename-command get x").error.reason, "no");
}

TEST(ConfigTest, SettingIsAllOrNothing) {
  Config config;
  EXPECT_EQ(SetError(&config, {{"maxmemory", "1kb"}, {"loglevel", "foo"}}),
            "CONFIG SET failed (possibly related to argument 'loglevel') - argument(s) must be one of the following: "
            "debug, verbose, notice, warning, nothing");
  EXPECT_EQ(config.Int("maxmemory"), 0);
  EXPECT_EQ(SetError(&config, {{"maxmemory", "1kb"}, {"timeout", "5"}}), "");
  EXPECT_EQ(config.Int("maxmemory"), 1024);
  EXPECT_EQ(config.Int("timeout"), 5);
}

TEST(ConfigTest, WhatCannotBeSetIsRefused) {
  Config config;
  EXPECT_EQ(SetError(&config, {{"nope", "1"}}), "Unknown option or number of arguments for CONFIG SET - 'nope'");
  EXPECT_EQ(SetError(&config, {{"databases", "3"}}),
            "CONFIG SET failed (possibly related to argument 'databases') - can't set immutable config");
  EXPECT_EQ(SetError(&config, {{"dir", "/"}}),
            "CONFIG SET failed (possibly related to argument 'dir') - can't set protected config");
  EXPECT_EQ(SetError(&config, {{"hz", "10"}, {"hz", "20"}}),
            "CONFIG SET failed (possibly related to argument 'hz') - duplicate parameter");
}

TEST(ConfigTest, AHookThatFailsUndoesTheWholeSet) {
  Config config;
  int64_t seen = 0;
  config.SetOnChange("timeout", [&] {
    seen = config.Int("timeout");
    return base::Result<void>();
  });
  config.SetOnChange("port", [] { return base::Result<void>(base::Error{"Unable to listen"}); });
  EXPECT_EQ(SetError(&config, {{"timeout", "9"}, {"port", "1"}}),
            "CONFIG SET failed (possibly related to argument 'port') - Unable to listen");
  EXPECT_EQ(config.Int("timeout"), 0);
  EXPECT_EQ(config.Int("port"), 6379);
  EXPECT_EQ(seen, 0);  // told again of the value that stands
}

TEST(ConfigTest, GetMatchesPatternsAndAliasesWithoutRepeating) {
  Config config;
  const std::string_view patterns[] = {"maxmemory", "MAXMEM*y", "slave-prio*"};
  const Config::Pairs pairs = config.Get(patterns);
  EXPECT_EQ(pairs, (Config::Pairs{{"maxmemory", "0"},
                                  {"maxmemory-eviction-tenacity", "10"},
                                  {"maxmemory-policy", "noeviction"},
                                  {"slave-priority", "100"}}));
}

TEST(ConfigTest, KeyspaceEventsAreReadAndPrinted) {
  Config config;
  EXPECT_EQ(SetError(&config, {{"notify-keyspace-events", "KEA"}}), "");
  EXPECT_EQ(config.ValueOf("notify-keyspace-events"), "AKE");
  EXPECT_EQ(SetError(&config, {{"notify-keyspace-events", "Q"}}),
            "CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class "
            "character. Use 'Ag$lshzxeKEtmdn'.");
}

TEST(RewriteTest, CommentsAndOrderStayAndTheRestIsAppended) {
  Config config;
  const std::string old_text = "# my file\nport 7000\n\n# memory\nmaxmemory 1mb\nsave 10 1\nsave 20 2\n";
  ASSERT_TRUE(config.LoadText(old_text).ok);
  ASSERT_EQ(SetError(&config, {{"maxmemory", "2097152"}, {"timeout", "9"}, {"save", "30 3"}}), "");
  const std::string text = RewriteText(config, old_text);
  EXPECT_EQ(text.substr(0, text.find("\n# Generated")),
            "# my file\nport 7000\n\n# memory\nmaxmemory 2mb\nsave 30 3\n");
  EXPECT_NE(text.find("\n# Generated by CONFIG REWRITE\n"), std::string::npos);
  EXPECT_NE(text.find("\ntimeout 9\n"), std::string::npos);
  EXPECT_EQ(text.find("hz "), std::string::npos);  // a default that the file did not mention
}

TEST(RewriteTest, WordsThatNeedQuotesKeepThem) {
  Config config;
  const std::string text = "rename-command FLUSHALL \"\"\nbind \"a\\x00b\" 127.0.0.1\n";
  ASSERT_TRUE(config.LoadText(text).ok);
  EXPECT_EQ(RewriteText(config, text).substr(0, text.size()), text);
}

TEST(RewriteTest, RewritingTwiceChangesNothing) {
  Config config;
  ASSERT_TRUE(config.LoadText("requirepass \"a # b\"\nsave \"\"\nappendfsync always\n").ok);
  const std::string once = RewriteText(config, "requirepass x\nappendfsync no\n");
  EXPECT_EQ(RewriteText(config, once), once);
  Config again;
  ASSERT_TRUE(again.LoadText(once).ok);
  EXPECT_EQ(again.Text("requirepass"), "a # b");
  EXPECT_EQ(again.ValueOf("save"), "");
  EXPECT_EQ(again.ValueOf("appendfsync"), "always");
}

// A server started from `given` beside what was kept in `path`.
void StartFrom(Config* config, const std::string& given, const std::string& path) {
  ASSERT_TRUE(config->LoadText(given).ok);
  ASSERT_TRUE(config->LoadKept(path).ok);
}

TEST(KeptSettingsTest, ARewriteKeepsWhatDiffersAndAStartFindsIt) {
  const std::string path = ::testing::TempDir() + "kept_settings.conf";
  std::remove(path.c_str());
  const std::string given = "hz 20\nsave \"\"\nrequirepass secret\n";
  Config config;
  StartFrom(&config, given, path);
  EXPECT_EQ(KeptText(config).find("\nhz"), std::string::npos);
  ASSERT_EQ(SetError(&config, {{"timeout", "9"}, {"slowlog-max-len", "7"}}), "");
  ASSERT_TRUE(config.Rewrite());
  EXPECT_EQ(KeptText(config).find("secret"), std::string::npos) << "not a second place for passwords";
  Config again;
  StartFrom(&again, given, path);
  EXPECT_EQ(again.ValueOf("timeout"), "9");
  EXPECT_EQ(again.ValueOf("slowlog-max-len"), "7");
  EXPECT_EQ(again.ValueOf("hz"), "20");
  EXPECT_EQ(KeptText(again), KeptText(config));
  ASSERT_EQ(SetError(&again, {{"timeout", "0"}}), "");
  ASSERT_TRUE(again.Rewrite());
  Config third;
  StartFrom(&third, given, path);
  EXPECT_EQ(third.ValueOf("timeout"), "0");
  EXPECT_EQ(third.ValueOf("slowlog-max-len"), "7");
}

TEST(KeptSettingsTest, WhatTheFileSaysWinsAndWhatItNoLongerSaysDoesNotLinger) {
  const std::string path = ::testing::TempDir() + "kept_settings_2.conf";
  std::remove(path.c_str());
  Config config;
  StartFrom(&config, "hz 20\nappendonly yes\nsave 60 1\nmaxmemory 1mb\n", path);
  ASSERT_EQ(SetError(&config, {{"timeout", "9"}, {"save", "30 3"}, {"hz", "30"}, {"loglevel", "debug"}}), "");
  ASSERT_TRUE(config.Rewrite());
  Config changed;  // another spec: one directive less, one with its default, others named anew
  StartFrom(&changed, "appendonly no\nsave 90 9\ntimeout 5\n", path);
  EXPECT_EQ(changed.ValueOf("hz"), "10");
  EXPECT_EQ(changed.ValueOf("maxmemory"), "0");
  EXPECT_EQ(changed.ValueOf("appendonly"), "no");
  EXPECT_EQ(changed.ValueOf("save"), "90 9");
  EXPECT_EQ(changed.ValueOf("timeout"), "5");
  EXPECT_EQ(changed.ValueOf("loglevel"), "debug") << "nothing else names it";
}

TEST(KeptSettingsTest, SavePointsAndLinesOfSeveralAreKeptWhole) {
  const std::string path = ::testing::TempDir() + "kept_settings_3.conf";
  std::remove(path.c_str());
  Config config;
  StartFrom(&config, "hz 20\n", path);
  config.SetLineSource("user", [] {
    return std::vector<std::string>{"default on nopass ~* +@all", "alice on nopass ~a* +@read", "bob off"};
  });
  ASSERT_EQ(SetError(&config, {{"save", "30 3 60 6"}}), "");
  ASSERT_TRUE(config.Rewrite());
  Config again;
  StartFrom(&again, "hz 20\n", path);
  EXPECT_EQ(again.ValueOf("save"), "30 3 60 6");
  EXPECT_EQ(again.List("user"), (std::vector<std::string>{"alice on nopass ~a* +@read", "bob off"}));
}

TEST(ValueParserTest, MemoryUnits) {
  const std::pair<const char*, int64_t> good[] = {{"1", 1},       {"2b", 2},          {"1k", 1000}, {"1KB", 1024},
                                                  {"3m", 3000000}, {"1gb", 1 << 30}, {"0", 0},
                                                  // As in Redis: nothing is zero, too much is told apart.
                                                  {"", 0}, {"kb", 0}, {"99999999999999999999", -1}};
  for (const auto& [text, bytes] : good) {
    int64_t parsed = -1;
    EXPECT_TRUE(ParseMemory(text, &parsed)) << text;
    EXPECT_EQ(parsed, bytes) << text;
  }
  int64_t parsed;
  for (const char* text : {"x", "1x", "-1", "1.5mb", "1tb"}) EXPECT_FALSE(ParseMemory(text, &parsed)) << text;
}

}  // namespace
}  // namespace windlass::config
