// The floor of a benchmark: a server that parses nothing. It reads what there is,
// counts the requests by their length alone, and answers each with the same
// bytes: what a request costs on this machine before any work is done for it.
//
//   floor_server PORT REQUEST_BYTES REPLY
//
// Every request must be exactly REQUEST_BYTES long. REPLY takes \r and \n.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

std::string Unescape(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'r' || text[i + 1] == 'n')) {
      out.push_back(text[++i] == 'r' ? '\r' : '\n');
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

int Listen(int port) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd, 128) != 0) {
    std::perror("floor_server");
    std::exit(1);
  }
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: floor_server PORT REQUEST_BYTES REPLY\n");
    return 2;
  }
  const size_t request_bytes = static_cast<size_t>(std::atol(argv[2]));
  const std::string reply = Unescape(argv[3]);
  const int listener = Listen(std::atoi(argv[1]));
  const int loop = epoll_create1(0);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = listener;
  epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);
  std::vector<size_t> unanswered(65536, 0);  // bytes of a request not whole yet, by descriptor
  static char buffer[1 << 16];
  std::string replies;
  epoll_event ready[128];
  while (true) {
    const int count = epoll_wait(loop, ready, 128, -1);
    for (int i = 0; i < count; ++i) {
      const int fd = ready[i].data.fd;
      if (fd == listener) {
        const int client = accept(listener, nullptr, nullptr);
        const int on = 1;
        setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        event.data.fd = client;
        epoll_ctl(loop, EPOLL_CTL_ADD, client, &event);
        unanswered[static_cast<size_t>(client)] = 0;
        continue;
      }
      const ssize_t n = read(fd, buffer, sizeof buffer);
      if (n <= 0) {
        close(fd);
        continue;
      }
      size_t& pending = unanswered[static_cast<size_t>(fd)];
      pending += static_cast<size_t>(n);
      replies.clear();
      for (; pending >= request_bytes; pending -= request_bytes) replies += reply;
      size_t sent = 0;
      while (sent < replies.size()) {
        const ssize_t w = write(fd, replies.data() + sent, replies.size() - sent);
        if (w <= 0) break;
        sent += static_cast<size_t>(w);
      }
    }
  }
}
