// Names, times and small accessors of Kubernetes objects.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "operator/local/api_server/api_error.h"

namespace windlass::api_server {

std::string NowText(int64_t plus_seconds = 0);  // 2026-01-02T03:04:05Z
// Seconds since the epoch; no value if it is not an RFC 3339 time.
std::optional<int64_t> ParseTime(const std::string& text);
std::string NewUid();
std::string RandomSuffix();  // five characters, as generateName appends

// The string at metadata.<name>, or "".
std::string MetaText(const nlohmann::json& object, const char* name);
// The value at a path of field names; null if absent.
const nlohmann::json& At(const nlohmann::json& object, const std::vector<std::string>& path);
std::string TextAt(const nlohmann::json& object, const std::vector<std::string>& path);
int64_t IntegerAt(const nlohmann::json& object, const std::vector<std::string>& path);

// Finalizers that the server itself sets and takes off.
inline constexpr char kForegroundFinalizer[] = "foregroundDeletion";
inline constexpr char kOrphanFinalizer[] = "orphan";
inline constexpr char kInstancesFinalizer[] = "customresourcecleanup.apiextensions.k8s.io";

bool HasFinalizers(const nlohmann::json& object);
bool HasFinalizer(const nlohmann::json& object, const std::string& name);
void SetFinalizer(nlohmann::json& object, const std::string& name, bool wanted);
bool IsDeleting(const nlohmann::json& object);

// What is wrong with metadata that every kind forbids.
std::vector<Cause> ValidateMetadata(const nlohmann::json& object, bool namespaced);

// Removes fields whose value is null, everywhere.
void DropNulls(nlohmann::json& value);

}  // namespace windlass::api_server
