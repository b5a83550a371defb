// The append-only log without a server: what was appended is found again, whatever
// was cut off or rewritten meanwhile.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "node/persistence/aof.h"
#include "node/persistence/aof_manifest.h"

namespace windlass::persistence {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string Set(const std::string& key, const std::string& value) {
  const std::string_view words[] = {"SET", key, value};
  std::string out;
  resp::EncodeCommand(words, &out);
  return out;
}

// Applies SET and remembers, as the server's dispatcher would.
class SetSink : public resp::CommandSink {
 public:
  explicit SetSink(keyspace::Keyspace* keyspace) : keyspace_(keyspace) {}
  base::Result<void> OnCommand(int db, std::span<const std::string_view> argv) override {
    if (argv.size() != 3 || argv[0] != "SET") return base::Error{"ERR unknown command"};
    keyspace_->db(db).SetString(0, argv[1], argv[2]);
    return {};
  }

 private:
  keyspace::Keyspace* keyspace_;
};

// By this one no fsync takes any time.
class StandingClock final : public base::Clock {
 public:
  int64_t UnixMs() const override { return 1; }
  int64_t MonotonicUs() const override { return 1; }
};

// One server's worth of parts over a folder.
class Server {
 public:
  explicit Server(const std::string& folder, FsyncPolicy fsync = FsyncPolicy::kNever, bool fast_disk = false)
      : keyspace_(SmallKeyspace(), base::Random(1)), engine_(&keyspace_) {
    log_.SetLevel(base::LogLevel::kNothing);
    save_settings_.folder = folder;
    settings_.folder = folder;
    settings_.fsync = fsync;
    settings_.write_ahead = WriteAhead::kYes;
    auto post = [this](std::function<void()> fn) {
      const std::lock_guard<std::mutex> lock(mutex_);
      posted_.push_back(std::move(fn));
    };
    saves_ = std::make_unique<SaveService>(SaveService::Parts{&engine_, &log_, &clock_, &worker_, post, &save_settings_, nullptr, &functions_});
    Aof::Parts parts{&log_, &clock_, &worker_, post, saves_.get(), &settings_};
    if (fast_disk) {
      parts.clock = &standing_clock_;
      parts.commands = [this] { return commands_; };
    }
    aof_ = std::make_unique<Aof>(std::move(parts));
  }
  static keyspace::Keyspace::Options SmallKeyspace() {
    keyspace::Keyspace::Options options;
    options.databases = 4;
    options.arena_bytes = size_t{256} << 20;
    return options;
  }
  base::Result<Aof::Found> Load() {
    SetSink sink(&keyspace_);
    KeyspaceLoader loader(&keyspace_, &log_, &functions_, {});
    return aof_->Load(&loader, &sink, nullptr);
  }
  void Write(const std::string& key, const std::string& value, int db = 0) {
    keyspace_.db(db).SetString(0, key, value);
    aof_->Append(db, Set(key, value));
    ++commands_;
  }
  void Read(int count) { commands_ += count; }
  void Turn() {
    worker_.Drain();
    std::vector<std::function<void()>> posted;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      posted.swap(posted_);
    }
    for (auto& fn : posted) fn();
    aof_->EndOfTurn();
  }
  std::map<std::string, std::string> Contents() {
    std::map<std::string, std::string> all;
    for (int i = 0; i < 4; ++i) {
      keyspace_.db(i).ForEach([&](slot::SlotId, keyspace::Entry& entry) {
        char digits[20];
        all[std::to_string(i) + "/" + std::string(entry.key())] = entry.Text(digits);
      });
    }
    return all;
  }
  Aof& aof() { return *aof_; }
  SaveService& saves() { return *saves_; }
  AofSettings settings_;

 private:
  base::Logger log_;
  base::SystemClock clock_;
  StandingClock standing_clock_;
  int64_t commands_ = 0;
  keyspace::Keyspace keyspace_;
  snapshot::Engine engine_;
  SaveSettings save_settings_;
  std::vector<std::string> functions_;
  std::mutex mutex_;
  std::vector<std::function<void()>> posted_;
  base::WorkerThread worker_;
  std::unique_ptr<SaveService> saves_;
  std::unique_ptr<Aof> aof_;
};

class AofTest : public ::testing::Test {
 protected:
  AofTest() {
    char name[] = "/tmp/windlass-aof-XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~AofTest() override { fs::remove_all(folder_); }
  std::string Path(const std::string& name) const { return folder_ + "/appendonlydir/" + name; }
  std::string Read(const std::string& name) const {
    std::ifstream in(Path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void AppendRaw(const std::string& name, const std::string& bytes) const {
    std::ofstream(Path(name), std::ios::binary | std::ios::app) << bytes;
  }
  std::string folder_;
};

constexpr char kFirstIncrement[] = "appendonly.aof.1.incr.aof";

TEST(AofManifest, ReadsWhatItWrites) {
  const std::string text = "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.1.base.rdb seq 1 type h\n"
                           "file appendonly.aof.4.incr.aof seq 4 type i\nfile appendonly.aof.5.incr.aof seq 5 type i\n";
  auto manifest = AofManifest::Parse("# a comment\n" + text);
  ASSERT_TRUE(manifest.ok()) << manifest.error();
  EXPECT_EQ(manifest->Text(), text);
  EXPECT_EQ(manifest->NextBase(), 3);
  EXPECT_EQ(manifest->NextIncrement(), 6);
}

TEST(AofManifest, RefusesNonsense) {
  for (const char* text : {"file a seq 1", "seq 1 type i", "file ../a seq 1 type i", "file a seq x type i", "file a seq 0 type i",
                           "file a seq 2 type i\nfile b seq 1 type i", "file a seq 1 type b\nfile b seq 2 type b", "file a seq 1 type z"}) {
    EXPECT_FALSE(AofManifest::Parse(text).ok()) << text;
  }
}

TEST_F(AofTest, FindsEverythingAgain) {
  std::map<std::string, std::string> expected;
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
    for (int i = 0; i < 1000; ++i) {
      server.Write("key" + std::to_string(i % 300), std::to_string(i), i % 4);
      if (i % 10 == 0) server.Turn();
    }
    server.Turn();
    expected = server.Contents();
  }
  Server server(folder_);
  auto loaded = server.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_EQ(*loaded, Aof::Found::kLoaded);
  EXPECT_EQ(server.Contents(), expected);
}

TEST_F(AofTest, WithAlwaysSyncedTellsWhatIsOnDisk) {
  Server server(folder_, FsyncPolicy::kAlways);
  ASSERT_TRUE(server.Load().ok());
  ASSERT_TRUE(server.aof().OpenAtStart().ok());
  server.Write("a", "1");
  const int64_t first = server.aof().appended();
  EXPECT_LT(server.aof().synced(), first);
  server.aof().EndOfTurn();
  server.Write("b", "2");  // gathers while the first batch is with the helper
  EXPECT_LT(server.aof().synced(), first);
  server.Turn();
  EXPECT_EQ(server.aof().synced(), first);
  EXPECT_THAT(Read(kFirstIncrement), HasSubstr(Set("a", "1")));
  server.Turn();
  EXPECT_EQ(server.aof().synced(), server.aof().appended());
  EXPECT_THAT(Read(kFirstIncrement), HasSubstr(Set("b", "2")));
}

TEST_F(AofTest, OnAFastDiskTheLoopCommitsWhereMostWait) {
  Server server(folder_, FsyncPolicy::kAlways, /*fast_disk=*/true);
  ASSERT_TRUE(server.Load().ok());
  ASSERT_TRUE(server.aof().OpenAtStart().ok());
  for (int i = 0; i < 100; ++i) {
    server.Write("key" + std::to_string(i), "value");
    server.Turn();
  }
  server.Turn();
  server.Write("alone", "value");
  server.Turn();  // whose end no job of the helper has had time to be told of
  EXPECT_EQ(server.aof().synced(), server.aof().appended());
  EXPECT_THAT(Read(kFirstIncrement), HasSubstr("alone"));
  server.Write("among readers", "value");
  server.Read(10);
  server.Turn();
  EXPECT_LT(server.aof().synced(), server.aof().appended());
  server.Turn();
  EXPECT_EQ(server.aof().synced(), server.aof().appended());
}

// The log of `always` while its server lives: a copy of its folder, as it is on disk.
class WrittenAheadTest : public AofTest {
 protected:
  ~WrittenAheadTest() override { fs::remove_all(Copy()); }
  std::string Copy() const { return folder_ + "-copy"; }
  std::string CopiedFile() const { return Copy() + "/appendonlydir/" + kFirstIncrement; }
  void CopyNow() const {
    fs::remove_all(Copy());
    fs::copy(folder_, Copy(), fs::copy_options::recursive);
  }
  void PutInCopy(const std::string& bytes) const { std::ofstream(CopiedFile(), std::ios::binary | std::ios::trunc) << bytes; }
  static void Begin(Server& server) {
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
  }
  // Everything appended is on disk.
  static void Commit(Server& server) {
    for (int i = 0; i < 10 && server.aof().synced() < server.aof().appended(); ++i) server.Turn();
    ASSERT_EQ(server.aof().synced(), server.aof().appended());
  }
};

TEST_F(WrittenAheadTest, IsReadAgainWhereverBatchesEnd) {
  {
    Server server(folder_, FsyncPolicy::kAlways);
    Begin(server);
    for (size_t i = 0; i < 300; ++i) {
      server.Write("key" + std::to_string(i), std::string(i % 130, 'v'));
      if (i % 50 == 7) server.Write("large", std::string(100'000, 'x'));
      Commit(server);
      CopyNow();
      Server again(Copy(), FsyncPolicy::kAlways);
      auto loaded = again.Load();
      ASSERT_TRUE(loaded.ok()) << i << loaded.error();
      ASSERT_EQ(again.Contents(), server.Contents()) << i;
    }
    EXPECT_THAT(Read(kFirstIncrement), HasSubstr("~~~\n"));
  }
  EXPECT_THAT(Read(kFirstIncrement), ::testing::Not(HasSubstr("~~")));  // it ended in order
}

TEST_F(WrittenAheadTest, ABatchOfWhichOnlySomeSectorsWereWrittenIsAsIfItHadNeverBeen) {
  constexpr size_t kSector = 512;
  Server server(folder_, FsyncPolicy::kAlways);
  Begin(server);
  base::Random random(7);
  for (size_t round = 0; round < 40; ++round) {
    server.Write("key" + std::to_string(round), std::string(round * 37 % 700, 'a'));
    Commit(server);
    const std::string before = Read(kFirstIncrement);
    const auto kept = server.Contents();
    for (int i = 0; i < 3; ++i) server.Write("torn" + std::to_string(i), std::string(round * 61 % 1500, 'b'));
    Commit(server);
    const std::string after = Read(kFirstIncrement);
    if (after.size() != before.size()) continue;  // filler was added between
    CopyNow();
    for (int draw = 0; draw < 20; ++draw) {
      std::string mixed = after;
      for (size_t at = 0; at < mixed.size(); at += kSector) {
        if (random.Below(2) == 0) mixed.replace(at, kSector, before, at, kSector);
      }
      PutInCopy(mixed);
      Server again(Copy(), FsyncPolicy::kAlways);
      auto loaded = again.Load();
      ASSERT_TRUE(loaded.ok()) << loaded.error();
      const auto found = again.Contents();
      EXPECT_TRUE(found == kept || found == server.Contents()) << "round " << round;
      ASSERT_TRUE(again.aof().OpenAtStart().ok());
      again.Write("next", "1");
      Commit(again);
    }
  }
}

TEST_F(WrittenAheadTest, DamageThatNoPowerCutDoesIsRefused) {
  Server server(folder_, FsyncPolicy::kAlways);
  Begin(server);
  std::vector<size_t> begins;
  for (int i = 0; i < 5; ++i) {
    server.Write("key" + std::to_string(i), "value");
    Commit(server);
    begins.push_back(Read(kFirstIncrement).find("key" + std::to_string(i)));
  }
  CopyNow();
  const std::string whole = Read(kFirstIncrement);
  for (size_t at = whole.find("#BATCH", 1); at < begins[3]; ++at) {
    std::string damaged = whole;
    damaged[at] ^= 4;
    PutInCopy(damaged);
    Server again(Copy(), FsyncPolicy::kAlways);
    EXPECT_FALSE(again.Load().ok()) << at;
  }
}

TEST_F(WrittenAheadTest, AnotherPolicyGoesOnInTheSameFile) {
  std::map<std::string, std::string> expected;
  {
    Server server(folder_, FsyncPolicy::kAlways);
    Begin(server);
    for (int i = 0; i < 6; ++i) {
      server.settings_.fsync = i % 2 == 0 ? FsyncPolicy::kAlways : FsyncPolicy::kEverySecond;
      server.Write("key" + std::to_string(i), "value");
      server.Turn();
      server.Turn();
    }
    EXPECT_THAT(Read(kFirstIncrement), ::testing::Not(HasSubstr("~~")));
    expected = server.Contents();
    CopyNow();
  }
  Server again(Copy());
  ASSERT_TRUE(again.Load().ok());
  EXPECT_EQ(again.Contents(), expected);
}

TEST_F(AofTest, CutsATornTailAndAnOpenTransaction) {
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
    server.Write("a", "1");
    server.Turn();
  }
  const std::string whole = Read(kFirstIncrement);
  for (const std::string& tail : {std::string("*3\r\n$3\r\nSET\r\n$1\r\nb"), "*1\r\n$5\r\nMULTI\r\n" + Set("c", "1"), std::string("*")}) {
    AppendRaw(kFirstIncrement, tail);
    Server server(folder_);
    auto loaded = server.Load();
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    EXPECT_EQ(server.Contents(), (std::map<std::string, std::string>{{"0/a", "1"}}));
    EXPECT_EQ(Read(kFirstIncrement), whole);
  }
}

TEST_F(AofTest, RefusesATornTailWhenTold) {
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
  }
  AppendRaw(kFirstIncrement, "*3\r\n$3\r\nSET\r\n");
  Server server(folder_);
  server.settings_.load_truncated = false;
  auto loaded = server.Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error(), HasSubstr("Unexpected end of file reading the append only file"));
}

TEST_F(AofTest, RefusesDamageInTheMiddle) {
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
  }
  AppendRaw(kFirstIncrement, "*3\r\n$3\r\nSET\r\nx1\r\nb\r\n$1\r\nc\r\n");
  Server server(folder_);
  auto loaded = server.Load();
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(loaded.error(), HasSubstr("Bad file format reading the append only file"));
}

TEST_F(AofTest, ARewriteKeepsWhatWasAndWhatCameMeanwhile) {
  std::map<std::string, std::string> expected;
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
    for (int i = 0; i < 5000; ++i) server.Write("key" + std::to_string(i), "old");
    server.Turn();
    ASSERT_TRUE(server.aof().StartRewrite().ok());
    EXPECT_FALSE(server.aof().StartRewrite().ok());
    for (int i = 0; server.aof().rewriting() && i < 100000; ++i) {
      server.Write("key" + std::to_string(i * 37 % 6000), "new" + std::to_string(i));
      server.aof().Step(0);
      if (i % 50 == 0) server.Turn();
    }
    EXPECT_FALSE(server.aof().rewriting());
    server.Write("last", "1");
    server.Turn();
    server.Turn();
    expected = server.Contents();
  }
  EXPECT_EQ(Read("appendonly.aof.manifest"),
            "file appendonly.aof.2.base.rdb seq 2 type b\nfile appendonly.aof.2.incr.aof seq 2 type i\n");
  EXPECT_FALSE(fs::exists(Path(kFirstIncrement)));
  Server server(folder_);
  ASSERT_TRUE(server.Load().ok());
  EXPECT_EQ(server.Contents(), expected);
}

TEST_F(AofTest, ACrashDuringARewriteLosesNothing) {
  std::map<std::string, std::string> expected;
  const std::string copy = folder_ + "-crashed";
  {
    Server server(folder_);
    ASSERT_TRUE(server.Load().ok());
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
    for (int i = 0; i < 3000; ++i) server.Write("key" + std::to_string(i), "old");
    server.Turn();
    ASSERT_TRUE(server.aof().StartRewrite().ok());
    server.aof().Step(0);
    server.Write("key1", "during");
    server.Turn();
    expected = server.Contents();
    fs::copy(folder_, copy, fs::copy_options::recursive);  // what a crash would leave
  }
  Server server(copy);
  auto loaded = server.Load();
  ASSERT_TRUE(loaded.ok()) << loaded.error();
  EXPECT_EQ(server.Contents(), expected);
  fs::remove_all(copy);
}

TEST_F(AofTest, SwitchedOnLaterHoldsWhatWasThereBefore) {
  std::map<std::string, std::string> expected;
  {
    Server server(folder_);
    for (int i = 0; i < 100; ++i) server.Write("before" + std::to_string(i), "1");
    ASSERT_TRUE(server.aof().Enable().ok());
    server.Write("after", "1");
    for (int i = 0; server.aof().rewriting() && i < 1000; ++i) {
      server.aof().Step(1000);
      server.Turn();
    }
    server.Turn();
    expected = server.Contents();
    ASSERT_EQ(expected.size(), 101u);
  }
  Server server(folder_);
  ASSERT_TRUE(server.Load().ok());
  EXPECT_EQ(server.Contents(), expected);
}

TEST_F(AofTest, AdoptsTheSingleFileOfOlderServers) {
  std::ofstream(folder_ + "/appendonly.aof", std::ios::binary) << "*2\r\n$6\r\nSELECT\r\n$1\r\n2\r\n" << Set("a", "1");
  {
    Server server(folder_);
    auto loaded = server.Load();
    ASSERT_TRUE(loaded.ok()) << loaded.error();
    ASSERT_TRUE(server.aof().OpenAtStart().ok());
    EXPECT_EQ(server.Contents(), (std::map<std::string, std::string>{{"2/a", "1"}}));
    EXPECT_FALSE(fs::exists(folder_ + "/appendonly.aof"));
  }
  Server server(folder_);
  ASSERT_TRUE(server.Load().ok());
  EXPECT_EQ(server.Contents().size(), 1u);
}

TEST_F(AofTest, ABackgroundSaveIsOfTheInstantItBegan) {
  Server server(folder_);
  for (int i = 0; i < 3000; ++i) server.Write("key" + std::to_string(i), "old");
  const auto expected = server.Contents();
  bool done = false;
  ASSERT_TRUE(server.saves().StartBackground([&done](bool ok) { done = ok; }).ok());
  for (int i = 0; server.saves().active(); ++i) {
    server.Write("key" + std::to_string(i % 3000), "new");
    server.saves().Step(0);
  }
  for (int i = 0; i < 100 && !done; ++i) server.Turn();
  ASSERT_TRUE(done);
  EXPECT_GT(server.saves().report().changes_since_save, 0u);
  Server reader(folder_);
  fs::create_directories(folder_ + "/appendonlydir");
  fs::copy_file(folder_ + "/dump.rdb", Path("base.rdb"));
  std::ofstream(Path("appendonly.aof.manifest")) << "file base.rdb seq 1 type b\n";
  ASSERT_TRUE(reader.Load().ok());
  EXPECT_EQ(reader.Contents(), expected);
}

}  // namespace
}  // namespace windlass::persistence
