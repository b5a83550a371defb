// Geo searches: GEOSEARCH, GEOSEARCHSTORE and the older GEORADIUS forms, which differ in
// their arguments alone.
#include <algorithm>
#include <string>
#include <vector>

#include "node/commands/geo_commands.h"
#include "node/commands/zset_commands.h"
#include "node/types/number.h"
#include "node/types/real_number.h"

namespace windlass::commands {

using types::GeoPoint;
using types::GeoShape;
using types::Zset;

namespace {

enum class Form { kRadius, kRadiusByMember, kSearch };

struct Search {
  Form form;
  bool may_store = true;    // not the _RO forms
  GeoShape shape = {};
  double unit = 1;          // meters
  bool has_member = false;
  bool has_point = false;
  bool has_radius = false;
  bool has_box = false;
  bool with_distance = false;
  bool with_hash = false;
  bool with_point = false;
  bool any = false;
  enum class Sort { kNone, kAscending, kDescending } sort = Sort::kNone;
  int64_t count = 0;        // 0: all
  std::optional<std::string_view> target = {};
  bool store_distance = false;
};

struct Match {
  std::string member;
  double score;
  double distance_m;
  GeoPoint point;
};

// Arguments taken one after the other; each parser says whether it went well, and has
// written the error if not.
class Parser {
 public:
  Parser(Call& call, const Zset* zset, Search* search) : call_(call), zset_(zset), search_(*search) {}

  bool Options(size_t at);
  bool Radius(size_t at);
  bool Center(std::string_view member);

 private:
  bool Refuse(std::string_view error) {
    call_.reply.Error(error);
    return false;
  }
  bool Length(std::string_view text, std::string_view error, double* length);
  bool Box(size_t at);
  bool Unit(size_t at);
  bool Flag(std::string_view word);
  // Moves *at behind what belongs to the word there.
  bool Option(size_t* at);
  bool SearchOption(std::string_view word, size_t left, size_t* at);
  bool Count(std::string_view text);
  bool Compatible();

  Call& call_;
  const Zset* zset_;  // null: there is no such key
  Search& search_;
};

bool Parser::Length(std::string_view text, std::string_view error, double* length) {
  const auto parsed = types::ParseDouble(text);
  if (!parsed) return Refuse(error);
  *length = *parsed;
  return true;
}

bool Parser::Unit(size_t at) {
  const auto unit = ParseUnit(call_, call_.args[at]);
  if (unit) search_.unit = *unit;
  return unit.has_value();
}

bool Parser::Radius(size_t at) {
  double& radius = search_.shape.radius_m;
  if (!Length(call_.args[at], "ERR need numeric radius", &radius)) return false;
  if (radius < 0) return Refuse("ERR radius cannot be negative");
  if (!Unit(at + 1)) return false;
  radius *= search_.unit;
  return true;
}

bool Parser::Box(size_t at) {
  GeoShape& shape = search_.shape;
  if (!Length(call_.args[at], "ERR need numeric width", &shape.width_m)) return false;
  if (!Length(call_.args[at + 1], "ERR need numeric height", &shape.height_m)) return false;
  if (shape.width_m < 0 || shape.height_m < 0) return Refuse("ERR height or width cannot be negative");
  if (!Unit(at + 2)) return false;
  shape.kind = GeoShape::Kind::kBox;
  shape.width_m *= search_.unit;
  shape.height_m *= search_.unit;
  return true;
}

bool Parser::Center(std::string_view member) {
  if (zset_ == nullptr) return true;  // the reply will be empty, whatever the place
  const auto point = PointOf(*zset_, member);
  if (!point) return Refuse("ERR could not decode requested zset member");
  search_.shape.center = *point;
  return true;
}

bool Parser::Count(std::string_view text) {
  const auto count = types::ParseInteger(text);
  if (!count) return Refuse(kNotInteger);
  if (*count <= 0) return Refuse("ERR COUNT must be > 0");
  search_.count = *count;
  return true;
}

// Words that stand alone.
bool Parser::Flag(std::string_view word) {
  if (EqualsNoCase(word, "WITHDIST")) search_.with_distance = true;
  else if (EqualsNoCase(word, "WITHHASH")) search_.with_hash = true;
  else if (EqualsNoCase(word, "WITHCOORD")) search_.with_point = true;
  else if (EqualsNoCase(word, "ANY")) search_.any = true;
  else if (EqualsNoCase(word, "ASC")) search_.sort = Search::Sort::kAscending;
  else if (EqualsNoCase(word, "DESC")) search_.sort = Search::Sort::kDescending;
  else return false;
  return true;
}

bool Parser::SearchOption(std::string_view word, size_t left, size_t* at) {
  const size_t first = *at + 1;
  if (EqualsNoCase(word, "FROMMEMBER") && left >= 1 && !search_.has_point) {
    search_.has_member = true;
    *at += 1;
    return Center(call_.args[first]);
  }
  if (EqualsNoCase(word, "FROMLONLAT") && left >= 2 && !search_.has_member) {
    const auto point = ParsePoint(call_, call_.args[first], call_.args[first + 1]);
    if (point) search_.shape.center = *point;
    search_.has_point = true;
    *at += 2;
    return point.has_value();
  }
  if (EqualsNoCase(word, "BYRADIUS") && left >= 2 && !search_.has_box) {
    search_.has_radius = true;
    *at += 2;
    return Radius(first);
  }
  if (EqualsNoCase(word, "BYBOX") && left >= 3 && !search_.has_radius) {
    search_.has_box = true;
    *at += 3;
    return Box(first);
  }
  if (EqualsNoCase(word, "STOREDIST") && search_.target) {
    search_.store_distance = true;
    return true;
  }
  return Refuse(kSyntaxError);
}

bool Parser::Option(size_t* at) {
  const std::string_view word = call_.args[*at];
  const size_t left = call_.args.size() - *at - 1;
  if (Flag(word)) return true;
  if (EqualsNoCase(word, "COUNT") && left >= 1) return Count(call_.args[++*at]);
  if (search_.form == Form::kSearch) return SearchOption(word, left, at);
  const bool distance = EqualsNoCase(word, "STOREDIST");
  if (!search_.may_store || left < 1 || (!distance && !EqualsNoCase(word, "STORE"))) return Refuse(kSyntaxError);
  search_.target = call_.args[++*at];
  search_.store_distance = distance;
  return true;
}

bool Parser::Compatible() {
  const bool search = search_.form == Form::kSearch;
  if (search_.target && (search_.with_distance || search_.with_hash || search_.with_point)) {
    return Refuse(search ? "ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"
                         : "ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
  }
  const std::string name(call_.args[0]);
  if (search && !search_.has_member && !search_.has_point) {
    return Refuse("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + name);
  }
  if (search && !search_.has_radius && !search_.has_box) {
    return Refuse("ERR exactly one of BYRADIUS and BYBOX can be specified for " + name);
  }
  if (search_.any && search_.count == 0) return Refuse("ERR the ANY argument requires COUNT argument");
  return true;
}

bool Parser::Options(size_t at) {
  for (; at < call_.args.size(); ++at) {
    if (!Option(&at)) return false;
  }
  return Compatible();
}

// In the order in which the cells are searched; `most`: enough, 0: all.
std::vector<Match> MatchesOf(const Zset& zset, const GeoShape& shape, size_t most) {
  std::vector<Match> matches;
  for (const types::GeoRange& range : types::GeoCover(shape)) {
    if (most != 0 && matches.size() >= most) break;
    const size_t first = zset.CountBelow(types::ZsetBound(static_cast<double>(range.begin), {}));
    const size_t end = zset.CountBelow(types::ZsetBound(static_cast<double>(range.end), {}));
    if (end <= first) continue;
    zset.ForRange(first, end - first, false, [&](std::string_view member, double score) {
      if (most != 0 && matches.size() >= most) return;
      const GeoPoint point = types::GeoDecode(BitsOfScore(score));
      double distance = 0;
      if (types::GeoContains(shape, point, &distance)) matches.push_back({std::string(member), score, distance, point});
    });
  }
  return matches;
}

void SortMatches(Search::Sort sort, std::vector<Match>* matches) {
  if (sort == Search::Sort::kNone) return;
  const bool ascending = sort == Search::Sort::kAscending;
  std::stable_sort(matches->begin(), matches->end(), [ascending](const Match& a, const Match& b) {
    return ascending ? a.distance_m < b.distance_m : a.distance_m > b.distance_m;
  });
}

void ReplyMatches(Call& call, const Search& search, const std::vector<Match>& matches) {
  const int extras = search.with_distance + search.with_hash + search.with_point;
  call.reply.Array(static_cast<int64_t>(matches.size()));
  for (const Match& match : matches) {
    if (extras > 0) call.reply.Array(extras + 1);
    call.reply.Bulk(match.member);
    if (search.with_distance) ReplyDistance(call, match.distance_m / search.unit);
    if (search.with_hash) call.reply.Integer(static_cast<int64_t>(match.score));
    if (search.with_point) ReplyPoint(call, match.point);
  }
}

void StoreMatches(Call& call, const Search& search, const std::vector<Match>& matches) {
  auto result = std::make_unique<Zset>();
  result->ToSkiplist();
  for (const Match& match : matches) {
    result->Add(search.store_distance ? match.distance_m / search.unit : match.score, match.member, LimitsOf(call));
  }
  result->FitEncoding(LimitsOf(call));
  StoreResult(call, *search.target, std::move(result), search.form == Form::kSearch ? "geosearchstore" : "georadiusstore");
}

// args[source] is the key.
void Run(Call& call, size_t source, Search search) {
  const auto found = FindToRead<Zset>(call, call.args[source]);
  if (found.refused) return;
  Parser parser(call, found.object, &search);
  size_t options = source + 1;
  if (search.form == Form::kRadius) {
    const auto point = ParsePoint(call, call.args[2], call.args[3]);
    if (!point) return;
    search.shape.center = *point;
    if (!parser.Radius(4)) return;
    options = 6;
  } else if (search.form == Form::kRadiusByMember) {
    if (found.object != nullptr && (!parser.Center(call.args[2]) || !parser.Radius(3))) return;
    options = 5;
  }
  if (!parser.Options(options)) return;
  if (found.object == nullptr) {
    return search.target ? StoreMatches(call, search, {}) : call.reply.Array(0);
  }
  // A count without an order asks for the nearest.
  if (search.count != 0 && search.sort == Search::Sort::kNone && !search.any) search.sort = Search::Sort::kAscending;
  std::vector<Match> matches = MatchesOf(*found.object, search.shape, search.any ? static_cast<size_t>(search.count) : 0);
  SortMatches(search.sort, &matches);
  if (search.count != 0 && matches.size() > static_cast<size_t>(search.count)) {
    matches.erase(matches.begin() + static_cast<std::ptrdiff_t>(search.count), matches.end());
  }
  return search.target ? StoreMatches(call, search, matches) : ReplyMatches(call, search, matches);
}

}  // namespace

void GeoRadiusCommand(Call& call) { Run(call, 1, {.form = Form::kRadius}); }
void GeoRadiusRoCommand(Call& call) { Run(call, 1, {.form = Form::kRadius, .may_store = false}); }
void GeoRadiusByMemberCommand(Call& call) { Run(call, 1, {.form = Form::kRadiusByMember}); }
void GeoRadiusByMemberRoCommand(Call& call) { Run(call, 1, {.form = Form::kRadiusByMember, .may_store = false}); }
void GeoSearchCommand(Call& call) { Run(call, 1, {.form = Form::kSearch}); }
void GeoSearchStoreCommand(Call& call) { Run(call, 2, {.form = Form::kSearch, .target = call.args[1]}); }

}  // namespace windlass::commands
