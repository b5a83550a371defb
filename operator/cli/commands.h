// The subcommands. Each is one file; main.cc calls every Register once.
#pragma once

namespace CLI {
class App;
}

namespace windlass::cli {

struct Session;

void RegisterCheck(CLI::App& app, Session& session);  // check, info
void RegisterCreate(CLI::App& app, Session& session);
void RegisterAddNode(CLI::App& app, Session& session);
void RegisterReshard(CLI::App& app, Session& session);
void RegisterRebalance(CLI::App& app, Session& session);
void RegisterDelNode(CLI::App& app, Session& session);
void RegisterFix(CLI::App& app, Session& session);
void RegisterCall(CLI::App& app, Session& session);
void RegisterClient(CLI::App& app, Session& session);  // cli
void RegisterLocal(CLI::App& app, Session& session);   // local up, down, run

// Adds -a, --pass and --user to a subcommand.
void AddCredentialOptions(CLI::App& subcommand, Session& session);

}  // namespace windlass::cli
