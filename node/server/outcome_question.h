// Asks the target's shard what became of a grant: one connection, one answer.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "node/migration/export_machine.h"
#include "node/net/connection.h"

namespace windlass::server {

class OutcomeQuestion final : public net::ByteHandler, public std::enable_shared_from_this<OutcomeQuestion> {
 public:
  // Nothing: no usable answer.
  using OnAnswer = std::function<void(std::optional<migration::Outcome>)>;

  explicit OutcomeQuestion(net::EventLoop* loop) : loop_(loop) {}
  ~OutcomeQuestion() override;

  // `request`: the commands, of which the last has the answer. Not called once dropped.
  void Begin(const net::ConnectOptions& options, std::string request, int replies, OnAnswer done);
  bool ended() const { return done_ == nullptr; }

 private:
  size_t OnBytes(net::Connection&, std::string_view bytes) override;
  void OnClosed(net::Connection&, std::string_view) override { End(std::nullopt); }
  void End(std::optional<migration::Outcome> answer);

  net::EventLoop* loop_;
  std::unique_ptr<net::Connection> connection_;
  int replies_ = 0;  // still to come
  OnAnswer done_;
};

}  // namespace windlass::server
