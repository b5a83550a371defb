// A socket with deadlines under hiredis's reader and command formatter.
#include "operator/redis/redis_admin.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "operator/redis/socket_target.h"
#include "operator/redis/wire.h"

namespace windlass::redis {
namespace {

using SteadyClock = std::chrono::steady_clock;

class Deadline {
 public:
  explicit Deadline(int64_t ms) : ms_(ms), end_(SteadyClock::now() + std::chrono::milliseconds(ms)) {}
  int64_t ms() const { return ms_; }
  int LeftMs() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - SteadyClock::now()).count();
    return left < 0 ? 0 : static_cast<int>(std::min<int64_t>(left, 1 << 30));
  }

 private:
  int64_t ms_;
  SteadyClock::time_point end_;
};

// False when the deadline passed first.
bool WaitFor(int fd, short events, const Deadline& deadline) {
  while (true) {
    pollfd ready{fd, events, 0};
    const int n = poll(&ready, 1, deadline.LeftMs());
    if (n > 0) return true;
    if (n == 0 && deadline.LeftMs() == 0) return false;
    if (n < 0 && errno != EINTR) return false;
  }
}

}  // namespace

struct RedisAdmin::Impl {
  Impl(Address a, AdminOptions o) : address(std::move(a)), options(std::move(o)) {}
  ~Impl() { Close(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Close() {
    if (fd >= 0) close(fd);
    fd = -1;
    reader.reset();
    asked.clear();
  }

  // Closes, because what was sent or received is now unknown.
  [[noreturn]] void Fail(const std::string& what) {
    Close();
    throw ConnectionFailure(topology::ToString(address) + ": " + what);
  }
  [[noreturn]] void FailTimeout(const std::string& what, const Deadline& deadline) {
    Close();
    throw TimeoutFailure(topology::ToString(address) + ": " + what + " took longer than " +
                         std::to_string(deadline.ms()) + " ms");
  }

  void Open(const Deadline& deadline);
  bool TryConnect(const SocketTarget& target, const Deadline& deadline, std::string& error);
  void SendAll(const std::string& bytes, const Deadline& deadline, const std::string& what);
  Reply ReadReply(const Deadline& deadline, const std::string& what);
  void Authenticate();
  Reply LogIn(const Credentials& credentials);

  Address address;
  AdminOptions options;
  int fd = -1;
  std::optional<ReplyReader> reader;
  std::vector<std::string> asked;  // names of the commands that Finish is to read replies of
  Deadline finish_by{0};
};

bool RedisAdmin::Impl::TryConnect(const SocketTarget& target, const Deadline& deadline, std::string& error) {
  fd = StartConnecting(target);
  if (fd < 0) {
    error = std::strerror(errno);
    return false;
  }
  if (!WaitFor(fd, POLLOUT, deadline)) FailTimeout("connecting", deadline);
  int failure = 0;
  socklen_t size = sizeof(failure);
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &size);
  if (failure == 0) return true;
  error = std::strerror(failure);
  close(fd);
  fd = -1;
  return false;
}

void RedisAdmin::Impl::Open(const Deadline& deadline) {
  std::vector<SocketTarget> targets;
  try {
    targets = Resolve(address);
  } catch (const base::Failure& failure) {
    Fail(failure.what());
  }
  std::string error = "no address";
  for (const SocketTarget& target : targets) {
    if (TryConnect(target, deadline, error)) {
      reader.emplace(ReplyReader::Keeps::kItsBuffer);  // replies here are small and connections few
      return;
    }
  }
  Fail("could not connect: " + error);
}

void RedisAdmin::Impl::SendAll(const std::string& bytes, const Deadline& deadline, const std::string& what) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n > 0) {
      sent += static_cast<size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!WaitFor(fd, POLLOUT, deadline)) FailTimeout("sending " + what, deadline);
    } else if (n < 0 && errno != EINTR) {
      Fail("sending " + what + " failed: " + std::strerror(errno));
    }
  }
}

Reply RedisAdmin::Impl::ReadReply(const Deadline& deadline, const std::string& what) {
  while (true) {
    try {
      if (auto reply = reader->Next()) return std::move(*reply);
    } catch (const base::Failure& failure) {
      Fail("the reply to " + what + " is not RESP: " + failure.what());
    }
    char buffer[64 * 1024];
    const ssize_t n = recv(fd, buffer, sizeof(buffer), 0);
    if (n > 0) {
      reader->Feed(buffer, static_cast<size_t>(n));
      if (deadline.LeftMs() == 0) FailTimeout(what, deadline);  // a reply that trickles in
    } else if (n == 0) {
      Fail("the node closed the connection before answering " + what);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
      if (!WaitFor(fd, POLLIN, deadline)) FailTimeout(what, deadline);
    } else if (errno != EINTR) {
      Fail("reading the reply to " + what + " failed: " + std::strerror(errno));
    }
  }
}

void RedisAdmin::Impl::Authenticate() {
  Reply reply = LogIn(options.credentials);
  if (reply.error() && options.earlier) {
    const Reply earlier = LogIn(*options.earlier);
    if (!earlier.error()) return;
  }
  if (!reply.error()) return;
  Close();
  throw RefusedFailure(topology::ToString(address) + ": AUTH was refused: " + reply.text, reply.text);
}

// The answer, which is no error where there was nothing to log in with or to.
Reply RedisAdmin::Impl::LogIn(const Credentials& credentials) {
  const auto command = LoginCommand(credentials, options.earlier.has_value());
  if (!command) return {};
  const Deadline deadline(options.command_ms);
  std::string bytes;
  AppendCommand(*command, &bytes);
  SendAll(bytes, deadline, command->front());
  Reply reply = ReadReply(deadline, command->front());
  if (HasNoPassword(reply)) return {};
  return reply;
}

std::optional<Command> LoginCommand(const Credentials& credentials, bool had_earlier) {
  // Without a password of ours there is one to try only if there was one before.
  if (credentials.empty()) return had_earlier ? std::optional<Command>({"PING"}) : std::nullopt;
  if (credentials.user.empty()) return Command{"AUTH", credentials.password};
  return Command{"AUTH", credentials.user, credentials.password};
}

bool HasNoPassword(const Reply& reply) {
  return reply.error() && reply.text.find("without any password configured") != std::string::npos;
}

RedisAdmin::RedisAdmin(Address address, AdminOptions options)
    : impl_(std::make_unique<Impl>(std::move(address), std::move(options))) {}
RedisAdmin::~RedisAdmin() = default;
RedisAdmin::RedisAdmin(RedisAdmin&&) noexcept = default;
RedisAdmin& RedisAdmin::operator=(RedisAdmin&&) noexcept = default;

const Address& RedisAdmin::address() const { return impl_->address; }
const AdminOptions& RedisAdmin::options() const { return impl_->options; }
bool RedisAdmin::connected() const { return impl_->fd >= 0; }
void RedisAdmin::Disconnect() { impl_->Close(); }

void RedisAdmin::Connect() {
  impl_->Close();
  impl_->Open(Deadline(impl_->options.connect_ms));
  impl_->Authenticate();
}

Reply RedisAdmin::Call(const Command& command, int64_t deadline_ms) {
  return std::move(Pipeline({command}, deadline_ms).front());
}

Reply RedisAdmin::Require(const Command& command, int64_t deadline_ms) {
  Reply reply = Call(command, deadline_ms);
  if (reply.error()) {
    throw RefusedFailure(topology::ToString(address()) + ": " + NameOf(command) + " was refused: " + reply.text,
                         reply.text);
  }
  return reply;
}

std::vector<Reply> RedisAdmin::Pipeline(const std::vector<Command>& commands, int64_t deadline_ms) {
  Begin(commands, deadline_ms);
  return Finish();
}

void RedisAdmin::Begin(const std::vector<Command>& commands, int64_t deadline_ms) {
  // A connection the node closed while it was idle shows as readable now; then
  // nothing has been sent yet and a new one is safe.
  if (connected()) {
    pollfd idle{impl_->fd, POLLIN, 0};
    if (!impl_->asked.empty() || poll(&idle, 1, 0) > 0) Disconnect();
  }
  if (!connected()) Connect();
  std::string bytes;
  for (const Command& command : commands) AppendCommand(command, &bytes);
  const std::string what = commands.empty() ? "nothing" : NameOf(commands.front());
  impl_->finish_by = Deadline(deadline_ms);
  impl_->SendAll(bytes, impl_->finish_by, what);
  for (const Command& command : commands) impl_->asked.push_back(NameOf(command));
}

std::vector<Reply> RedisAdmin::Finish() {
  std::vector<Reply> replies;
  const std::vector<std::string> asked = impl_->asked;
  for (const std::string& name : asked) replies.push_back(impl_->ReadReply(impl_->finish_by, name));
  impl_->asked.clear();
  return replies;
}

void RedisAdmin::Send(const Command& command) {
  if (!connected()) Connect();
  std::string bytes;
  AppendCommand(command, &bytes);
  impl_->SendAll(bytes, Deadline(impl_->options.command_ms), NameOf(command));
}

Reply RedisAdmin::Read(int64_t deadline_ms) {
  if (!connected()) throw ConnectionFailure(topology::ToString(address()) + ": not connected");
  return impl_->ReadReply(Deadline(deadline_ms), "a message");
}

}  // namespace windlass::redis
