// CLIENT TRACKING, CACHING, TRACKINGINFO, GETREDIR.
#include <string>

#include "node/client/registry.h"
#include "node/client/tracking_state.h"
#include "node/commands/client_commands.h"
#include "node/commands/ports.h"

namespace windlass::commands {

using client::TrackingState;

namespace {

bool StartsWith(std::string_view text, std::string_view start) { return text.substr(0, start.size()) == start; }

// False: the reply was written.
bool ParseOptions(Call& call, TrackingState* wanted) {
  for (size_t i = 3; i < call.args.size(); ++i) {
    const std::string_view word = call.args[i];
    const bool more = i + 1 < call.args.size();
    if (EqualsNoCase(word, "redirect") && more) {
      int64_t id;
      if (wanted->redirect != 0) {
        call.reply.Error("ERR A client can only redirect to a single other client");
        return false;
      }
      if (!ParseInt64(call.args[++i], &id)) {
        call.reply.Error(kNotInteger);
        return false;
      }
      // It may go later, but it must not be a mistake from the start.
      if (call.node.sessions->Clients().Find(static_cast<uint64_t>(id)) == nullptr) {
        call.reply.Error("ERR The client ID you want redirect to does not exist");
        return false;
      }
      wanted->redirect = static_cast<uint64_t>(id);
    } else if (EqualsNoCase(word, "bcast")) {
      wanted->broadcast = true;
    } else if (EqualsNoCase(word, "optin")) {
      wanted->opt_in = true;
    } else if (EqualsNoCase(word, "optout")) {
      wanted->opt_out = true;
    } else if (EqualsNoCase(word, "noloop")) {
      wanted->no_loop = true;
    } else if (EqualsNoCase(word, "prefix") && more) {
      wanted->prefixes.emplace_back(call.args[++i]);
    } else {
      call.reply.Error(kSyntaxError);
      return false;
    }
  }
  return true;
}

// Empty: the prefixes are apart from each other and from those the client has.
std::string Overlap(const TrackingState* known, const TrackingState& wanted) {
  const auto overlap = [](const std::string& a, const std::string& b) { return StartsWith(a, b) || StartsWith(b, a); };
  for (size_t i = 0; i < wanted.prefixes.size(); ++i) {
    const std::string& prefix = wanted.prefixes[i];
    const std::string head = "ERR Prefix '" + prefix + "' overlaps with ";
    const std::string tail = "'. Prefixes for a single client must not overlap.";
    if (known != nullptr) {
      for (const std::string& other : known->prefixes) {
        if (overlap(prefix, other)) return head + "an existing prefix '" + other + tail;
      }
    }
    for (size_t j = i + 1; j < wanted.prefixes.size(); ++j) {
      if (overlap(prefix, wanted.prefixes[j])) return head + "another provided prefix '" + wanted.prefixes[j] + tail;
    }
  }
  return "";
}

std::string WhyNot(const TrackingState* known, const TrackingState& wanted) {
  if (!wanted.broadcast && !wanted.prefixes.empty()) return "ERR PREFIX option requires BCAST mode to be enabled";
  if (known != nullptr && known->broadcast != wanted.broadcast) {
    return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with "
           "a different mode.";
  }
  if (wanted.broadcast && (wanted.opt_in || wanted.opt_out)) return "ERR OPTIN and OPTOUT are not compatible with BCAST";
  if (wanted.opt_in && wanted.opt_out) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if (known != nullptr && ((wanted.opt_in && known->opt_out) || (wanted.opt_out && known->opt_in))) {
    return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with "
           "a different mode.";
  }
  return wanted.broadcast ? Overlap(known, wanted) : "";
}

}  // namespace

void ClientTracking(Call& call) {
  TrackingState wanted;
  if (!ParseOptions(call, &wanted)) return;
  if (EqualsNoCase(call.args[2], "off")) {
    call.node.tracking->End(call.client);
    return call.reply.Ok();
  }
  if (!EqualsNoCase(call.args[2], "on")) return call.reply.Error(kSyntaxError);
  const std::string error = WhyNot(call.client.tracking.get(), wanted);
  if (!error.empty()) return call.reply.Error(error);
  call.node.tracking->Begin(call.client, wanted);
  call.reply.Ok();
}

void ClientCaching(Call& call) {
  TrackingState* state = call.client.tracking.get();
  if (state == nullptr) {
    return call.reply.Error(
        "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
  }
  if (EqualsNoCase(call.args[2], "yes")) {
    if (!state->opt_in) return call.reply.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
  } else if (EqualsNoCase(call.args[2], "no")) {
    if (!state->opt_out) return call.reply.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
  } else {
    return call.reply.Error(kSyntaxError);
  }
  state->caching = true;
  call.reply.Ok();
}

void ClientGetRedir(Call& call) {
  const TrackingState* state = call.client.tracking.get();
  call.reply.Integer(state == nullptr ? -1 : static_cast<int64_t>(state->redirect));
}

void ClientTrackingInfo(Call& call) {
  const TrackingState* state = call.client.tracking.get();
  std::vector<std::string_view> flags;
  if (state == nullptr) {
    flags.push_back("off");
  } else {
    flags.push_back("on");
    if (state->broadcast) flags.push_back("bcast");
    if (state->opt_in) flags.push_back("optin");
    if (state->opt_in && state->caching) flags.push_back("caching-yes");
    if (state->opt_out) flags.push_back("optout");
    if (state->opt_out && state->caching) flags.push_back("caching-no");
    if (state->no_loop) flags.push_back("noloop");
    if (state->broken) flags.push_back("broken_redirect");
  }
  call.reply.Map(3);
  call.reply.Bulk("flags");
  call.reply.Set(static_cast<int64_t>(flags.size()));
  for (const std::string_view flag : flags) call.reply.Bulk(flag);
  call.reply.Bulk("redirect");
  call.reply.Integer(state == nullptr ? -1 : static_cast<int64_t>(state->redirect));
  call.reply.Bulk("prefixes");
  const size_t count = state == nullptr ? 0 : state->prefixes.size();
  call.reply.Array(static_cast<int64_t>(count));
  for (size_t i = 0; i < count; ++i) call.reply.Bulk(state->prefixes[i]);
}

}  // namespace windlass::commands
