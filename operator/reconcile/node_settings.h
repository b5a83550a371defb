// What a node was told of its settings, remembered in an annotation of its pod.
//
// A node that is started reads redis.conf from the pod's volume; one that runs is
// told of changes by CONFIG SET. The annotation says which start it speaks of, so
// that a container that was restarted, perhaps from an old copy of the file, is
// told everything anew.
#pragma once

#include <map>
#include <set>
#include <string>

namespace windlass::reconcile {

using SettingMap = std::map<std::string, std::string>;  // directive → value, as CONFIG SET takes it

struct NodeSettings {
  std::string run_id;  // the start of which this is true; empty: nothing was told yet
  SettingMap told;
  std::string passwords;  // which, see MarkOf
  // Directives that this start cannot take over: changed ones that can only be
  // read from the file, and ones that were taken out of the spec.
  std::set<std::string> restart_for;
  std::string refused;  // what the node answered to a value it did not take; empty: nothing refused
  bool operator==(const NodeSettings&) const = default;
};

// A text that cannot be read is as none.
NodeSettings NodeSettingsFromText(const std::string& text);
std::string ToText(const NodeSettings& settings);

}  // namespace windlass::reconcile
