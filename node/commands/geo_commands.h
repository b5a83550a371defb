// What the files of the geo family share.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "node/commands/command.h"
#include "node/types/geohash.h"
#include "node/types/zset.h"

namespace windlass::commands {

// Two arguments. Nothing: the error reply was written.
std::optional<types::GeoPoint> ParsePoint(Call& call, std::string_view longitude, std::string_view latitude);
// Meters in a unit. Nothing: the error reply was written.
std::optional<double> ParseUnit(Call& call, std::string_view unit);
// Where a member is. Nothing: it is not there.
std::optional<types::GeoPoint> PointOf(const types::Zset& zset, std::string_view member);
uint64_t BitsOfScore(double score);
void ReplyPoint(Call& call, types::GeoPoint point);
void ReplyDistance(Call& call, double distance);

// geo_search_commands.cc
void GeoRadiusCommand(Call& call);
void GeoRadiusRoCommand(Call& call);
void GeoRadiusByMemberCommand(Call& call);
void GeoRadiusByMemberRoCommand(Call& call);
void GeoSearchCommand(Call& call);
void GeoSearchStoreCommand(Call& call);

}  // namespace windlass::commands
