// Geo: members of a sorted set with places for scores. Searches: geo_search_commands.cc.
#include "node/commands/geo_commands.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "node/commands/container_families.h"
#include "node/commands/zset_commands.h"
#include "node/types/number.h"
#include "node/types/real_number.h"

namespace windlass::commands {

using types::GeoPoint;
using types::Zset;

std::optional<GeoPoint> ParsePoint(Call& call, std::string_view longitude, std::string_view latitude) {
  const auto x = types::ParseDouble(longitude);
  const auto y = types::ParseDouble(latitude);
  if (!x || !y) {
    call.reply.Error(kNotFloat);
    return std::nullopt;
  }
  if (*x < -types::kMostLongitude || *x > types::kMostLongitude || *y < -types::kMostLatitude || *y > types::kMostLatitude) {
    char text[800];  // two of the longest doubles
    std::snprintf(text, sizeof text, "ERR invalid longitude,latitude pair %f,%f", *x, *y);
    call.reply.Error(text);
    return std::nullopt;
  }
  return GeoPoint{*x, *y};
}

std::optional<double> ParseUnit(Call& call, std::string_view unit) {
  if (EqualsNoCase(unit, "m")) return 1;
  if (EqualsNoCase(unit, "km")) return 1000;
  if (EqualsNoCase(unit, "ft")) return 0.3048;
  if (EqualsNoCase(unit, "mi")) return 1609.34;
  call.reply.Error("ERR unsupported unit provided. please use M, KM, FT, MI");
  return std::nullopt;
}

// Any score may be asked for a place: what is none becomes one somewhere.
uint64_t BitsOfScore(double score) {
  if (score >= 18446744073709551616.0) return 0;
  if (score >= 0) return static_cast<uint64_t>(score);
  return score > -9223372036854775808.0 ? static_cast<uint64_t>(static_cast<int64_t>(score)) : uint64_t{1} << 63;
}

std::optional<GeoPoint> PointOf(const Zset& zset, std::string_view member) {
  const auto score = zset.Score(member);
  if (!score) return std::nullopt;
  return types::GeoDecode(BitsOfScore(*score));
}

void ReplyPoint(Call& call, GeoPoint point) {
  call.reply.Array(2);
  for (const double degrees : {point.longitude, point.latitude}) {
    const std::string text = types::FormatLongDouble(degrees);
    if (call.reply.protocol() != 3) {
      call.reply.Bulk(text);
    } else {
      call.reply.Raw("," + text + "\r\n");
    }
  }
}

void ReplyDistance(Call& call, double distance) {
  char text[400];
  // What is rounded is the double of ten thousand times as much: not always as "%.4f" rounds.
  const long long scaled = std::llrint(distance * 10000);
  call.reply.Bulk({text, static_cast<size_t>(std::snprintf(text, sizeof text, "%lld.%04lld", scaled / 10000, scaled % 10000))});
}

namespace {

// Becomes a ZADD, here and in the log.
void GeoAddCommand(Call& call) {
  size_t at = 2;
  bool only_new = false;
  bool only_existing = false;
  for (; at < call.args.size(); ++at) {
    const std::string_view word = call.args[at];
    if (EqualsNoCase(word, "NX")) only_new = true;
    else if (EqualsNoCase(word, "XX")) only_existing = true;
    else if (!EqualsNoCase(word, "CH")) break;
  }
  const auto places = call.args.subspan(at);
  if (places.size() % 3 != 0 || (only_new && only_existing)) return call.reply.Error(kSyntaxError);
  std::vector<std::string> scores;
  for (size_t i = 0; i < places.size(); i += 3) {
    const auto point = ParsePoint(call, places[i], places[i + 1]);
    if (!point) return;
    scores.push_back(std::to_string(types::GeoEncode(*point)));
  }
  std::vector<std::string_view> argv(call.args.begin(), call.args.begin() + static_cast<std::ptrdiff_t>(at));
  argv[0] = "ZADD";
  for (size_t i = 0; i < scores.size(); ++i) {
    argv.push_back(scores[i]);
    argv.push_back(places[3 * i + 2]);
  }
  if (AddElements(call, argv, false)) call.effects.Replace(argv);
}

void GeoPosCommand(Call& call) {
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 2));
  for (const std::string_view member : call.args.subspan(2)) {
    const auto point = found.object == nullptr ? std::nullopt : PointOf(*found.object, member);
    if (point) {
      ReplyPoint(call, *point);
    } else {
      call.reply.NullArray();
    }
  }
}

void GeoHashCommand(Call& call) {
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  call.reply.Array(static_cast<int64_t>(call.args.size() - 2));
  for (const std::string_view member : call.args.subspan(2)) {
    const auto score = found.object == nullptr ? std::nullopt : found.object->Score(member);
    if (score) {
      call.reply.Bulk(types::GeoText(BitsOfScore(*score)));
    } else {
      call.reply.Null();
    }
  }
}

void GeoDistCommand(Call& call) {
  if (call.args.size() > 5) return call.reply.Error(kSyntaxError);
  const auto unit = call.args.size() == 5 ? ParseUnit(call, call.args[4]) : std::optional<double>(1);
  if (!unit) return;
  const auto found = FindToRead<Zset>(call, call.args[1]);
  if (found.refused) return;
  if (found.object == nullptr) return call.reply.Null();
  const auto from = PointOf(*found.object, call.args[2]);
  const auto to = PointOf(*found.object, call.args[3]);
  if (!from || !to) return call.reply.Null();
  ReplyDistance(call, types::GeoDistanceMeters(*from, *to) / *unit);
}

constexpr uint16_t kRead = kKeyRO | kKeyAccess;
constexpr KeySpec kOneRead{1, 1, 1, kRead, nullptr};

// The key that is searched, and what stands behind the first STORE and the first STOREDIST.
bool RadiusKeys(std::span<const std::string_view> args, std::vector<KeyPosition>* out) {
  if (args.size() < 2) return false;
  out->push_back({1, kRead});
  for (const std::string_view word : {"STORE", "STOREDIST"}) {
    for (size_t i = 5; i + 1 < args.size(); ++i) {
      if (!EqualsNoCase(args[i], word)) continue;
      out->push_back({static_cast<int>(i) + 1, kKeyOW | kKeyUpdate});
      break;
    }
  }
  return true;
}

const CommandSpec kRows[] = {
    {"geoadd", -5, kWrite | kDenyOom, {1, 1, 1, kKeyRW | kKeyUpdate, nullptr}, kAclGeo,
     {"Puts members at places given by longitude and latitude.", "3.2.0", "geo", "O(log(N))"}, GeoAddCommand},
    {"geopos", -2, kReadonly, kOneRead, kAclGeo,
     {"Returns the longitude and latitude of members.", "3.2.0", "geo", "O(1)"}, GeoPosCommand},
    {"geohash", -2, kReadonly, kOneRead, kAclGeo,
     {"Returns the geohash text of members.", "3.2.0", "geo", "O(1)"}, GeoHashCommand},
    {"geodist", -4, kReadonly, kOneRead, kAclGeo,
     {"Returns the distance between two members.", "3.2.0", "geo", "O(1)"}, GeoDistCommand},
    {"geosearch", -7, kReadonly, kOneRead, kAclGeo,
     {"Returns the members within a circle or a box.", "6.2.0", "geo", "O(N+log(M))"}, GeoSearchCommand},
    {"geosearchstore", -8, kWrite | kDenyOom, {1, 2, 1, kKeyOW | kKeyUpdate, StoreOfOneKeys}, kAclGeo,
     {"Stores the members within a circle or a box at a key.", "6.2.0", "geo", "O(N+log(M))"}, GeoSearchStoreCommand},
    {"georadius", -6, kWrite | kDenyOom | kMovableKeys, {1, 1, 1, kRead, RadiusKeys}, kAclGeo,
     {"Returns or stores the members within a circle around a place.", "3.2.0", "geo", "O(N+log(M))"}, GeoRadiusCommand},
    {"georadius_ro", -6, kReadonly, kOneRead, kAclGeo,
     {"Returns the members within a circle around a place.", "3.2.10", "geo", "O(N+log(M))"}, GeoRadiusRoCommand},
    {"georadiusbymember", -5, kWrite | kDenyOom | kMovableKeys, {1, 1, 1, kRead, RadiusKeys}, kAclGeo,
     {"Returns or stores the members within a circle around a member.", "3.2.0", "geo", "O(N+log(M))"},
     GeoRadiusByMemberCommand},
    {"georadiusbymember_ro", -5, kReadonly, kOneRead, kAclGeo,
     {"Returns the members within a circle around a member.", "3.2.10", "geo", "O(N+log(M))"}, GeoRadiusByMemberRoCommand},
};

}  // namespace

std::span<const CommandSpec> GeoCommands() { return kRows; }

}  // namespace windlass::commands
