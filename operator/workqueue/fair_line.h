// Keys that wait, "namespace/name" each: namespaces take turns, and within one who came first
// is first. A tenant with a thousand clusters does not keep one with a single cluster waiting.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>
#include <utility>

namespace windlass::workqueue {

class FairLine {
 public:
  void Push(const std::string& key) {
    std::deque<std::string>& waiting = by_namespace_[NamespaceOf(key)];
    if (waiting.empty()) turns_.push_back(NamespaceOf(key));
    waiting.push_back(key);
    ++size_;
  }

  // REQUIRES: !empty()
  std::string Pop() {
    const std::string turn = std::move(turns_.front());
    turns_.pop_front();
    const auto waiting = by_namespace_.find(turn);
    std::string key = std::move(waiting->second.front());
    waiting->second.pop_front();
    --size_;
    if (waiting->second.empty()) {
      by_namespace_.erase(waiting);
    } else {
      turns_.push_back(turn);
    }
    return key;
  }

  // REQUIRES: it is in the line
  void Remove(const std::string& key) {
    const auto waiting = by_namespace_.find(NamespaceOf(key));
    std::erase(waiting->second, key);
    --size_;
    if (!waiting->second.empty()) return;
    std::erase(turns_, waiting->first);
    by_namespace_.erase(waiting);
  }

  bool empty() const { return size_ == 0; }
  size_t size() const { return size_; }

 private:
  static std::string NamespaceOf(const std::string& key) { return key.substr(0, key.find('/')); }

  // Invariant: each namespace of by_namespace_ has keys, and stands in turns_ once.
  std::map<std::string, std::deque<std::string>> by_namespace_;
  std::deque<std::string> turns_;
  size_t size_ = 0;
};

}  // namespace windlass::workqueue
