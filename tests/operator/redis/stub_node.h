// A node that answers what an observer asks, over as many connections as come, and can be
// told to hang, to hang up and to want a password.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "operator/topology/report.h"
#include "tests/operator/redis/loopback_listener.h"

namespace windlass::redis {

class StubNode {
 public:
  explicit StubNode(std::string id) : id_(std::move(id)) {
    listener_ = ListenOnLoopback(64, &port_);
    thread_ = std::thread([this] { Run(); });
  }
  ~StubNode() {
    ends_ = true;
    thread_.join();
    close(listener_);
  }
  topology::Address address() const { return {"127.0.0.1", port_}; }

  std::atomic<int> accepted{0};
  std::atomic<int> open{0};
  std::atomic<bool> hangs{false};           // reads, and answers nothing
  std::atomic<bool> hangs_old{false};       // likewise, over connections of before this was set
  std::atomic<bool> drops_all{false};       // closes what is open, once
  std::atomic<bool> drops_on_question{false};  // closes a connection that asks, once
  std::atomic<bool> exports{false};
  std::atomic<int> no_replicas{0};  // so many SETSLOT are answered NOREPLICAS
  std::atomic<int> set_slots{0};    // that have come
  // Replicas acknowledge when so many connections wait with a SETSLOT, at whose reply the
  // reading of each stops until then.
  std::atomic<size_t> acknowledged_together{1};
  void SetPassword(const std::string& password) {
    const std::lock_guard lock(mutex_);
    password_ = password;
  }

 private:
  struct Link {
    std::string in;
    std::string held;  // the reply to a SETSLOT
    bool let_in = false;
    bool old = false;
  };

  void Run() {
    std::map<int, Link> links;
    bool marked = false;
    while (!ends_) {
      if (hangs_old && !marked) {
        for (auto& [fd, link] : links) link.old = true;
        marked = true;
      }
      if (drops_all.exchange(false)) {
        for (const auto& [fd, link] : links) close(fd);
        links.clear();
      }
      open = static_cast<int>(links.size());
      std::vector<pollfd> wanted{{listener_, POLLIN, 0}};
      for (const auto& [fd, link] : links) wanted.push_back({fd, POLLIN, 0});
      poll(wanted.data(), wanted.size(), 5);
      if (wanted[0].revents != 0) {
        links[accept(listener_, nullptr, nullptr)];
        ++accepted;
      }
      for (size_t i = 1; i < wanted.size(); ++i) {
        if (wanted[i].revents != 0 && !Serve(wanted[i].fd, &links[wanted[i].fd])) {
          close(wanted[i].fd);
          links.erase(wanted[i].fd);
        }
      }
      Acknowledge(&links);
    }
    for (const auto& [fd, link] : links) close(fd);
  }

  bool Serve(int fd, Link* link) {
    char buffer[4096];
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0 || drops_on_question.exchange(false)) return false;
    if (hangs || link->old) return true;
    link->in.append(buffer, static_cast<size_t>(n));
    return GoOn(fd, link);
  }

  bool GoOn(int fd, Link* link) {
    std::string out;
    while (link->held.empty()) {
      const auto words = Next(&link->in);
      if (words.empty()) break;
      const bool waits = acknowledged_together > 1 && words.size() > 1 && words[1] == "SETSLOT";
      (waits ? link->held : out) += Answer(words, link);
    }
    return send(fd, out.data(), out.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(out.size());
  }

  void Acknowledge(std::map<int, Link>* links) {
    size_t waiting = 0;
    for (const auto& [fd, link] : *links) waiting += link.held.empty() ? 0 : 1;
    if (waiting < acknowledged_together) return;
    for (auto& [fd, link] : *links) {
      const std::string reply = std::exchange(link.held, std::string());
      if (reply.empty()) continue;
      (void)send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
      (void)GoOn(fd, &link);
    }
  }

  static std::vector<std::string> Next(std::string* in) {
    std::vector<std::string> words;
    size_t at = in->find("\r\n");
    if (at == std::string::npos) return {};
    const int count = std::atoi(in->c_str() + 1);
    at += 2;
    for (int i = 0; i < count; ++i) {
      const size_t end = in->find("\r\n", at);
      if (end == std::string::npos) return {};
      const auto size = static_cast<size_t>(std::atoi(in->c_str() + at + 1));
      if (in->size() < end + 2 + size + 2) return {};
      words.push_back(in->substr(end + 2, size));
      at = end + 2 + size + 2;
    }
    in->erase(0, at);
    return words;
  }

  static std::string Bulk(const std::string& text) { return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n"; }

  std::string Answer(const std::vector<std::string>& words, Link* link) {
    const std::lock_guard lock(mutex_);
    if (words[0] == "AUTH") {
      link->let_in = words.back() == password_;
      return link->let_in ? "+OK\r\n" : "-WRONGPASS invalid username-password pair or user is disabled.\r\n";
    }
    if (!password_.empty() && !link->let_in) return "-NOAUTH Authentication required.\r\n";
    if (words[0] == "DBSIZE") return ":7\r\n";
    if (words[0] == "INFO") return Bulk(std::string(exports ? "windlass_version:0.1.0\r\n" : "") + "run_id:r\r\nrole:master\r\nmaster_repl_offset:5\r\n");
    if (words[1] == "INFO") return Bulk("cluster_state:ok\r\n");
    if (words[1] == "GETSLOTMIGRATIONS" || words[1] == "GETKEYSINSLOT") return "*0\r\n";
    if (words[1] == "SETSLOT") {
      ++set_slots;
      return no_replicas > 0 && no_replicas-- > 0 ? "-NOREPLICAS Not enough good replicas to write.\r\n" : "+OK\r\n";
    }
    return Bulk(id_ + " 127.0.0.1:" + std::to_string(port_) + "@1 myself,master - 0 0 1 connected 0-16383\n");
  }

  const std::string id_;
  int listener_;
  int port_;
  std::atomic<bool> ends_{false};
  std::mutex mutex_;
  std::string password_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace windlass::redis
