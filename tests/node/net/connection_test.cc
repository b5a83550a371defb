// Connections over real loopback sockets: reading, holding back, closing.
#include "node/net/connection.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <string>

#include "node/net/listener.h"

namespace windlass::net {
namespace {

// Keeps what arrives; uses up only as much as `limit` says at a time.
class Collector final : public ByteHandler {
 public:
  size_t OnBytes(Connection& connection, std::string_view bytes) override {
    seen = std::string(bytes);
    const size_t used = std::min(bytes.size(), limit);
    received.append(bytes.substr(0, used));
    return used;
  }
  void OnClosed(Connection& connection, std::string_view reason) override { closed = std::string(reason); }

  size_t limit = SIZE_MAX;
  std::string seen;
  std::string received;
  std::string closed;
};

class ConnectionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto listener = Listener::Tcp(&loop_, "127.0.0.1", 0, 16, [this](int fd) {
      server_ = std::make_unique<Connection>(&loop_, fd);
      server_->SetHandler(&server_handler_);
    });
    ASSERT_TRUE(listener.ok()) << listener.error();
    listener_ = std::move(*listener);
    Connection::Connect(&loop_, {.host = "127.0.0.1", .port = listener_->port(), .bind_ip = "", .timeout_ms = 2000},
                        [this](base::Result<std::unique_ptr<Connection>> result) {
                          ASSERT_TRUE(result.ok()) << result.error();
                          client_ = std::move(*result);
                          client_->SetHandler(&client_handler_);
                        });
    Until([this] { return client_ != nullptr && server_ != nullptr; });
  }

  void Until(const std::function<bool()>& done) {
    for (int i = 0; i < 500 && !done(); ++i) loop_.RunOnce(10);
    ASSERT_TRUE(done());
  }

  EventLoop loop_;
  Collector server_handler_;
  Collector client_handler_;
  std::unique_ptr<Listener> listener_;
  std::unique_ptr<Connection> server_;
  std::unique_ptr<Connection> client_;
};

TEST_F(ConnectionTest, BytesArriveInOrder) {
  client_->Write("hello ");
  client_->Write("world");
  Until([this] { return server_handler_.received == "hello world"; });
}

TEST_F(ConnectionTest, WhatTheHandlerLeavesComesAgainWithMore) {
  server_handler_.limit = 0;
  client_->Write("abc");
  Until([this] { return server_handler_.seen == "abc"; });
  server_handler_.limit = 4;
  client_->Write("def");
  Until([this] { return server_handler_.received == "abcd"; });
  EXPECT_EQ(server_->pending_input(), 2u);
  server_->ResumeParsing();
  EXPECT_EQ(server_handler_.received, "abcdef");
}

TEST_F(ConnectionTest, ALargeOutputIsSentWhole) {
  const std::string big(8 * 1024 * 1024, 'x');
  client_->Write(big);
  Until([&] { return server_handler_.received.size() == big.size(); });
  EXPECT_EQ(client_->pending_output(), 0u);
}

TEST_F(ConnectionTest, HeldOutputWaitsForItsRelease) {
  server_->Write("one");
  Until([this] { return client_handler_.received == "one"; });
  server_->HoldOutputFrom(server_->stream_end() + 2);
  server_->Write("twoTHREE");
  Until([this] { return client_handler_.received == "onetw"; });
  for (int i = 0; i < 5; ++i) loop_.RunOnce(2);
  EXPECT_EQ(client_handler_.received, "onetw");
  server_->ReleaseOutput(Connection::kNoHold);
  Until([this] { return client_handler_.received == "onetwoTHREE"; });
}

TEST_F(ConnectionTest, TheOtherSideLearnsOfAClose) {
  client_->Close();
  Until([this] { return !server_handler_.closed.empty(); });
  EXPECT_TRUE(server_->closed());
}

TEST_F(ConnectionTest, WhatThePeerSentBeforeItWasKilledIsReadAfterAFailedWrite) {
  client_->ReadToTheEnd();
  client_->PauseReading();
  client_->Write("unread by the server");
  client_->Flush();
  // Closing with unread input resets the connection, as the end of a killed process does.
  ASSERT_EQ(write(server_->fd(), "last words", 10), 10);
  close(server_->Detach(nullptr));
  client_->ResumeReading();
  client_->Write("an acknowledgement");
  client_->Flush();
  EXPECT_FALSE(client_->closed());
  Until([this] { return !client_handler_.closed.empty(); });
  EXPECT_EQ(client_handler_.received, "last words");
}

TEST_F(ConnectionTest, CloseAfterFlushSendsWhatIsThere) {
  server_->Write("bye");
  server_->CloseAfterFlush();
  Until([this] { return !client_handler_.closed.empty(); });
  EXPECT_EQ(client_handler_.received, "bye");
}

TEST_F(ConnectionTest, DetachGivesTheDescriptorAwayOpen) {
  const int fd = server_->Detach(nullptr);
  ASSERT_GE(fd, 0);
  EXPECT_TRUE(server_->closed());
  EXPECT_EQ(write(fd, "raw", 3), 3);
  Until([this] { return client_handler_.received == "raw"; });
  close(fd);
}

TEST(ConnectTest, ARefusedConnectionIsAnError) {
  EventLoop loop;
  std::string error;
  int port = 0;
  {
    auto listener = Listener::Tcp(&loop, "127.0.0.1", 0, 1, [](int fd) { close(fd); });
    ASSERT_TRUE(listener.ok());
    port = (*listener)->port();
  }
  Connection::Connect(&loop, {.host = "127.0.0.1", .port = port, .bind_ip = "", .timeout_ms = 1000},
                      [&](base::Result<std::unique_ptr<Connection>> result) { error = result.ok() ? "none" : result.error(); });
  for (int i = 0; i < 100 && error.empty(); ++i) loop.RunOnce(20);
  EXPECT_EQ(error, "Connection refused");
}

}  // namespace
}  // namespace windlass::net
