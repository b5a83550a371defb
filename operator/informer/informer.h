// Fills a Store by list and watch, on a thread of its own, until stopped.
//
// A watch goes on from the last version it saw, bookmarks included, also after
// the connection broke; where the server no longer has that version (410), or
// answers what was not foreseen, the informer lists again. Failures wait 0.1 s,
// doubling to 30 s. Each change is told to `on_change` after the store has it.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <thread>

#include "operator/informer/store.h"
#include "operator/kube/client.h"

namespace windlass::informer {

class Informer {
 public:
  struct Options {
    kube::Kind kind;
    std::string name_space;  // empty: all
    std::string label_selector;
    std::chrono::seconds watch_timeout{290};
    std::chrono::milliseconds first_backoff{100};
    std::chrono::milliseconds longest_backoff{30000};
    Store::Trim trim = nullptr;  // null: all of it is kept
    std::string label = "";      // see Store
  };
  using OnChange = std::function<void(const Json& object)>;  // what the server said, whole

  Informer(kube::Client& client, Options options, OnChange on_change);
  ~Informer();  // stops and joins

  void Start();
  void Stop();
  Store& store() { return store_; }

 private:
  void Run(std::stop_token stop);
  void List();
  // Returns normally where the watch is to go on from version_.
  void Watch(std::stop_token stop);
  bool OnEvent(const std::string& type, const Json& object);

  kube::Client& client_;
  const Options options_;
  const OnChange on_change_;
  Store store_;
  std::string version_;  // of the informer's thread; empty: list first
  bool heard_ = false;   // the watch has said something since it began
  std::jthread thread_;
};

}  // namespace windlass::informer
