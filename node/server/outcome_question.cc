// See outcome_question.h.
#include "node/server/outcome_question.h"

#include <utility>

namespace windlass::server {

OutcomeQuestion::~OutcomeQuestion() {
  if (connection_ != nullptr) {
    connection_->SetHandler(nullptr);
    connection_->Close("asked");
    loop_->DeleteLater(std::move(connection_));
  }
}

void OutcomeQuestion::Begin(const net::ConnectOptions& options, std::string request, int replies, OnAnswer done) {
  replies_ = replies;
  done_ = std::move(done);
  net::Connection::Connect(
      loop_, options,
      [weak = weak_from_this(), request = std::move(request)](base::Result<std::unique_ptr<net::Connection>> made) {
        const std::shared_ptr<OutcomeQuestion> self = weak.lock();
        if (self == nullptr || self->done_ == nullptr) return;
        if (!made.ok()) return self->End(std::nullopt);
        self->connection_ = std::move(*made);
        self->connection_->SetHandler(self.get());
        self->connection_->Write(request);
      });
}

size_t OutcomeQuestion::OnBytes(net::Connection&, std::string_view bytes) {
  size_t used = 0;
  while (done_ != nullptr) {
    const size_t end = bytes.find("\r\n", used);
    if (end == std::string_view::npos) return used;
    const std::string_view line = bytes.substr(used, end - used);
    used = end + 2;
    if (--replies_ > 0) continue;
    if (line == "+NONE") {
      End(migration::Outcome::kNone);
    } else if (line == "+PENDING") {
      End(migration::Outcome::kPending);
    } else if (line == "+CLAIMED") {
      End(migration::Outcome::kClaimed);
    } else {
      End(std::nullopt);
    }
  }
  return bytes.size();
}

void OutcomeQuestion::End(std::optional<migration::Outcome> answer) {
  const auto self = shared_from_this();  // `done` may drop the last other reference
  const OnAnswer done = std::exchange(done_, nullptr);
  if (connection_ != nullptr && !connection_->closed()) connection_->Close("answered");
  if (done) done(answer);
}

}  // namespace windlass::server
