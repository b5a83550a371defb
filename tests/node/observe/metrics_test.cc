// The Prometheus text and the small HTTP server that hands it out.
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "node/observe/http_endpoint.h"
#include "node/observe/metrics_text.h"

namespace windlass::observe {
namespace {

TEST(MetricsTextTest, FieldsBecomeMetricsInBaseUnits) {
  const std::string text = MetricsText(
      "# Memory\r\nused_memory:1000\r\nmaxmemory:5\r\n\r\n# Stats\r\nevicted_keys:7\r\n"
      "total_eviction_exceeded_time:1500\r\nmaster_link_status:up\r\nrdb_last_bgsave_status:err\r\nunknown:1\r\n");
  EXPECT_NE(text.find("# HELP redis_memory_used_bytes "), std::string::npos);
  EXPECT_NE(text.find("# TYPE redis_memory_used_bytes gauge\nredis_memory_used_bytes 1000\n"), std::string::npos);
  EXPECT_NE(text.find("# TYPE redis_evicted_keys_total counter\nredis_evicted_keys_total 7\n"), std::string::npos);
  EXPECT_NE(text.find("redis_eviction_exceeded_time_seconds_total 1.5\n"), std::string::npos);
  EXPECT_NE(text.find("redis_master_link_up 1\n"), std::string::npos);
  EXPECT_NE(text.find("redis_rdb_last_bgsave_status 0\n"), std::string::npos);
  EXPECT_NE(text.find("redis_up 1\n"), std::string::npos);
  EXPECT_EQ(text.find("unknown"), std::string::npos);
}

TEST(MetricsTextTest, FamiliesAreDescribedOnceAndLabelled) {
  const std::string text = MetricsText(
      "db0:keys=3,expires=1,avg_ttl=2000\r\ndb4:keys=1,expires=0,avg_ttl=0\r\n"
      "cmdstat_get:calls=5,usec=1000000,usec_per_call=2.00,rejected_calls=1,failed_calls=2\r\n"
      "cmdstat_config|set:calls=1,usec=1,usec_per_call=1.00,rejected_calls=0,failed_calls=0\r\n"
      "errorstat_ERR:count=9\r\nslave0:ip=10.0.0.1,port=7,state=online,offset=88,lag=1\r\nslave_priority:100\r\n"
      "latency_percentiles_usec_get:p50=1.000,p99.9=3.000\r\nrole:master\r\nos:a\"b\\c\r\n");
  EXPECT_NE(text.find("redis_db_keys{db=\"db0\"} 3\nredis_db_keys{db=\"db4\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("redis_db_avg_ttl_seconds{db=\"db0\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("redis_commands_total{cmd=\"config|set\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("redis_commands_duration_seconds_total{cmd=\"get\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("redis_errors_total{err=\"ERR\"} 9\n"), std::string::npos);
  EXPECT_NE(text.find("redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.1\",slave_port=\"7\",slave_state=\"online\"} 88\n"),
            std::string::npos);
  EXPECT_NE(text.find("redis_latency_percentiles_usec{cmd=\"get\",quantile=\"99.9\"} 3\n"), std::string::npos);
  EXPECT_NE(text.find("redis_instance_info{role=\"master\",os=\"a\\\"b\\\\c\"} 1\n"), std::string::npos);
  const size_t first = text.find("# TYPE redis_commands_total ");
  EXPECT_EQ(text.find("# TYPE redis_commands_total ", first + 1), std::string::npos);
}

class Reader final : public net::ByteHandler {
 public:
  size_t OnBytes(net::Connection&, std::string_view bytes) override {
    if (!reading) return 0;
    received.append(bytes);
    return bytes.size();
  }
  void OnClosed(net::Connection&, std::string_view) override { closed = true; }
  std::string received;
  bool reading = true;
  bool closed = false;
};

class HttpEndpointTest : public testing::Test {
 protected:
  HttpEndpointTest()
      : endpoint_(&loop_, [this](std::string_view path) {
          ++served_;
          if (path == "/big") return HttpEndpoint::Answer{200, "text/plain", std::string(20'000'000, 'x')};
          if (path == "/ok") return HttpEndpoint::Answer{200, "text/plain", "fine\n"};
          return HttpEndpoint::Answer{404, "text/plain", "no\n"};
        }) {
    // A free port: one that was just given to a socket that is closed again.
    auto probe = net::Listener::Tcp(&loop_, "127.0.0.1", 0, 1, [](int) {});
    port_ = (*probe)->port();
    (*probe).reset();
    EXPECT_TRUE(endpoint_.Listen({"127.0.0.1"}, port_).ok());
  }
  std::unique_ptr<net::Connection> Connect(Reader* reader) {
    std::unique_ptr<net::Connection> made;
    net::Connection::Connect(&loop_, {.host = "127.0.0.1", .port = port_, .bind_ip = "", .timeout_ms = 2000},
                             [&made](base::Result<std::unique_ptr<net::Connection>> result) {
                               if (result) made = std::move(*result);
                             });
    Until([&made] { return made != nullptr; });
    made->SetHandler(reader);
    return made;
  }
  void Until(const std::function<bool()>& done) {
    for (int i = 0; i < 3000 && !done(); ++i) loop_.RunOnce(10);
    ASSERT_TRUE(done());
  }
  net::EventLoop loop_;
  int served_ = 0;
  int port_ = 0;
  HttpEndpoint endpoint_;
};

TEST_F(HttpEndpointTest, RequestsOnOneConnectionAreAnsweredInOrder) {
  Reader reader;
  const auto connection = Connect(&reader);
  connection->Write("GET /ok HTTP/1.1\r\nHost: x\r\n\r\nHEAD /ok HTTP/1.1\r\n\r\nGET /no?x=1 HTTP/1.1\r\n\r\n");
  Until([&reader] { return reader.received.find("no\n") != std::string::npos; });
  EXPECT_EQ(reader.received,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nfine\n"
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\n"
            "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nno\n");
  EXPECT_FALSE(reader.closed);
  EXPECT_EQ(served_, 3);
}

TEST_F(HttpEndpointTest, OldAndClosingClientsAreClosedAfterTheAnswer) {
  for (const char* request : {"GET /ok HTTP/1.0\r\n\r\n", "GET /ok HTTP/1.1\r\nConnection: Close\r\n\r\n"}) {
    Reader reader;
    const auto connection = Connect(&reader);
    connection->Write(request);
    Until([&reader] { return reader.closed; });
    EXPECT_NE(reader.received.find("fine\n"), std::string::npos);
  }
}

TEST_F(HttpEndpointTest, WhatIsNoRequestIsRefused) {
  for (const auto& [request, status] : {std::pair{std::string("POST /ok HTTP/1.1\r\n\r\n"), "405"},
                                        std::pair{std::string("PING\r\n\r\n"), "400"},
                                        std::pair{"GET /" + std::string(9000, 'a'), "431"}}) {
    Reader reader;
    const auto connection = Connect(&reader);
    connection->Write(request);
    Until([&reader] { return reader.closed; });
    EXPECT_EQ(reader.received.substr(9, 3), status) << request.substr(0, 20);
  }
  EXPECT_EQ(served_, 0);
}

TEST_F(HttpEndpointTest, ASlowReaderHoldsUpNobodyAndGetsOneAnswerAtATime) {
  Reader slow;
  const auto waiting = Connect(&slow);
  waiting->PauseReading();
  waiting->Write("GET /big HTTP/1.1\r\n\r\nGET /big HTTP/1.1\r\n\r\n");
  Until([this] { return served_ == 1; });
  Reader quick;
  const auto other = Connect(&quick);
  other->Write("GET /ok HTTP/1.1\r\n\r\n");
  Until([&quick] { return quick.received.find("fine\n") != std::string::npos; });
  EXPECT_EQ(served_, 2) << "the second big answer is not made before the first has left";
  waiting->ResumeReading();
  Until([&slow] { return slow.received.size() > 40'000'000; });
}

TEST_F(HttpEndpointTest, ConnectionsAreBounded) {
  std::vector<std::unique_ptr<Reader>> readers;
  std::vector<std::unique_ptr<net::Connection>> connections;
  for (size_t i = 0; i < HttpEndpoint::kMaxConnections + 5; ++i) {
    readers.push_back(std::make_unique<Reader>());
    connections.push_back(Connect(readers.back().get()));
  }
  Until([&readers] {
    size_t closed = 0;
    for (const auto& reader : readers) closed += reader->closed ? 1 : 0;
    return closed == 5;
  });
  EXPECT_EQ(endpoint_.connections(), HttpEndpoint::kMaxConnections);
}

}  // namespace
}  // namespace windlass::observe
