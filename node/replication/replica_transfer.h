// A full copy on its way in. Only the replica side's files include it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "node/persistence/background_file.h"
#include "node/persistence/rdb_reader.h"
#include "node/replication/replica_side.h"

namespace windlass::replication {

inline constexpr size_t kEndMarkSize = 40;

struct ReplicaSide::Transfer {
  std::string id;       // the history it belongs to
  int64_t offset = 0;   // and the point in it
  bool header_seen = false;
  int64_t total = -1;   // -1: it ends with end_mark
  int64_t done = 0;
  std::string end_mark;
  std::string held;     // the newest bytes, which may be the mark
  std::string head;     // the copy's first bytes, all of it if it is short
  bool complete = false;
  bool loading = false;  // between BeginLoading and EndLoading

  // One of the two, once the header was seen.
  std::unique_ptr<persistence::RdbReader> reader;
  std::unique_ptr<persistence::BackgroundFile> file;

  int load_fd = -1;     // the finished file, being read
  int64_t loaded = 0;

  ~Transfer();
};

class ReplicaSide::LinkHandler final : public net::ByteHandler {
 public:
  explicit LinkHandler(ReplicaSide* side) : side_(side) {}
  // The side is done with this link: calls still to come are dropped.
  void Detach() { side_ = nullptr; }
  size_t OnBytes(net::Connection&, std::string_view bytes) override {
    return side_ == nullptr ? bytes.size() : side_->OnLinkBytes(bytes);
  }
  void OnClosed(net::Connection&, std::string_view reason) override {
    if (side_ != nullptr) side_->Lose(reason);
  }

 private:
  ReplicaSide* side_;
};

}  // namespace windlass::replication
