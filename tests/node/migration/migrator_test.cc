// The migrator against a target that is played by the test, over real sockets.
#include <gtest/gtest.h>

#include <deque>

#include "node/keyspace/keyspace.h"
#include "node/migration/migrator.h"
#include "node/migration/moving_keys.h"
#include "node/net/connection.h"
#include "node/net/listener.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/dump_stream.h"
#include "node/resp/request_parser.h"
#include "node/types/hash.h"

namespace windlass::migration {
namespace {

// Answers each request with the next of `replies`, or +OK; "" is no answer, "x"
// closes the connection.
class FakeTarget final : public net::ByteHandler {
 public:
  explicit FakeTarget(net::EventLoop* loop) : loop_(loop) {
    auto made = net::Listener::Tcp(loop, "127.0.0.1", 0, 10, [this](int fd) {
      ++accepted;
      connections_.push_back(std::make_unique<net::Connection>(loop_, fd));
      connections_.back()->SetHandler(this);
    });
    listener_ = std::move(*made);
  }

  size_t OnBytes(net::Connection& from, std::string_view bytes) override {
    resp::RequestParser parser;
    std::vector<std::string_view> args;
    size_t used = 0;
    size_t consumed = 0;
    while (!from.closed() &&
           parser.Parse(bytes.substr(used), &consumed, &args) == resp::ParseStatus::kComplete) {
      used += consumed;
      std::string words;
      for (const auto& arg : args) words += (words.empty() ? "" : " ") + std::string(arg);
      requests.push_back(words);
      std::string reply = "+OK";
      if (!replies.empty()) {
        reply = replies.front();
        replies.pop_front();
      }
      if (reply == "x") {
        from.CloseAfterFlush();
      } else if (!reply.empty()) {
        from.Write(reply + "\r\n");
      }
    }
    return used;
  }
  void OnClosed(net::Connection&, std::string_view) override {}
  void CloseAll() {
    for (auto& connection : connections_) connection->Close();
  }
  void StopListening() { listener_.reset(); }
  int port() const { return listener_->port(); }

  int accepted = 0;
  std::vector<std::string> requests;
  std::deque<std::string> replies;

 private:
  net::EventLoop* loop_;
  std::unique_ptr<net::Listener> listener_;
  std::vector<std::unique_ptr<net::Connection>> connections_;
};

class MigratorTest : public testing::Test {
 protected:
  Transfer MakeTransfer(std::vector<Item> items) {
    Transfer transfer;
    transfer.target.host = "127.0.0.1";
    transfer.target.port = target_.port();
    transfer.items = std::move(items);
    transfer.timeout_ms = 2000;
    return transfer;
  }
  TransferOutcome Run(Transfer transfer) {
    std::optional<TransferOutcome> result;
    migrator_.Start(std::move(transfer), [&](TransferOutcome outcome) { result = std::move(outcome); });
    EXPECT_FALSE(result.has_value()) << "never from within Start";
    for (int turn = 0; turn < 500 && !result; ++turn) loop_.RunOnce(10);
    EXPECT_TRUE(result.has_value());
    return result.value_or(TransferOutcome{});
  }

  net::EventLoop loop_;
  FakeTarget target_{&loop_};
  Migrator migrator_{&loop_};
};

TEST_F(MigratorTest, SendsEveryItemAndTellsThatAllArrived) {
  Transfer transfer = MakeTransfer({{"a", 0, "PAYLOAD-A"}, {"b", 1500, "PAYLOAD-B"}});
  transfer.asking = true;
  transfer.replace = true;
  const TransferOutcome outcome = Run(std::move(transfer));
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{true, true}));
  EXPECT_EQ(target_.requests, (std::vector<std::string>{"RESTORE-ASKING a 0 PAYLOAD-A REPLACE",
                                                        "RESTORE-ASKING b 1500 PAYLOAD-B REPLACE"}));
}

TEST_F(MigratorTest, AuthenticatesAndSelectsBeforeTheFirstItem) {
  Transfer transfer = MakeTransfer({{"a", 0, "P"}});
  transfer.target.password = "secret";
  transfer.target.user = "mover";
  transfer.target.db = 3;
  EXPECT_EQ(Run(transfer).error, "");
  // The connection is kept, its database known: SELECT is not sent again, AUTH is.
  EXPECT_EQ(Run(transfer).error, "");
  transfer.target.user.clear();
  transfer.target.db = 0;
  EXPECT_EQ(Run(transfer).error, "");
  EXPECT_EQ(target_.requests,
            (std::vector<std::string>{"AUTH mover secret", "SELECT 3", "RESTORE a 0 P", "AUTH mover secret",
                                      "RESTORE a 0 P", "AUTH secret", "SELECT 0", "RESTORE a 0 P"}));
  EXPECT_EQ(target_.accepted, 1);
}

TEST_F(MigratorTest, TellsWhichItemsTheTargetRefused) {
  target_.replies = {"+OK", "-BUSYKEY Target key name already exists.", "+OK"};
  const TransferOutcome outcome = Run(MakeTransfer({{"a", 0, "A"}, {"b", 0, "B"}, {"c", 0, "C"}}));
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{true, false, true}));
  EXPECT_EQ(outcome.error,
            "ERR Target instance replied with error: BUSYKEY Target key name already exists.");
}

TEST_F(MigratorTest, BelievesNoItemAfterARefusedPassword) {
  target_.replies = {"-WRONGPASS invalid", "+OK"};
  Transfer transfer = MakeTransfer({{"a", 0, "A"}});
  transfer.target.password = "wrong";
  const TransferOutcome outcome = Run(std::move(transfer));
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{false}));
  EXPECT_EQ(outcome.error, "ERR Target instance replied with error: WRONGPASS invalid");
  EXPECT_EQ(migrator_.idle_connections(), 0u);
}

TEST_F(MigratorTest, CountsWhatWasConfirmedBeforeTheConnectionBroke) {
  target_.replies = {"+OK", "x"};
  const TransferOutcome outcome = Run(MakeTransfer({{"a", 0, "A"}, {"b", 0, "B"}}));
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{true, false}));
  EXPECT_EQ(outcome.error, "IOERR error or timeout reading to target instance");
  EXPECT_EQ(migrator_.idle_connections(), 0u);
}

TEST_F(MigratorTest, GivesUpOnATargetThatDoesNotAnswer) {
  target_.replies = {""};
  Transfer transfer = MakeTransfer({{"a", 0, "A"}});
  transfer.timeout_ms = 50;
  const TransferOutcome outcome = Run(std::move(transfer));
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{false}));
  EXPECT_EQ(outcome.error, "IOERR error or timeout reading to target instance");
}

TEST_F(MigratorTest, SaysThatNobodyListens) {
  Transfer transfer = MakeTransfer({{"a", 0, "A"}});
  target_.StopListening();
  EXPECT_EQ(Run(std::move(transfer)).error, "IOERR error or timeout writing to target instance");
}

TEST_F(MigratorTest, ConnectsAgainWhenAKeptConnectionWasClosed) {
  EXPECT_EQ(Run(MakeTransfer({{"a", 0, "A"}})).error, "");
  EXPECT_EQ(migrator_.idle_connections(), 1u);
  target_.CloseAll();  // not noticed yet when the next transfer starts
  EXPECT_EQ(Run(MakeTransfer({{"b", 0, "B"}})).error, "");
  EXPECT_EQ(target_.accepted, 2);
}

TEST_F(MigratorTest, RunsTransfersToOneTargetSideBySide) {
  int done = 0;
  for (int i = 0; i < 3; ++i) {
    migrator_.Start(MakeTransfer({{"a" + std::to_string(i), 0, std::string(300000, 'v')}}),
                    [&](TransferOutcome outcome) {
                      EXPECT_EQ(outcome.error, "");
                      ++done;
                    });
  }
  EXPECT_EQ(migrator_.running(), 3u);
  for (int turn = 0; turn < 500 && done < 3; ++turn) loop_.RunOnce(10);
  EXPECT_EQ(done, 3);
  EXPECT_EQ(migrator_.running(), 0u);
  EXPECT_EQ(migrator_.idle_connections(), 3u);
}

// A value of some MB, and what the target has of it after a transfer.
class LargeItemTest : public MigratorTest {
 protected:
  LargeItemTest() {
    auto hash = std::make_unique<types::Hash>();
    for (int i = 0; i < kFields; ++i) hash->Set("field:" + std::to_string(i), std::string(100, 'v'), {});
    keyspace_.db(0).SetObject(0, "large", std::move(hash), {});
  }
  Item LargeItem() {
    auto stream = std::make_shared<persistence::DumpStream>(*keyspace_.db(0).Peek(0, "large"));
    moving_.Add(0, "large");
    moving_.ReadBy(0, "large", stream);
    return {"large", 0, "", std::move(stream)};
  }

  static constexpr int kFields = 40000;
  keyspace::Keyspace keyspace_{{2, false, size_t{64} << 20}, base::Random(1)};
  MovingKeys moving_{&keyspace_};
};

TEST_F(LargeItemTest, IsSentInPiecesBetweenOtherItems) {
  Transfer transfer = MakeTransfer({{"a", 0, "A"}, LargeItem(), {"b", 0, "B"}});
  transfer.replace = true;
  const uint64_t turns_before = loop_.turns();
  const TransferOutcome outcome = Run(std::move(transfer));
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.delivered, (std::vector<bool>{true, true, true}));
  EXPECT_GT(loop_.turns() - turns_before, 5u);
  ASSERT_EQ(target_.requests.size(), 3u);
  EXPECT_EQ(target_.requests[0], "RESTORE a 0 A REPLACE");
  EXPECT_EQ(target_.requests[2], "RESTORE b 0 B REPLACE");
  std::string_view payload = target_.requests[1];
  constexpr std::string_view kHead = "RESTORE large 0 ";
  ASSERT_EQ(payload.substr(0, kHead.size()), kHead);
  payload.remove_prefix(kHead.size());
  payload.remove_suffix(std::string_view(" REPLACE").size());
  const persistence::RestoredValue value = persistence::ParseDumpPayload(payload);
  ASSERT_EQ(value.fault, persistence::PayloadFault::kNone) << value.detail;
  EXPECT_EQ(static_cast<const types::Hash&>(*value.object).size(), size_t{kFields});
  EXPECT_FALSE(moving_.Remove(0, "large"));
}

TEST_F(LargeItemTest, ThatChangesUnderWayIsNotSentOn) {
  std::optional<TransferOutcome> result;
  migrator_.Start(MakeTransfer({{"a", 0, "A"}, LargeItem()}), [&](TransferOutcome outcome) { result = std::move(outcome); });
  for (int turn = 0; turn < 100 && target_.requests.empty(); ++turn) loop_.RunOnce(10);
  EXPECT_EQ(target_.requests, (std::vector<std::string>{"RESTORE a 0 A"}));
  keyspace_.db(0).Flush(false);
  for (int turn = 0; turn < 500 && !result; ++turn) loop_.RunOnce(10);
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->error, "ERR The key changed, expired or went away while it was being sent");
  EXPECT_FALSE(result->delivered[1]);
  EXPECT_EQ(migrator_.idle_connections(), 0u);
  EXPECT_TRUE(moving_.Remove(0, "large"));
}

TEST_F(LargeItemTest, ThatIsRefusedHalfSentLeavesNoConnection) {
  Transfer transfer = MakeTransfer({LargeItem()});
  transfer.target.password = "secret";
  target_.replies = {"-ERR Client sent AUTH, but no password is set\r\n-ERR too big for a stranger"};
  EXPECT_NE(Run(std::move(transfer)).error, "");
  EXPECT_EQ(migrator_.idle_connections(), 0u);
  moving_.Remove(0, "large");
}

TEST(MovingKeys, NoticesWhatChanges) {
  keyspace::Keyspace keyspace({2, false, size_t{64} << 20}, base::Random(1));
  MovingKeys keys(&keyspace);
  const auto set = [&keyspace](int db, std::string_view key) { keyspace.db(db).SetString(0, key, "new"); };
  for (const std::string_view key : {"changes", "comes back", "stays", "goes"}) set(0, key);
  for (const std::string_view key : {"changes", "comes back", "stays", "goes"}) keys.Add(0, key);
  set(0, "changes");
  set(1, "stays");
  keyspace.db(0).Erase(0, "goes");
  keyspace.db(0).Erase(0, "comes back");
  set(0, "comes back");
  EXPECT_TRUE(keys.Remove(0, "changes"));
  EXPECT_TRUE(keys.Remove(0, "goes"));
  EXPECT_TRUE(keys.Remove(0, "comes back"));
  EXPECT_FALSE(keys.Remove(0, "stays"));
  keys.Add(1, "stays");
  keyspace.FlushAll(true);
  EXPECT_TRUE(keys.Remove(1, "stays"));
}

TEST(MovingKeys, KnowsKeysByDatabaseAndName) {
  keyspace::Keyspace keyspace({2, false, size_t{64} << 20}, base::Random(1));
  MovingKeys keys(&keyspace);
  EXPECT_TRUE(keys.empty());
  EXPECT_TRUE(keys.Add(0, "k"));
  EXPECT_FALSE(keys.Add(0, "k"));
  EXPECT_TRUE(keys.Contains(0, "k"));
  EXPECT_FALSE(keys.Contains(1, "k"));
  EXPECT_FALSE(keys.Contains(0, "other"));
  keys.Remove(0, "other");
  keys.Remove(0, "k");
  EXPECT_TRUE(keys.empty());
}

}  // namespace
}  // namespace windlass::migration
