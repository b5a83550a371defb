// One connection against a server that misbehaves on purpose: every wait ends.
#include "operator/redis/redis_admin.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

#include "operator/redis/observe.h"
#include "tests/operator/redis/loopback_listener.h"

namespace windlass::redis {
namespace {

// Listens on a free port; each accepted connection is handled by the function,
// one after another, until the object goes.
class FakeServer {
 public:
  explicit FakeServer(std::function<void(int)> handle, int connections = 1) {
    listener_ = ListenOnLoopback(8, &port_);
    thread_ = std::thread([this, handle, connections] {
      for (int i = 0; i < connections; ++i) {
        const int fd = accept(listener_, nullptr, nullptr);
        if (fd < 0) return;
        handle(fd);
        close(fd);
      }
    });
  }
  ~FakeServer() {
    shutdown(listener_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  Address address() const { return {"127.0.0.1", port_}; }

 private:
  int listener_;
  int port_;
  std::thread thread_;
};

std::string ReadSome(int fd) {
  char buffer[4096];
  const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
  return n > 0 ? std::string(buffer, static_cast<size_t>(n)) : std::string();
}

void Say(int fd, const std::string& text) {
  EXPECT_EQ(send(fd, text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
}

AdminOptions Quick() {
  AdminOptions options;
  options.connect_ms = 500;
  options.command_ms = 200;
  return options;
}

int64_t MsOf(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

TEST(RedisAdminTest, ReadsEveryKindOfReplyOfAPipeline) {
  FakeServer server([](int fd) {
    ReadSome(fd);
    Say(fd, "+OK\r\n-ERR no\r\n:5\r\n$-1\r\n$2\r\nhi\r\n*2\r\n:1\r\n*0\r\n");
    ReadSome(fd);
  });
  RedisAdmin admin(server.address(), Quick());
  const std::vector<Reply> replies = admin.Pipeline({{"A"}, {"B"}, {"C"}, {"D"}, {"E"}, {"F"}});
  EXPECT_TRUE(replies[0].ok());
  EXPECT_TRUE(replies[1].ErrorIs("ERR"));
  EXPECT_EQ(replies[2].integer, 5);
  EXPECT_TRUE(replies[3].nil());
  EXPECT_EQ(replies[4].text, "hi");
  ASSERT_EQ(replies[5].elements.size(), 2u);
  EXPECT_EQ(replies[5].elements[1].type, Reply::kArray);
}

TEST(RedisAdminTest, ANodeThatDoesNotAnswerIsGivenUpAtTheDeadline) {
  FakeServer server([](int fd) { while (!ReadSome(fd).empty()) {} });
  RedisAdmin admin(server.address(), Quick());
  const int64_t took = MsOf([&] { EXPECT_THROW(admin.Call({"PING"}), TimeoutFailure); });
  EXPECT_GE(took, 150);
  EXPECT_LT(took, 2000);
  EXPECT_FALSE(admin.connected());
}

TEST(RedisAdminTest, AReplyThatTricklesInIsGivenUpAtTheDeadlineToo) {
  FakeServer server([](int fd) {
    ReadSome(fd);
    const char bytes[] = "$1000\r\n";
    for (int i = 0; i < 40; ++i) {
      if (send(fd, i == 0 ? bytes : "x", i == 0 ? 7 : 1, MSG_NOSIGNAL) <= 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  RedisAdmin admin(server.address(), Quick());
  EXPECT_LT(MsOf([&] { EXPECT_THROW(admin.Call({"GET", "k"}), TimeoutFailure); }), 1500);
}

TEST(RedisAdminTest, LogsInFirstAndNamesARefusal) {
  std::string first;
  FakeServer server(
      [&first](int fd) {
        first = ReadSome(fd);
        Say(fd, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
        ReadSome(fd);
      });
  AdminOptions options = Quick();
  options.credentials = {"ann", "s3"};
  RedisAdmin admin(server.address(), options);
  try {
    admin.Call({"PING"});
    FAIL() << "a wrong password must not go unnoticed";
  } catch (const RefusedFailure& failure) {
    EXPECT_EQ(failure.reply_text().rfind("WRONGPASS", 0), 0u);
    EXPECT_EQ(std::string(failure.what()).find("s3"), std::string::npos) << "a secret in a message";
  }
  EXPECT_EQ(first, "*3\r\n$4\r\nAUTH\r\n$3\r\nann\r\n$2\r\ns3\r\n");
}

TEST(RedisAdminTest, TriesTheEarlierPasswordWhereTheNewOneIsNotKnownYet) {
  std::string second;
  FakeServer server(
      [&second](int fd) {
        ReadSome(fd);
        Say(fd, "-WRONGPASS invalid username-password pair or user is disabled.\r\n");
        second = ReadSome(fd);
        Say(fd, "+OK\r\n");
        ReadSome(fd);
        Say(fd, "+PONG\r\n");
        ReadSome(fd);
      });
  AdminOptions options = Quick();
  options.credentials = {"", "new"};
  options.earlier = Credentials{"", "old"};
  RedisAdmin admin(server.address(), options);
  EXPECT_EQ(admin.Call({"PING"}).text, "PONG");
  EXPECT_EQ(second, "*2\r\n$4\r\nAUTH\r\n$3\r\nold\r\n");
}

TEST(RedisAdminTest, ConnectsAnewWhenTheNodeClosedAnIdleConnection) {
  FakeServer server(
      [](int fd) {
        ReadSome(fd);
        Say(fd, "+PONG\r\n");
      },
      2);
  RedisAdmin admin(server.address(), Quick());
  EXPECT_EQ(admin.Call({"PING"}).text, "PONG");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_EQ(admin.Call({"PING"}).text, "PONG");
}

TEST(RedisAdminTest, NeverSendsACommandTwiceThatMayHaveBeenExecuted) {
  int commands = 0;
  {
    FakeServer server([&commands](int fd) { commands += ReadSome(fd).empty() ? 0 : 1; }, 2);
    RedisAdmin admin(server.address(), Quick());
    EXPECT_THROW(admin.Call({"INCR", "n"}), ConnectionFailure);
  }
  EXPECT_EQ(commands, 1);
}

TEST(ObserveTest, ASilentNodeCostsTheDeadlineOnceAndIsNamed) {
  FakeServer silent([](int fd) { while (!ReadSome(fd).empty()) {} });
  ObserveOptions options;
  options.admin = Quick();
  options.deadline_ms = 400;
  const std::vector<Address> addresses{silent.address(), {"127.0.0.1", 1}};
  std::vector<topology::NodeReport> reports;
  EXPECT_LT(MsOf([&] { reports = ObserveNodes(addresses, options); }), 2000);
  ASSERT_EQ(reports.size(), 2u);
  EXPECT_FALSE(reports[0].ok());
  EXPECT_FALSE(reports[1].ok());
  EXPECT_NE(reports[1].error.find("127.0.0.1:1"), std::string::npos);
  EXPECT_GT(reports[0].observed_at_ms, 0);
}

}  // namespace
}  // namespace windlass::redis
