// See node_settings.h.
#include "operator/reconcile/node_settings.h"

#include <nlohmann/json.hpp>

namespace windlass::reconcile {

using Json = nlohmann::json;

NodeSettings NodeSettingsFromText(const std::string& text) {
  NodeSettings settings;
  if (text.empty()) return settings;
  try {
    const Json json = Json::parse(text);
    settings.run_id = json.value("run", "");
    settings.told = json.value("told", SettingMap());
    settings.passwords = json.value("passwords", "");
    settings.restart_for = json.value("restartFor", std::set<std::string>());
    settings.refused = json.value("refused", "");
  } catch (const Json::exception&) {
    return {};  // edited by somebody: the node is told anew
  }
  return settings;
}

std::string ToText(const NodeSettings& settings) {
  Json json = {{"run", settings.run_id}, {"told", settings.told}, {"passwords", settings.passwords}};
  if (!settings.restart_for.empty()) json["restartFor"] = settings.restart_for;
  if (!settings.refused.empty()) json["refused"] = settings.refused;
  return json.dump();
}

}  // namespace windlass::reconcile
