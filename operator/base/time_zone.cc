// The files are of RFC 8536 (TZif): a block with 32-bit times for old readers, one
// with 64-bit times, and a line with the rule for all time after.
#include "operator/base/time_zone.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <map>
#include <mutex>
#include <sstream>

namespace windlass::base {
namespace {

constexpr int64_t kDay = 86400;
constexpr size_t kHeader = 44;
constexpr size_t kLargestFile = 1 << 20;

int64_t BigEndian(std::string_view bytes) {
  uint64_t value = bytes.empty() || static_cast<unsigned char>(bytes[0]) < 0x80 ? 0 : ~uint64_t{0};
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return static_cast<int64_t>(value);
}

struct Counts {
  size_t is_ut, is_standard, leaps, times, types, characters;
  size_t Bytes(size_t time_size) const {
    return times * time_size + times + types * 6 + characters + leaps * (time_size + 4) + is_standard + is_ut;
  }
};

std::optional<Counts> ReadHeader(std::string_view file) {
  if (file.size() < kHeader || file.substr(0, 4) != "TZif") return std::nullopt;
  const auto count = [file](size_t index) { return static_cast<size_t>(BigEndian(file.substr(20 + 4 * index, 4))); };
  Counts counts{count(0), count(1), count(2), count(3), count(4), count(5)};
  for (const size_t one : {counts.is_ut, counts.is_standard, counts.leaps, counts.times, counts.types, counts.characters}) {
    if (one > kLargestFile) return std::nullopt;
  }
  return counts;
}

bool Leap(int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

int DaysIn(int64_t year, int month) {
  static constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return kDays[month - 1] + (month == 2 && Leap(year) ? 1 : 0);
}

// The local time of a change, as if it were UTC.
int64_t LocalTimeOf(const YearlyRule::Change& change, int64_t year) {
  const int64_t january = DaysOf(year, 1, 1);
  if (change.kind == YearlyRule::Change::kDayOfYear) return (january + change.day) * kDay + change.at_s;
  if (change.kind == YearlyRule::Change::kDayWithoutLeap) {
    return (january + change.day - 1 + (Leap(year) && change.day >= 60 ? 1 : 0)) * kDay + change.at_s;
  }
  const int64_t first = DaysOf(year, change.month, 1);
  const auto weekday = static_cast<int>((first + 4) % 7 + 7) % 7;
  int day = 1 + (change.day - weekday + 7) % 7 + 7 * (change.week - 1);
  while (day > DaysIn(year, change.month)) day -= 7;  // week 5 is the last
  return (first + day - 1) * kDay + change.at_s;
}

int64_t OffsetByRule(const YearlyRule& rule, int64_t unix_s) {
  if (!rule.daylight_s) return rule.standard_s;
  const int64_t days = (unix_s + rule.standard_s) / kDay - ((unix_s + rule.standard_s) % kDay < 0 ? 1 : 0);
  const int64_t year = DateOf(days).year;
  const int64_t begin = LocalTimeOf(rule.begin, year) - rule.standard_s;
  const int64_t end = LocalTimeOf(rule.end, year) - *rule.daylight_s;
  // In the south summer goes over the turn of the year.
  const bool daylight = begin < end ? unix_s >= begin && unix_s < end : unix_s >= begin || unix_s < end;
  return daylight ? *rule.daylight_s : rule.standard_s;
}

// Of a rule's text, from the front.
class RuleReader {
 public:
  explicit RuleReader(std::string_view text) : text_(text) {}
  bool AtEnd() const { return text_.empty(); }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool Name() {
    const bool quoted = Take('<');
    size_t length = 0;
    while (length < text_.size() && (quoted ? text_[length] != '>' : std::isalpha(static_cast<unsigned char>(text_[length])) != 0)) ++length;
    text_.remove_prefix(length);
    return length >= 3 && (!quoted || Take('>'));
  }
  std::optional<int> Number() {
    size_t length = 0;
    while (length < text_.size() && length < 4 && std::isdigit(static_cast<unsigned char>(text_[length])) != 0) ++length;
    if (length == 0) return std::nullopt;
    const int value = std::atoi(std::string(text_.substr(0, length)).c_str());
    text_.remove_prefix(length);
    return value;
  }
  // [+-]hh[:mm[:ss]]
  std::optional<int64_t> Time() {
    const bool negative = Take('-');
    if (!negative) Take('+');
    const auto hours = Number();
    if (!hours) return std::nullopt;
    int64_t seconds = int64_t{*hours} * 3600;
    if (Take(':')) seconds += int64_t{Number().value_or(0)} * 60;
    if (Take(':')) seconds += Number().value_or(0);
    return negative ? -seconds : seconds;
  }
  std::optional<YearlyRule::Change> Change() {
    YearlyRule::Change change;
    if (!Take(',')) return std::nullopt;
    if (Take('M')) {
      const auto month = Number();
      const bool dot = Take('.');
      const auto week = Number();
      const bool dots = dot && Take('.');
      const auto day = Number();
      if (!dots || !month || !week || !day || *month < 1 || *month > 12 || *week < 1 || *week > 5 || *day > 6) return std::nullopt;
      change.month = *month;
      change.week = *week;
      change.day = *day;
    } else {
      change.kind = Take('J') ? YearlyRule::Change::kDayWithoutLeap : YearlyRule::Change::kDayOfYear;
      const auto day = Number();
      if (!day || *day > 365) return std::nullopt;
      change.day = *day;
    }
    if (Take('/')) {
      const auto at = Time();
      if (!at) return std::nullopt;
      change.at_s = *at;
    }
    return change;
  }

 private:
  std::string_view text_;
};

// Names are looked up below a folder: nothing may lead out of it.
bool SafeName(const std::string& name) {
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.find("..") != std::string::npos) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '/' || c == '_' || c == '-' || c == '+'; });
}

}  // namespace

int64_t DaysOf(int64_t year, int month, int day) {
  // Years are counted from March, so that the leap day is the last.
  const int64_t y = month <= 2 ? year - 1 : year;
  const int64_t era = (y >= 0 ? y : y - 399) / 400;
  const int64_t of_era = y - era * 400;
  const int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

Date DateOf(int64_t days) {
  Date date;
  date.year = 1970 + days / 366 - (days < 0 ? 1 : 0);
  while (DaysOf(date.year + 1, 1, 1) <= days) ++date.year;
  int64_t left = days - DaysOf(date.year, 1, 1);
  while (left >= DaysIn(date.year, date.month)) left -= DaysIn(date.year, date.month++);
  date.day = static_cast<int>(left) + 1;
  return date;
}

std::optional<YearlyRule> ParseYearlyRule(std::string_view text) {
  RuleReader reader(text);
  YearlyRule rule;
  if (!reader.Name()) return std::nullopt;
  const auto west = reader.Time();
  if (!west) return std::nullopt;
  rule.standard_s = -*west;
  if (reader.AtEnd()) return rule;
  if (!reader.Name()) return std::nullopt;
  rule.daylight_s = rule.standard_s + 3600;
  if (const auto other = reader.Time()) rule.daylight_s = -*other;
  const auto begin = reader.Change();
  const auto end = reader.Change();
  if (!begin || !end || !reader.AtEnd()) return std::nullopt;
  rule.begin = *begin;
  rule.end = *end;
  return rule;
}

std::unique_ptr<TimeZone> TimeZone::Parse(std::string_view file) {
  const auto old = ReadHeader(file);
  if (!old || file[4] < '2' || file.size() < kHeader + old->Bytes(4)) return nullptr;
  file.remove_prefix(kHeader + old->Bytes(4));
  const auto counts = ReadHeader(file);
  if (!counts || counts->types == 0 || file.size() < kHeader + counts->Bytes(8)) return nullptr;
  const std::string_view times = file.substr(kHeader, counts->times * 8);
  const std::string_view kinds = file.substr(kHeader + times.size(), counts->times);
  const std::string_view types = file.substr(kHeader + times.size() + kinds.size(), counts->types * 6);
  auto zone = std::make_unique<TimeZone>();
  const auto offset = [&types](size_t type) { return BigEndian(types.substr(type * 6, 4)); };
  zone->first_offset_s_ = offset(0);
  for (size_t i = 0; i < counts->times; ++i) {
    const auto type = static_cast<unsigned char>(kinds[i]);
    if (type >= counts->types) return nullptr;
    zone->transitions_.push_back({BigEndian(times.substr(i * 8, 8)), offset(type)});
  }
  std::string_view rule = file.substr(kHeader + counts->Bytes(8));
  if (rule.size() < 2 || rule.front() != '\n' || rule.back() != '\n') return nullptr;
  rule = rule.substr(1, rule.size() - 2);
  if (!rule.empty()) {
    zone->after_ = ParseYearlyRule(rule);
    if (!zone->after_) return nullptr;
  }
  return zone;
}

int64_t TimeZone::OffsetAt(int64_t unix_s) const {
  const auto next = std::upper_bound(transitions_.begin(), transitions_.end(), unix_s,
                                     [](int64_t at, const Transition& transition) { return at < transition.at_s; });
  if (next == transitions_.end() && after_) return OffsetByRule(*after_, unix_s);
  return next == transitions_.begin() ? first_offset_s_ : std::prev(next)->offset_s;
}

std::vector<int64_t> TimeZone::WhenLocal(int64_t local_s) const {
  // No zone changes its clocks twice within two days.
  const int64_t before = OffsetAt(local_s - kDay), after = OffsetAt(local_s + kDay);
  std::vector<int64_t> found;
  for (const int64_t offset : {before, after}) {
    const int64_t unix_s = local_s - offset;
    if (OffsetAt(unix_s) == offset && (found.empty() || found.front() != unix_s)) found.push_back(unix_s);
  }
  std::sort(found.begin(), found.end());
  if (!found.empty()) return found;
  // The first second that has the new offset.
  int64_t low = local_s - std::max(before, after), high = local_s - std::min(before, after);
  while (low < high) {
    const int64_t middle = low + (high - low) / 2;
    if (OffsetAt(middle) == after) high = middle; else low = middle + 1;
  }
  return {low};
}

const TimeZone* FindTimeZone(const std::string& name) {
  static std::mutex mutex;
  static std::map<std::string, std::unique_ptr<TimeZone>> zones;  // guarded by mutex
  if (!SafeName(name)) return nullptr;
  const std::lock_guard lock(mutex);
  if (const auto found = zones.find(name); found != zones.end()) return found->second.get();
  const char* folder = std::getenv("TZDIR");
  std::ifstream file(std::string(folder == nullptr ? "/usr/share/zoneinfo" : folder) + "/" + name, std::ios::binary);
  std::stringstream bytes;
  if (file.good()) bytes << file.rdbuf();
  auto zone = TimeZone::Parse(bytes.str());
  // What is not there may be tomorrow, and such names are without number.
  if (zone == nullptr) return nullptr;
  return (zones[name] = std::move(zone)).get();
}

}  // namespace windlass::base
