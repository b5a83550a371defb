// Links between two ends in one process, over real sockets on loopback.
#include <gtest/gtest.h>

#include <functional>

#include "node/cluster_bus/bus_links.h"
#include "node/cluster_bus/frame_encoder.h"
#include "node/net/connection.h"

namespace windlass::cluster_bus {
namespace {

using cluster::Input;
using cluster::LinkClosed;
using cluster::LinkConnected;
using cluster::LinkId;
using cluster::MessageReceived;

class Recorder final : public LinkListener {
 public:
  void OnLinkInput(const Input& input) override {
    inputs.push_back(input);
    if (on_input) on_input(input);
  }
  template <typename T>
  const T* First() const {
    for (const Input& input : inputs) {
      if (const T* found = std::get_if<T>(&input)) return found;
    }
    return nullptr;
  }
  template <typename T>
  size_t Count() const {
    size_t count = 0;
    for (const Input& input : inputs) count += std::holds_alternative<T>(input) ? 1 : 0;
    return count;
  }

  std::vector<Input> inputs;
  std::function<void(const Input&)> on_input;
};

cluster::MessagePtr MakePublish(size_t bytes) {
  auto message = std::make_shared<cluster::Message>();
  message->type = cluster::MessageType::kPublish;
  message->header.sender = *cluster::NodeId::Parse(std::string(40, 'a'));
  message->header.slots = std::make_shared<const slot::SlotSet>();
  message->body = cluster::Publish{"channel", std::string(bytes, 'x')};
  return message;
}

class Links : public testing::Test {
 protected:
  void SetUp() override {
    // A free port, found by binding: the listener sets SO_REUSEADDR.
    auto probe = net::Listener::Tcp(&loop_, "127.0.0.1", 0, 1, [](int) {});
    ASSERT_TRUE(probe.ok());
    port_ = (*probe)->port();
    probe->reset();
    ASSERT_TRUE(server_.Listen("127.0.0.1", port_).ok());
    log_.SetLevel(base::LogLevel::kNothing);
  }

  template <typename Predicate>
  bool RunUntil(Predicate done) {
    for (int turn = 0; turn < 500 && !done(); ++turn) loop_.RunOnce(10);
    return done();
  }

  void ConnectClient() {
    client_.Connect({LinkId{false, 1}, "127.0.0.1", static_cast<uint16_t>(port_)});
    ASSERT_TRUE(RunUntil([this] { return heard_by_client_.First<LinkConnected>() != nullptr; }));
  }

  net::EventLoop loop_;
  base::Logger log_;
  Recorder heard_by_server_;
  Recorder heard_by_client_;
  BusLinks server_{&loop_, &log_, &heard_by_server_};
  BusLinks client_{&loop_, &log_, &heard_by_client_};
  int port_ = 0;
};

TEST_F(Links, DropWhatTheyAreToldTo) {
  ConnectClient();
  server_.set_dropped_type(static_cast<int>(cluster::MessageType::kPublish));
  client_.Send(LinkId{false, 1}, MakePublish(5));
  auto fail = std::make_shared<cluster::Message>(*MakePublish(0));
  fail->type = cluster::MessageType::kFail;
  fail->body = cluster::Fail{*cluster::NodeId::Parse(std::string(40, 'b'))};
  client_.Send(LinkId{false, 1}, fail);
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<MessageReceived>() == 1; }));
  EXPECT_EQ(heard_by_server_.First<MessageReceived>()->message->type, cluster::MessageType::kFail);
  server_.set_closes_on_drop(true);
  client_.Send(LinkId{false, 1}, MakePublish(5));
  EXPECT_TRUE(RunUntil([this] { return heard_by_client_.First<cluster::LinkClosed>() != nullptr; }));
  EXPECT_EQ(heard_by_server_.Count<MessageReceived>(), 1u);
}

TEST_F(Links, CarryMessagesBothWays) {
  ConnectClient();
  client_.Send(LinkId{false, 1}, MakePublish(200000));
  client_.Send(LinkId{false, 1}, MakePublish(3));
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<MessageReceived>() == 2; }));
  const auto* received = heard_by_server_.First<MessageReceived>();
  EXPECT_TRUE(received->link.inbound);
  EXPECT_EQ(received->remote_ip, "127.0.0.1");
  EXPECT_EQ(received->local_ip, "127.0.0.1");
  EXPECT_EQ(std::get<cluster::Publish>(received->message->body).message.size(), 200000u);
  // A message that arrives in several reads is a sign of life meanwhile.
  EXPECT_GT(heard_by_server_.Count<cluster::LinkActivity>(), 0u);

  server_.Send(received->link, MakePublish(5));
  ASSERT_TRUE(RunUntil([this] { return heard_by_client_.Count<MessageReceived>() == 1; }));
  EXPECT_EQ(heard_by_client_.First<MessageReceived>()->link, (LinkId{false, 1}));
  ASSERT_EQ(client_.Facts().size(), 1u);
  EXPECT_TRUE(client_.Facts()[0].connected);
}

TEST_F(Links, TellWhenThePeerCloses) {
  ConnectClient();
  client_.Send(LinkId{false, 1}, MakePublish(3));
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<MessageReceived>() == 1; }));
  client_.Disconnect(LinkId{false, 1});
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<LinkClosed>() == 1; }));
  EXPECT_EQ(heard_by_client_.Count<LinkClosed>(), 0u) << "it closed the link itself";
  EXPECT_TRUE(server_.Facts().empty());
  EXPECT_TRUE(client_.Facts().empty());
}

TEST_F(Links, TellThatNobodyListens) {
  server_.StopListening();
  client_.Connect({LinkId{false, 7}, "127.0.0.1", static_cast<uint16_t>(port_)});
  EXPECT_EQ(heard_by_client_.inputs.size(), 0u) << "never from within Connect";
  ASSERT_TRUE(RunUntil([this] { return heard_by_client_.Count<LinkClosed>() == 1; }));
  EXPECT_EQ(heard_by_client_.First<LinkClosed>()->link, (LinkId{false, 7}));
}

TEST_F(Links, RefuseANameForAnAddress) {
  client_.Connect({LinkId{false, 7}, "localhost", static_cast<uint16_t>(port_)});
  ASSERT_TRUE(RunUntil([this] { return heard_by_client_.Count<LinkClosed>() == 1; }));
}

TEST_F(Links, DroppedWhileConnectingSayNothing) {
  client_.Connect({LinkId{false, 7}, "127.0.0.1", static_cast<uint16_t>(port_)});
  client_.Disconnect(LinkId{false, 7});
  RunUntil([this] { return heard_by_server_.Count<LinkClosed>() == 1; });
  EXPECT_TRUE(heard_by_client_.inputs.empty());
}

TEST_F(Links, DroppedInTheMiddleOfAReadDeliverNothingMore) {
  ConnectClient();
  heard_by_server_.on_input = [this](const Input& input) {
    if (const auto* received = std::get_if<MessageReceived>(&input)) server_.Disconnect(received->link);
  };
  for (int i = 0; i < 5; ++i) client_.Send(LinkId{false, 1}, MakePublish(3));
  ASSERT_TRUE(RunUntil([this] { return heard_by_client_.Count<LinkClosed>() == 1; }));
  EXPECT_EQ(heard_by_server_.Count<MessageReceived>(), 1u);
  EXPECT_EQ(heard_by_server_.Count<LinkClosed>(), 0u);
}

TEST_F(Links, CloseOnBytesThatAreNoFrame) {
  std::unique_ptr<net::Connection> stranger;
  net::Connection::Connect(&loop_, {"127.0.0.1", port_, "", 1000},
                           [&](base::Result<std::unique_ptr<net::Connection>> made) {
                             if (made.ok()) stranger = std::move(*made);
                           });
  ASSERT_TRUE(RunUntil([&] { return stranger != nullptr; }));
  stranger->Write("GET / HTTP/1.1\r\n\r\n");
  stranger->Flush();
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<LinkClosed>() == 1; }));
  EXPECT_EQ(heard_by_server_.Count<MessageReceived>(), 0u);
}

TEST_F(Links, IgnoreAFrameThatContradictsItselfAndReadOn) {
  std::unique_ptr<net::Connection> stranger;
  net::Connection::Connect(&loop_, {"127.0.0.1", port_, "", 1000},
                           [&](base::Result<std::unique_ptr<net::Connection>> made) {
                             if (made.ok()) stranger = std::move(*made);
                           });
  ASSERT_TRUE(RunUntil([&] { return stranger != nullptr; }));
  std::string bad;
  EncodeFrame(*MakePublish(3), &bad);
  bad[2256] = 1;  // its channel is longer than the frame
  stranger->Write(bad);
  std::string good;
  EncodeFrame(*MakePublish(4), &good);
  stranger->Write(good);
  stranger->Flush();
  ASSERT_TRUE(RunUntil([this] { return heard_by_server_.Count<MessageReceived>() == 1; }));
  EXPECT_EQ(std::get<cluster::Publish>(heard_by_server_.First<MessageReceived>()->message->body)
                .message.size(),
            4u);
}

TEST_F(Links, AreClosedWhenTheirUnsentBytesPassTheLimit) {
  ConnectClient();
  client_.EnforceSendLimit(1000);
  EXPECT_EQ(client_.closed_over_limit(), 0u);
  client_.Send(LinkId{false, 1}, MakePublish(100));
  client_.EnforceSendLimit(0);
  EXPECT_EQ(client_.closed_over_limit(), 0u) << "0 is no limit";
  client_.EnforceSendLimit(1000);
  EXPECT_EQ(client_.closed_over_limit(), 1u);
  EXPECT_EQ(heard_by_client_.Count<LinkClosed>(), 1u);
}

}  // namespace
}  // namespace windlass::cluster_bus
