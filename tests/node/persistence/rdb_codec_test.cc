// The codecs under RDB: CRC-64, LZF, lengths and strings, DUMP payloads, whole
// files fed in pieces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "node/base/random.h"
#include "node/persistence/crc64.h"
#include "node/persistence/dump_payload.h"
#include "node/persistence/lzf.h"
#include "node/persistence/rdb_encoding.h"
#include "node/persistence/rdb_reader.h"
#include "node/persistence/rdb_writer.h"

namespace windlass::persistence {
namespace {

using ::testing::HasSubstr;

TEST(Crc64, GivesTheCheckValueOfTheJonesPolynomial) {
  EXPECT_EQ(Crc64(0, "123456789"), 0xe9c6d914c4b8d9caULL);
  const std::string text = "a text longer than eight bytes, of odd length.";
  EXPECT_EQ(Crc64(Crc64(0, text.substr(0, 13)), text.substr(13)), Crc64(0, text));
}

TEST(Crc64, OfAnyLengthAndPlaceIsThatOfItsBytes) {
  base::Random random(7);
  std::string text;
  while (text.size() < 1200) text += static_cast<char>(random.Below(256));
  for (size_t length = 0; length < 1100; length += 1 + length / 9) {
    for (size_t at = 0; at < 20; at += 3) {
      const std::string_view bytes = std::string_view(text).substr(at, length);
      uint64_t one_by_one = 42;
      for (size_t i = 0; i < length; ++i) one_by_one = Crc64(one_by_one, bytes.substr(i, 1));
      EXPECT_EQ(Crc64(42, bytes), one_by_one) << length << " from " << at;
    }
  }
}

TEST(Lzf, GivesBackWhatItCompressed) {
  base::Random random(7);
  for (int round = 0; round < 400; ++round) {
    std::string input;
    const size_t size = random.Below(20000) + 1;
    const uint64_t alphabet = random.Below(20) + 1;
    while (input.size() < size) {
      if (random.Below(4) == 0 && input.size() > 10) {
        const size_t from = random.Below(input.size());
        input += input.substr(from, random.Below(600));
      } else {
        input.push_back(static_cast<char>('a' + random.Below(alphabet)));
      }
    }
    std::string packed = "kept";
    if (!LzfCompress(input, &packed)) {
      EXPECT_EQ(packed, "kept");
      continue;
    }
    EXPECT_LT(packed.size() - 4, input.size());
    auto plain = LzfDecompress(std::string_view(packed).substr(4), input.size());
    ASSERT_TRUE(plain.ok()) << plain.error();
    EXPECT_EQ(*plain, input);
  }
}

TEST(Lzf, UnpacksWhatComesInPieces) {
  std::string input;
  for (int i = 0; i < 3000; ++i) input += std::to_string(i * 7919) + std::string(static_cast<size_t>(i % 300), 'y');
  std::string packed;
  ASSERT_TRUE(LzfCompress(input, &packed));
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{33}, size_t{5000}}) {
    std::string out(input.size(), '\0');
    LzfUnpacker unpacker(out.data(), out.size());
    for (size_t have = 0; have < packed.size(); have += piece) unpacker.Take(std::string_view(packed).substr(0, have));
    EXPECT_FALSE(unpacker.Fault(packed).empty());
    unpacker.Take(packed);
    EXPECT_EQ(unpacker.Fault(packed), "");
    EXPECT_TRUE(out == input);
  }
}

TEST(Lzf, RefusesDamageWithoutReadingOutside) {
  EXPECT_FALSE(LzfDecompress(std::string("\x05" "ab", 3), 6).ok());
  EXPECT_FALSE(LzfDecompress(std::string("\x20\x00", 2), 3).ok());
  EXPECT_FALSE(LzfDecompress(std::string("\xe0", 1), 3).ok());
  EXPECT_FALSE(LzfDecompress(std::string("\x01" "ab", 3), 1).ok());
  EXPECT_FALSE(LzfDecompress(std::string("\x01" "ab", 3), 5).ok());
}

std::string Encoded(std::string_view value) {
  std::string out;
  AppendString(value, true, &out);
  return out;
}

TEST(RdbString, UsesTheShortestForm) {
  EXPECT_EQ(Encoded("5"), std::string("\xc0\x05", 2));
  EXPECT_EQ(Encoded("-129"), std::string("\xc1\x7f\xff", 3));
  EXPECT_EQ(Encoded("2147483647"), std::string("\xc2\xff\xff\xff\x7f", 5));
  EXPECT_EQ(Encoded("007"), std::string("\x03" "007"));
  EXPECT_EQ(Encoded("2147483648"), std::string("\x0a" "2147483648"));
  EXPECT_EQ(Encoded(std::string(100, 'x'))[0], static_cast<char>(0xc3));
}

TEST(RdbString, RoundTripsAndAsksForMoreWhenCut) {
  for (const std::string& value : {std::string(), std::string("0"), std::string("-32768"), std::string("99999"),
                                   std::string(63, 'a'), std::string(64, 'b'), std::string(70000, 'c'),
                                   std::string("with\0zero", 9)}) {
    const std::string bytes = Encoded(value);
    std::string read;
    EncodingCursor whole(bytes);
    ASSERT_EQ(whole.String(&read), ReadStatus::kDone);
    EXPECT_EQ(read, value);
    for (size_t cut = 0; cut < bytes.size(); cut += 1 + cut / 3) {
      EncodingCursor part(std::string_view(bytes).substr(0, cut));
      ASSERT_EQ(part.String(&read), ReadStatus::kNeedMore);
      EXPECT_GT(part.wanted(), cut);
      EXPECT_LE(part.wanted(), bytes.size());
    }
  }
}

TEST(RdbString, RefusesACompressedStringThatClaimsTooMuch) {
  std::string bytes = "\xc3\x01";
  AppendLength(uint64_t{1} << 39, &bytes);
  std::string value;
  EXPECT_EQ(EncodingCursor(bytes).String(&value), ReadStatus::kBad);
}

TEST(DumpPayload, RoundTripsAndNamesTheFault) {
  const std::string payload = DumpString("hello");
  EXPECT_EQ(ParseDumpPayload(payload).text(), "hello");
  std::string flipped = payload;
  flipped[2] ^= 1;
  EXPECT_EQ(ParseDumpPayload(flipped).fault, PayloadFault::kVersionOrChecksum);
  EXPECT_EQ(ParseDumpPayload("short").fault, PayloadFault::kVersionOrChecksum);
  std::string newer = payload;
  newer[newer.size() - 10] = 99;
  EXPECT_EQ(ParseDumpPayload(newer).fault, PayloadFault::kVersionOrChecksum);
}

TEST(DumpPayload, ReadsWhatRedisSevenWrites) {
  // DUMP of SET k 10 on redis-server 7.0.15.
  const std::string ten("\x00\xc0\x0a\x0a\x00\x6e\x9b\x21\x73\x5c\x1a\x5b\xd1", 13);
  const RestoredValue value = ParseDumpPayload(ten, /*verify_checksum=*/false);
  EXPECT_EQ(value.fault, PayloadFault::kNone);
  EXPECT_EQ(value.text(), "10");
}

class RecordingSink : public RdbSink {
 public:
  base::Result<void> OnAux(std::string_view name, std::string_view value) override {
    events.push_back("aux " + std::string(name));
    return {};
  }
  base::Result<void> OnFunction(std::string_view code) override {
    events.push_back("function " + std::string(code));
    return {};
  }
  base::Result<void> OnEntry(RdbEntry entry) override {
    events.push_back(std::to_string(entry.db) + " " + entry.key + "=" + entry.string + " @" +
                     std::to_string(entry.expire_at_ms));
    return {};
  }
  std::vector<std::string> events;
};

std::string SmallFile(bool checksum = true) {
  RdbWriter writer({true, checksum});
  RdbHeader header;
  header.server_version = "7.2.0";
  header.replication = RdbReplicationPoint{std::string(40, 'a'), 77, 0};
  writer.Begin(header);
  writer.Function("#!lua name=f");
  std::string bytes = writer.Take();
  writer.SelectDb(0);
  writer.ResizeDb(2, 1);
  writer.StringEntry("a", "1", -1);
  writer.StringEntry("b", std::string(300, 'z'), 1700000000123);
  writer.SelectDb(9);
  bytes += writer.Take();
  writer.StringEntry("c", "three", -1);
  writer.End();
  return bytes + writer.Take();
}

TEST(RdbFile, ReadsTheSameHoweverItIsCut) {
  const std::string file = SmallFile();
  for (const size_t step : {size_t{1}, size_t{2}, size_t{7}, size_t{64}, file.size()}) {
    RecordingSink sink;
    RdbReader reader({}, &sink);
    for (size_t at = 0; at < file.size(); at += step) {
      auto fed = reader.Feed(std::string_view(file).substr(at, step));
      ASSERT_TRUE(fed.ok()) << fed.error();
    }
    ASSERT_TRUE(reader.done());
    EXPECT_EQ(reader.bytes_read(), file.size());
    EXPECT_THAT(sink.events, ::testing::ElementsAre(
        "aux redis-ver", "aux redis-bits", "aux ctime", "aux used-mem", "aux repl-stream-db", "aux repl-id",
        "aux repl-offset", "aux aof-base", "function #!lua name=f", "0 a=1 @-1",
        "0 b=" + std::string(300, 'z') + " @1700000000123", "9 c=three @-1"));
  }
}

TEST(RdbFile, LeavesBytesAfterTheEndAlone) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  ASSERT_TRUE(reader.Feed(SmallFile() + "*1\r\n$4\r\nPING\r\n").ok());
  ASSERT_TRUE(reader.done());
  EXPECT_EQ(reader.extra(), "*1\r\n$4\r\nPING\r\n");
}

TEST(RdbFile, NoticesEveryFlippedByte) {
  const std::string file = SmallFile();
  for (size_t at = 0; at < file.size(); ++at) {
    std::string damaged = file;
    damaged[at] ^= 0x10;
    RecordingSink sink;
    RdbReader reader({}, &sink);
    const auto fed = reader.Feed(damaged);
    EXPECT_FALSE(fed.ok() && reader.done()) << "byte " << at;
  }
}

TEST(RdbFile, WithoutChecksumIsAccepted) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  ASSERT_TRUE(reader.Feed(SmallFile(false)).ok());
  EXPECT_TRUE(reader.done());
}

TEST(RdbFile, OfTheFirstVersionHasNoChecksumAndSecondsForExpiry) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  ASSERT_TRUE(reader.Feed(std::string("REDIS0001\xfe\x00\xfd\x10\x00\x00\x00\x00\x01k\x01v\xff", 22)).ok());
  EXPECT_TRUE(reader.done());
  EXPECT_THAT(sink.events, ::testing::ElementsAre("0 k=v @16000"));
}

TEST(RdbFile, NamesTheKeyAndTypeItCannotHold) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  const auto fed = reader.Feed(std::string("REDIS0010\xfe\x00\x07\x05" "bloom\x81", 19));
  ASSERT_FALSE(fed.ok());
  EXPECT_THAT(fed.error(), HasSubstr("'bloom' holds a module value"));
}

TEST(RdbFile, SkipsAModulesAuxiliaryData) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  std::string file = "REDIS0009";
  file += std::string("\xf7\x81\x01\x02\x03\x04\x05\x06\x07\x08\x02\x01\x05\x03hey\x02\x07\x00", 20);
  file += std::string("\xfe\x00\x00\x01k\x01v\xff", 8) + std::string(8, '\0');
  auto fed = reader.Feed(file);
  ASSERT_TRUE(fed.ok()) << fed.error();
  EXPECT_TRUE(reader.done());
  EXPECT_THAT(sink.events, ::testing::ElementsAre("0 k=v @-1"));
}

TEST(RdbFile, RefusesAVersionFromTheFuture) {
  RecordingSink sink;
  RdbReader reader({}, &sink);
  const auto fed = reader.Feed("REDIS0081");
  ASSERT_FALSE(fed.ok());
  EXPECT_THAT(fed.error(), HasSubstr("Can't handle RDB format version 81"));
}

// Redis 7.4 and 8, Valkey 9: what they have in common with us is read.
TEST(RdbFile, ReadsLaterVersionsAsFarAsTheyHoldWhatIsKnown) {
  using namespace std::string_view_literals;
  for (const std::string_view head : {"REDIS0012"sv, "VALKEY080"sv}) {
    RecordingSink sink;
    RdbReader reader({/*verify_checksum=*/false}, &sink);
    // Slot 5 has 2 keys, one of them with an expiry; then the string a.
    const std::string body = std::string(head) + std::string("\xfe\x00\xf4\x05\x02\x01\x00\x01" "a\x01" "1\xff", 13) + std::string(8, '\1');
    const auto fed = reader.Feed(body);
    ASSERT_TRUE(fed.ok()) << fed.error();
    EXPECT_TRUE(reader.done());
  }
  for (const std::string_view type : {"\x16"sv, "\x18"sv, "\x19"sv}) {
    RecordingSink sink;
    RdbReader reader({}, &sink);
    const auto fed = reader.Feed(std::string("REDIS0012\xfe\0", 11) + std::string(type) + "\x01h");
    ASSERT_FALSE(fed.ok());
    EXPECT_THAT(fed.error(), HasSubstr("a hash whose fields expire, is not supported by this server (at byte"));
    EXPECT_THAT(fed.error(), HasSubstr("RDB version 12"));
  }
}

}  // namespace
}  // namespace windlass::persistence
