// windlass-check as people and scripts call it.
#include "node/check/program.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "node/persistence/crc64.h"

namespace windlass::check {
namespace {

namespace fs = std::filesystem;

class Program : public ::testing::Test {
 protected:
  Program() : folder(fs::temp_directory_path() / ("windlass-check-" + std::to_string(::getpid()))) {
    fs::create_directories(folder);
  }
  ~Program() override { fs::remove_all(folder); }

  std::string Put(const std::string& name, const std::string& bytes) {
    const fs::path path = folder / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path.string();
  }
  int Call(const std::string& name, const std::vector<std::string>& arguments, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out, err;
    const int status = check::Run(name, arguments, {&in, &out, &err});
    said = out.str() + err.str();
    return status;
  }
  bool Said(const std::string& text) const { return said.find(text) != std::string::npos; }
  static std::string Rdb() {
    std::string bytes = "REDIS0010";
    bytes += std::string("\xfe\x00", 2);
    bytes += std::string("\x00\x06", 2) + "user:1" + std::string("\x05", 1) + "hello";
    bytes += std::string("\x00\x06", 2) + "user:2" + std::string("\x05", 1) + "world";
    bytes += std::string("\x00\x05", 2) + "job:1" + std::string("\x01x", 2);
    bytes += '\xff';
    const uint64_t sum = persistence::Crc64(0, bytes);
    for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(sum >> (8 * i)));
    return bytes;
  }
  static std::string Set(const std::string& key) {
    return "*3\r\n$3\r\nSET\r\n$" + std::to_string(key.size()) + "\r\n" + key + "\r\n$1\r\n1\r\n";
  }

  fs::path folder;
  std::string said;
};

TEST_F(Program, TeachesWhenAsked) {
  EXPECT_EQ(Call("windlass-check", {"--help"}), 0);
  EXPECT_TRUE(Said("usage: windlass-check"));
  EXPECT_EQ(Call("windlass-check", {}), 2);
  EXPECT_TRUE(Said("name a file or a folder"));
  EXPECT_EQ(Call("windlass-check", {"--frobnicate", "x"}), 2);
  EXPECT_TRUE(Said("there is no option --frobnicate"));
}

TEST_F(Program, CountsWhatAnRdbHolds) {
  const std::string path = Put("dump.rdb", Rdb());
  EXPECT_EQ(Call("windlass-check", {path}), 0) << said;
  EXPECT_TRUE(Said("whole")) << said;
  EXPECT_TRUE(Said("3 keys")) << said;
  EXPECT_TRUE(Said("user:")) << said;
  EXPECT_TRUE(Said("Slots: 3 of 16384")) << said;
}

TEST_F(Program, SaysWhereAnRdbIsDamaged) {
  std::string bytes = Rdb();
  bytes[bytes.size() - 12] ^= 1;
  const std::string path = Put("dump.rdb", bytes);
  EXPECT_EQ(Call("windlass-check", {path}), 1);
  EXPECT_TRUE(Said("DAMAGED at offset")) << said;
  EXPECT_EQ(Call("windlass-check", {Put("short.rdb", Rdb().substr(0, 30))}), 1);
  EXPECT_TRUE(Said("Unexpected EOF")) << said;
  EXPECT_EQ(Call("windlass-check", {(folder / "nothing").string()}), 1);
  EXPECT_TRUE(Said("Cannot open file")) << said;
}

TEST_F(Program, NamesTypeAndVersionOfWhatIsTooNew) {
  const std::string path = Put("dump.rdb", std::string("REDIS0012\xfe\x00\x18\x01h", 14));
  EXPECT_EQ(Call("windlass-check", {path}), 1);
  EXPECT_TRUE(Said("RDB type 24, a hash whose fields expire")) << said;
  EXPECT_TRUE(Said("RDB version 12")) << said;
}

TEST_F(Program, CutsATornTailAndNothingElse) {
  const std::string whole = Set("a") + Set("b");
  const std::string path = Put("appendonly.aof", whole + "*3\r\n$3\r\nSET\r\n$1");
  EXPECT_EQ(Call("windlass-check", {path}), 1);
  EXPECT_TRUE(Said("TORN: whole up to offset " + std::to_string(whole.size()))) << said;
  EXPECT_EQ(Call("windlass-check", {"--fix", path}, "n\n"), 1);
  EXPECT_GT(fs::file_size(path), whole.size());
  EXPECT_EQ(Call("windlass-check", {"--fix", path}, "y\n"), 0) << said;
  EXPECT_EQ(fs::file_size(path), whole.size());
  EXPECT_EQ(Call("windlass-check", {path}), 0);

  const std::string damaged = Put("damaged.aof", Set("a") + "garbage" + Set("b"));
  const auto size = fs::file_size(damaged);
  EXPECT_EQ(Call("windlass-check", {"--fix", "--yes", damaged}), 1);
  EXPECT_TRUE(Said("DAMAGED at offset " + std::to_string(Set("a").size()))) << said;
  EXPECT_EQ(fs::file_size(damaged), size);
}

TEST_F(Program, ATransactionWithoutItsEndIsATornTail) {
  const std::string path = Put("x.aof", Set("a") + "*1\r\n$5\r\nMULTI\r\n" + Set("b"));
  EXPECT_EQ(Call("windlass-check", {"--fix", "--yes", path}), 0) << said;
  EXPECT_EQ(fs::file_size(path), Set("a").size());
}

TEST_F(Program, LooksAtAWholeLogByItsFolder) {
  Put("appendonlydir/a.aof.1.base.rdb", Rdb());
  Put("appendonlydir/a.aof.1.incr.aof", Set("c"));
  const std::string last = Put("appendonlydir/a.aof.2.incr.aof", Set("d") + "*3\r\n$3");
  Put("appendonlydir/a.aof.manifest",
      "file a.aof.1.base.rdb seq 1 type b\nfile a.aof.1.incr.aof seq 1 type i\nfile a.aof.2.incr.aof seq 2 type i\n");
  EXPECT_EQ(Call("windlass-check", {folder.string()}), 1);
  EXPECT_TRUE(Said("a log of 3 files")) << said;
  EXPECT_TRUE(Said("SET  2")) << said;
  EXPECT_EQ(Call("windlass-check", {"--fix", "--yes", "--no-stats", folder.string()}), 0) << said;
  EXPECT_EQ(fs::file_size(last), Set("d").size());

  Put("appendonlydir/a.aof.1.incr.aof", Set("c") + "*3\r\n");
  EXPECT_EQ(Call("windlass-check", {"--fix", "--yes", folder.string()}), 1);
  EXPECT_TRUE(Said("leave a gap")) << said;
}

TEST_F(Program, SpeaksAsRedissToolsDoUnderTheirNames) {
  const std::string rdb = Put("dump.rdb", Rdb());
  EXPECT_EQ(Call("/usr/bin/redis-check-rdb", {rdb}), 0);
  EXPECT_TRUE(Said("\\o/ RDB looks OK! \\o/")) << said;
  EXPECT_TRUE(Said("[info] 3 keys read")) << said;
  EXPECT_EQ(Call("redis-check-rdb", {Put("short.rdb", Rdb().substr(0, 30))}), 1);
  EXPECT_TRUE(Said("--- RDB ERROR DETECTED ---")) << said;
  const std::string aof = Put("old.aof", Set("a") + "*3\r\n");
  EXPECT_EQ(Call("redis-check-aof", {aof}), 1);
  EXPECT_TRUE(Said("AOF old.aof is not valid. Use the --fix option to try fixing it.")) << said;
  EXPECT_EQ(Call("redis-check-aof", {"--fix", aof}, "y\n"), 0);
  EXPECT_TRUE(Said("Successfully truncated AOF old.aof")) << said;
}

}  // namespace
}  // namespace windlass::check
