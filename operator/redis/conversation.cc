// See conversation.h.
#include "operator/redis/conversation.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "node/base/clock.h"
#include "operator/redis/answers.h"
#include "operator/topology/move_way.h"

namespace windlass::redis {
namespace {

constexpr int64_t kPatienceMs = 300;
// A password changed by hand, or another server behind the address, is met with a new
// connection only.
constexpr int64_t kRenewMs = 300'000;

const Command kExports{"CLUSTER", "GETSLOTMIGRATIONS"};

}  // namespace

void Conversation::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
  reader_.reset();
  knows_exports_ = false;
}

void Conversation::Begin(const ObserveOptions& options, NodeTables* tables, int64_t now_ms, int64_t end_ms) {
  options_ = &options;
  tables_ = tables;
  report_ = {};
  report_.asked = address_;
  began_ms_ = now_ms_ = now_ms;
  end_ms_ = end_ms;
  if (fd_ >= 0 && now_ms - opened_ms_ >= kRenewMs) Close();
  kept_ = fd_ >= 0;
  patience_end_ms_ = now_ms + kPatienceMs;
  received_ = false;
  kept_ ? Ask() : Open();
}

void Conversation::Open() {
  try {
    targets_ = Resolve(address_);
  } catch (const base::Failure& failure) {
    return Fail(failure.what());
  }
  connect_end_ms_ = std::min(end_ms_, now_ms_ + options_->admin.connect_ms);
  opened_ms_ = now_ms_;
  doing_ = "connecting";
  errno = 0;
  ConnectNext();
}

// REQUIRES: errno says why there is no connection yet.
void Conversation::ConnectNext() {
  while (!targets_.empty()) {
    fd_ = StartConnecting(targets_.front());
    targets_.erase(targets_.begin());
    if (fd_ >= 0) {
      state_ = State::kConnecting;
      return;
    }
  }
  Fail(std::string("could not connect: ") + (errno == 0 ? "no address" : std::strerror(errno)));
}

void Conversation::OnConnected() {
  int failure = 0;
  socklen_t size = sizeof(failure);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure != 0) {
    close(fd_);
    fd_ = -1;
    errno = failure;
    return ConnectNext();
  }
  const auto login = LoginCommand(options_->admin.credentials, options_->admin.earlier.has_value());
  login ? Say(State::kLogin, {*login}) : Ask();
}

void Conversation::Say(State state, const std::vector<Command>& commands) {
  state_ = state;
  doing_ = NameOf(commands.front());
  out_.clear();
  sent_ = 0;
  for (const Command& command : commands) AppendCommand(command, &out_);
  expected_ = commands.size();
  replies_.clear();
  if (!reader_) reader_.emplace(ReplyReader::Keeps::kLittle);
  Flush();
}

void Conversation::Ask() {
  std::vector<Command> questions = Questions(options_->info_sections);
  if (knows_exports_) questions.push_back(kExports);
  Say(State::kAsked, questions);
}

void Conversation::Flush() {
  while (sent_ < out_.size()) {
    const ssize_t n = send(fd_, out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (n > 0) {
      sent_ += static_cast<size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return;
    } else if (n < 0 && errno != EINTR) {
      return Lost("sending " + doing_ + " failed: " + std::strerror(errno));
    }
  }
}

pollfd Conversation::Wanted() const {
  const bool to_send = state_ == State::kConnecting || sent_ < out_.size();
  return {fd_, static_cast<short>(to_send ? POLLIN | POLLOUT : POLLIN), 0};
}

int64_t Conversation::DueMs() const {
  if (state_ == State::kConnecting) return connect_end_ms_;
  return kept_ && !received_ ? std::min(patience_end_ms_, end_ms_) : end_ms_;
}

void Conversation::OnTime(int64_t now_ms) {
  now_ms_ = now_ms;
  if (over() || now_ms < DueMs()) return;
  const std::string what = doing_ + " took longer than " + std::to_string(now_ms - began_ms_) + " ms";
  now_ms < end_ms_ ? Lost(what) : Fail(what);
}

void Conversation::OnReady(short events, int64_t now_ms) {
  now_ms_ = now_ms;
  if (state_ == State::kConnecting) {
    if (events != 0) OnConnected();
    return;
  }
  if ((events & POLLOUT) != 0) Flush();
  if (!over() && state_ != State::kConnecting && (events & (POLLIN | POLLHUP | POLLERR)) != 0) Receive();
}

void Conversation::Receive() {
  char buffer[64 * 1024];
  const ssize_t n = recv(fd_, buffer, sizeof(buffer), 0);
  if (n == 0) return Lost("the node closed the connection before answering " + doing_);
  if (n < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return;
    return Lost("reading the reply to " + doing_ + " failed: " + std::strerror(errno));
  }
  received_ = true;
  try {
    reader_->Feed(buffer, static_cast<size_t>(n));
    while (replies_.size() < expected_) {
      auto reply = reader_->Next();
      if (!reply) return;
      replies_.push_back(std::move(*reply));
    }
  } catch (const base::Failure& failure) {
    return Fail("the reply to " + doing_ + " is not RESP: " + failure.what());
  }
  OnReplies();
}

void Conversation::OnReplies() {
  switch (state_) {
    case State::kLogin:
    case State::kEarlierLogin: return OnLogin();
    case State::kAsked: return OnAnswers();
    case State::kInfoAgain: ReadInfo(replies_.front(), &report_); return Finish();
    case State::kExports: return OnExports(replies_.front());
    case State::kOver:
    case State::kConnecting: return;
  }
}

void Conversation::OnLogin() {
  const Reply& reply = replies_.front();
  if (!reply.error() || HasNoPassword(reply)) return Ask();
  const auto& earlier = options_->admin.earlier;
  const auto login = state_ == State::kLogin && earlier ? LoginCommand(*earlier, true) : std::nullopt;
  if (!login) return Fail("AUTH was refused: " + reply.text);
  Say(State::kEarlierLogin, {*login});
}

void Conversation::OnAnswers() {
  std::vector<Reply> replies = std::move(replies_);
  // What it let in once it does not let in any more: its users were changed.
  if (kept_ && replies[0].ErrorIs("NOAUTH")) return Lost("CLUSTER NODES was refused: " + replies[0].text);
  ReadAnswers(replies, tables_, &report_);
  if (!report_.ok()) return Finish();
  if (knows_exports_) ReadExports(replies.back(), &report_);
  if (replies[kInfoQuestion].error() && options_->info_sections.size() > 1) return Say(State::kInfoAgain, {{"INFO"}});
  ReadInfo(replies[kInfoQuestion], &report_);
  Finish();
}

void Conversation::OnExports(const Reply& reply) {
  knows_exports_ = !reply.error();
  ReadExports(reply, &report_);
  Finish();
}

void Conversation::Finish() {
  if (report_.ok() && state_ != State::kExports && !knows_exports_ && topology::KnowsAtomicMoves(report_)) {
    return Say(State::kExports, {kExports});
  }
  report_.observed_at_ms = base::SystemClock().UnixMs();
  state_ = State::kOver;
  if (!report_.ok()) Close();
  Rest();
}

// Thousands of connections rest most of the time: no buffers meanwhile.
void Conversation::Rest() {
  reader_.reset();
  std::string().swap(out_);
  sent_ = 0;
  std::vector<Reply>().swap(replies_);
  std::vector<SocketTarget>().swap(targets_);
}

void Conversation::Lost(const std::string& what) {
  if (!kept_) return Fail(what);
  Close();
  kept_ = false;
  received_ = false;
  report_ = {};
  report_.asked = address_;
  Open();
}

void Conversation::Fail(const std::string& what) {
  Close();
  report_ = {};
  report_.asked = address_;
  report_.error = topology::ToString(address_) + ": " + what;
  report_.observed_at_ms = base::SystemClock().UnixMs();
  state_ = State::kOver;
}

}  // namespace windlass::redis
