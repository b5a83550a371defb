// What concerns the process: background, pid file, signals, limits, the lines
// and the banner it starts with.
#pragma once

#include <string>

#include "node/base/log.h"
#include "node/config/config.h"
#include "node/net/event_loop.h"

namespace windlass::server {

// Forks into the background if the configuration says so. Before any thread.
void Daemonize(const config::Config& config);
// Tells systemd, when asked to, that the server is up, or what it does.
void NotifySupervisor(const config::Config& config, const std::string& state);
void WritePidFile(const config::Config& config, base::Logger& log);
void RemovePidFile(const config::Config& config);
// Asks for as many descriptors as maxclients needs; lowers maxclients if refused.
void RaiseFileLimit(config::Config& config, base::Logger& log);

void LogStart(const config::Config& config, base::Logger& log);
void LogBanner(const config::Config& config, base::Logger& log);

// Routes SIGTERM and SIGINT to the loop: TakeSignal then returns the number, once.
// SIGPIPE and SIGHUP are ignored; SIGSEGV and the like write a report to the log.
void InstallSignals(net::EventLoop* loop, base::Logger* log);
int TakeSignal();

}  // namespace windlass::server
