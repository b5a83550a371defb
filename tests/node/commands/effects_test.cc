// What commands on strings and keys ask to be written to the log: deterministic
// commands with absolute times, and nothing when nothing changed.
#include "node/commands/effects.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/commands/command_table.h"
#include "node/commands/key_commands.h"
#include "node/commands/ports.h"
#include "node/commands/string_commands.h"
#include "node/keyspace/keyspace.h"

namespace windlass::commands {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

class EffectsTest : public testing::Test {
 protected:
  EffectsTest() : keyspace_({2, false, size_t{1} << 28}, base::Random(1)), table_({StringCommands(), KeyCommands()}) {}

  // Runs a command; returns the log: "verbatim", commands joined by ';', or nothing.
  std::string Log(std::vector<std::string_view> args) {
    const CommandSpec* spec = table_.Find(args[0]);
    EXPECT_NE(spec, nullptr);
    Effects effects;
    reply_.clear();
    Call call{*spec, args, client_, client_.reply, keyspace_.db(0), 0, kNow, node_, effects};
    const uint64_t dirty = keyspace_.dirty();
    spec->handler(call);
    const bool changed = keyspace_.dirty() != dirty;
    if (effects.verbatim()) return changed || effects.forced() ? "verbatim" : "";
    EXPECT_TRUE(changed) << "replaced, but nothing changed";
    std::string log;
    for (const Effects::Argv& argv : effects.commands()) {
      if (!log.empty()) log += ';';
      for (size_t i = 0; i < argv.size(); ++i) log += (i == 0 ? "" : " ") + argv[i];
    }
    return log;
  }

  keyspace::Keyspace keyspace_;
  CommandTable table_;
  Node node_;
  std::string reply_;
  client::Client client_{1, &reply_};
};

TEST_F(EffectsTest, RelativeTimesBecomeMoments) {
  const std::string at = std::to_string(kNow + 10000);
  EXPECT_EQ(Log({"SET", "k", "v", "EX", "10"}), "SET k v PXAT " + at);
  EXPECT_EQ(Log({"SET", "k", "v", "PX", "10000", "XX", "GET"}), "SET k v PXAT " + at);
  EXPECT_EQ(Log({"SETEX", "k", "10", "v"}), "SET k v PXAT " + at);
  EXPECT_EQ(Log({"PSETEX", "k", "10000", "v"}), "SET k v PXAT " + at);
  EXPECT_EQ(Log({"EXPIRE", "k", "10"}), "PEXPIREAT k " + at);
  EXPECT_EQ(Log({"PEXPIRE", "k", "10000"}), "PEXPIREAT k " + at);
  EXPECT_EQ(Log({"GETEX", "k", "EX", "10"}), "PEXPIREAT k " + at);
  EXPECT_EQ(Log({"GETEX", "k", "PERSIST"}), "PERSIST k");
}

TEST_F(EffectsTest, AMomentThatHasPassedIsADeletion) {
  Log({"SET", "k", "v"});
  EXPECT_EQ(Log({"EXPIRE", "k", "-1"}), "DEL k");
  EXPECT_EQ(keyspace_.db(0).size(), 0u);
  Log({"SET", "k", "v"});
  EXPECT_EQ(Log({"GETEX", "k", "PXAT", "1"}), "DEL k");
}

TEST_F(EffectsTest, AReplicaDoesNotDeleteByTheClock) {
  Log({"SET", "k", "v"});
  keyspace_.set_expiry_mode(keyspace::ExpiryMode::kIgnore);
  EXPECT_EQ(Log({"PEXPIREAT", "k", "1"}), "PEXPIREAT k 1");
  EXPECT_EQ(keyspace_.db(0).size(), 1u);
}

TEST_F(EffectsTest, ResultsAreWrittenWhereComputingThemAgainMightDiffer) {
  EXPECT_EQ(Log({"INCRBYFLOAT", "f", "0.1"}), "SET f 0.1 KEEPTTL");
  EXPECT_EQ(Log({"GETDEL", "f"}), "DEL f");
  EXPECT_EQ(Log({"GETSET", "k", "v"}), "SET k v");
  EXPECT_EQ(Log({"SET", "k", "w", "GET", "XX"}), "SET k w XX");
}

TEST_F(EffectsTest, WhatChangesNothingIsNotWritten) {
  EXPECT_EQ(Log({"GET", "none"}), "");
  EXPECT_EQ(Log({"DEL", "none"}), "");
  EXPECT_EQ(Log({"EXPIRE", "none", "10"}), "");
  EXPECT_EQ(Log({"SET", "k", "v", "XX"}), "");
  EXPECT_EQ(Log({"SET", "k", "v"}), "verbatim");
  EXPECT_EQ(Log({"SET", "k", "v", "NX"}), "");
  EXPECT_EQ(Log({"SETNX", "k", "v"}), "");
  EXPECT_EQ(Log({"MSETNX", "k", "v", "l", "v"}), "");
  EXPECT_EQ(Log({"PERSIST", "k"}), "");
  EXPECT_EQ(Log({"GETEX", "k"}), "");
  EXPECT_EQ(Log({"EXPIRE", "k", "10", "XX"}), "");
  EXPECT_EQ(Log({"SETRANGE", "k", "5", ""}), "");
  EXPECT_EQ(Log({"RENAME", "k", "k"}), "");
  EXPECT_EQ(Log({"COPY", "none", "x"}), "");
}

TEST_F(EffectsTest, ReadingAnExpiredKeyIsNotAChangeOfTheReader) {
  Log({"SET", "k", "v", "PXAT", "5"});
  EXPECT_EQ(Log({"GET", "k"}), "") << "the deletion is told by the expiry listener";
  EXPECT_EQ(keyspace_.db(0).size(), 0u);
}

TEST_F(EffectsTest, OrdinaryWritesGoOutAsTyped) {
  EXPECT_EQ(Log({"MSET", "a", "1", "b", "2"}), "verbatim");
  EXPECT_EQ(Log({"INCR", "a"}), "verbatim");
  EXPECT_EQ(Log({"APPEND", "a", "x"}), "verbatim");
  EXPECT_EQ(Log({"SETRANGE", "a", "1", "y"}), "verbatim");
  EXPECT_EQ(Log({"RENAME", "a", "c"}), "verbatim");
  EXPECT_EQ(Log({"MOVE", "c", "1"}), "verbatim");
  EXPECT_EQ(Log({"DEL", "b"}), "verbatim");
  EXPECT_EQ(Log({"SWAPDB", "0", "1"}), "verbatim");
  EXPECT_EQ(Log({"FLUSHDB"}), "verbatim");
  EXPECT_EQ(Log({"FLUSHALL"}), "verbatim") << "also when everything is empty already";
}

TEST_F(EffectsTest, RestoreSaysWhenTheKeyExpires) {
  Log({"SET", "k", "hello"});
  Log({"DUMP", "k"});
  const size_t start = reply_.find("\r\n") + 2;
  const std::string payload = reply_.substr(start, reply_.size() - start - 2);
  EXPECT_EQ(Log({"RESTORE", "r", "10000", payload}),
            "RESTORE r " + std::to_string(kNow + 10000) + " " + payload + " ABSTTL");
  EXPECT_EQ(Log({"RESTORE", "s", "0", payload}), "verbatim");
  EXPECT_EQ(Log({"RESTORE", "r", "5", payload, "ABSTTL", "REPLACE"}), "DEL r");
}

}  // namespace
}  // namespace windlass::commands
