// What the operator tells of itself: the text of figures, and the answers.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "operator/base/failure.h"
#include "operator/health/http_server.h"
#include "operator/health/pass_times.h"
#include "operator/health/process_usage.h"

namespace windlass::health {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

int Connect(int port) {
  const int peer = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(connect(peer, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return peer;
}

std::string Ask(int port, const std::string& request) {
  const int peer = Connect(port);
  EXPECT_EQ(send(peer, request.data(), request.size(), 0), static_cast<ssize_t>(request.size()));
  std::string reply;
  char buffer[1024];
  for (ssize_t got = 0; (got = recv(peer, buffer, sizeof buffer, 0)) > 0;) reply.append(buffer, static_cast<size_t>(got));
  close(peer);
  return reply;
}

TEST(MetricText, WritesFamiliesAndSamples) {
  MetricText text;
  text.Family("shards", "gauge", "Masters");
  text.Sample("shards", {{"name", "a\"b\\c\nd"}, {"namespace", "x"}}, 3);
  text.Sample("share", {}, 0.25);
  text.Sample("bytes", {}, 1234567890123.0);
  EXPECT_EQ(text.text(), "# HELP shards Masters\n# TYPE shards gauge\nshards{name=\"a\\\"b\\\\c\\nd\",namespace=\"x\"} 3\nshare 0.25\nbytes 1234567890123\n");
}

TEST(PassTimes, BucketsAreCumulative) {
  PassTimes times;
  times.Add(std::chrono::milliseconds(5), true);
  times.Add(std::chrono::milliseconds(200), true);
  times.Add(std::chrono::seconds(60), false);
  MetricText text;
  times.WriteTo(&text);
  EXPECT_THAT(text.text(), HasSubstr("windlass_reconcile_total{result=\"success\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("windlass_reconcile_total{result=\"error\"} 1\n"));
  EXPECT_THAT(text.text(), HasSubstr("_bucket{le=\"0.01\"} 1\n"));
  EXPECT_THAT(text.text(), HasSubstr("_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text.text(), HasSubstr("_bucket{le=\"0.25\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("_bucket{le=\"5\"} 2\n"));
  EXPECT_THAT(text.text(), HasSubstr("_bucket{le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text.text(), HasSubstr("_sum 60.205\n"));
  EXPECT_THAT(text.text(), HasSubstr("_count 3\n"));
}

TEST(ProcessUsage, IsThisProcesss) {
  MetricText text;
  WriteProcessUsage(&text);
  const size_t at = text.text().find("\nprocess_resident_memory_bytes ");
  ASSERT_NE(at, std::string::npos);
  EXPECT_GT(std::stod(text.text().substr(at + 31)), 1e6);
}

TEST(HttpServer, AnswersByPath) {
  const HttpServer server(0, {{"/healthz", [] { return Answer{200, "ok\n"}; }}, {"/readyz", [] { return Answer{503, "caches\n"}; }}});
  const std::string healthy = Ask(server.port(), "GET /healthz?verbose HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_THAT(healthy, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(healthy, EndsWith("\r\n\r\nok\n"));
  EXPECT_THAT(Ask(server.port(), "GET /readyz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(Ask(server.port(), "GET /other HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask(server.port(), "POST /healthz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 405 "));
  EXPECT_THAT(Ask(server.port(), "\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
}

TEST(HttpServer, APeerThatSaysNothingHoldsUpTheNextForTwoSecondsAtMost) {
  const HttpServer server(0, {{"/healthz", [] { return Answer{200, "ok\n"}; }}});
  const int silent = Connect(server.port());
  EXPECT_THAT(Ask(server.port(), "GET /healthz HTTP/1.1\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
  close(silent);
}

TEST(HttpServer, APortInUseIsAFailure) {
  const HttpServer server(0, {});
  EXPECT_THROW(HttpServer(server.port(), {}), base::Failure);
}

}  // namespace
}  // namespace windlass::health
