// nodes.conf on disk: the lock that outlives replacements, writes in the
// background, and failures that are told.
#include "node/server/nodes_conf_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace windlass::server {
namespace {

std::string Read(const std::string& path) {
  std::ifstream in(path);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

// As another process would: by an open file description of its own.
bool CanLock(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY);
  const bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
  close(fd);
  return locked;
}

class NodesConfFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("nodes-conf-test-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    path_ = folder_ / "nodes.conf";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<NodesConfFile> Make() {
    return std::make_unique<NodesConfFile>(&loop_, path_, [this](uint64_t ticket, const base::Result<void>& saved) {
      saved_.emplace_back(ticket, saved.ok());
    });
  }

  net::EventLoop loop_;
  std::filesystem::path folder_;
  std::string path_;
  std::vector<std::pair<uint64_t, bool>> saved_;
};

TEST_F(NodesConfFileTest, IsNewUntilSomethingWasSaved) {
  auto file = Make();
  ASSERT_TRUE(file->Lock().ok());
  ASSERT_TRUE(file->Load().ok());
  EXPECT_FALSE((*file->Load()).has_value());
  file->Save(1, "content\n");
  for (int i = 0; i < 500 && saved_.empty(); ++i) loop_.RunOnce(10);
  EXPECT_EQ(saved_, (std::vector<std::pair<uint64_t, bool>>{{1, true}}));
  EXPECT_EQ(Read(path_), "content\n");
}

TEST_F(NodesConfFileTest, StaysLockedWhenItIsReplacedAndIsFreeInTheEnd) {
  auto file = Make();
  ASSERT_TRUE(file->Lock().ok());
  EXPECT_FALSE(CanLock(path_));
  file->Save(1, "new\n");
  file->Drain();
  EXPECT_FALSE(CanLock(path_)) << "the file that has the name now is locked as well";
  auto second = Make();
  const auto refused = second->Lock();
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().find("is already used by a different Redis Cluster node"), std::string::npos);
  file.reset();
  EXPECT_TRUE(second->Lock().ok());
}

TEST_F(NodesConfFileTest, WritesOnlyTheNewestOfThoseThatWait) {
  auto file = Make();
  ASSERT_TRUE(file->Lock().ok());
  for (uint64_t ticket = 1; ticket <= 20; ++ticket) file->Save(ticket, std::to_string(ticket));
  file->Drain();
  EXPECT_EQ(Read(path_), "20");
  ASSERT_EQ(saved_.size(), 2u) << "the first, and the newest of those that came meanwhile";
  EXPECT_EQ(saved_.back(), (std::pair<uint64_t, bool>{20, true}));
}

TEST_F(NodesConfFileTest, TellsThatItCouldNotBeWritten) {
  auto file = Make();
  ASSERT_TRUE(file->Lock().ok());
  std::filesystem::remove_all(folder_);
  file->Save(5, "lost");
  file->Drain();
  EXPECT_EQ(saved_, (std::vector<std::pair<uint64_t, bool>>{{5, false}}));
}

}  // namespace
}  // namespace windlass::server
