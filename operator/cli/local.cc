// local up, down, run: the local control plane on this machine.
#include <CLI/CLI.hpp>
#include <memory>

#include "operator/cli/commands.h"
#include "operator/cli/session.h"
#include "operator/local/control_plane/control_plane.h"

namespace windlass::cli {

namespace {

void AddOptions(CLI::App& subcommand, local::Options& options) {
  subcommand.add_option("--data-dir", options.data_dir,
                        "Folder of its objects, volumes, logs and kubeconfig (default: ~/.windlass/local)");
  subcommand.add_option("--port", options.port, "Port of the API server on 127.0.0.1 (default: a free one, then the same)");
  subcommand.add_option("--images", options.image_file,
                        "YAML file that maps images to programs (default: images.yaml in the data folder)");
  subcommand.add_option("--stop-grace", options.stop_grace_seconds, "Seconds that pods are given to end (default: 30)");
}

}  // namespace

void RegisterLocal(CLI::App& app, Session& session) {
  auto options = std::make_shared<local::Options>();
  CLI::App* local = app.add_subcommand("local", "A control plane on this machine: for laptops, CI and trying things");
  local->require_subcommand(1);
  local->footer(
      "Speaks the Kubernetes protocol well enough for kubectl, and runs pods as processes,\n"
      "each with a loopback address of its own. Production is Kubernetes.\n"
      "\n"
      "  windlassctl local up && export KUBECONFIG=~/.windlass/local/kubeconfig\n"
      "  windlass-operator --kubeconfig $KUBECONFIG &\n"
      "  kubectl apply -f crds/ -f deploy/examples/cluster.yaml");
  CLI::App* up = local->add_subcommand("up", "Start it in the background; prints how to reach it");
  CLI::App* down = local->add_subcommand("down", "End its pods and it; objects and volumes stay");
  CLI::App* run = local->add_subcommand("run", "Run it in the foreground");
  for (CLI::App* subcommand : {up, down, run}) AddOptions(*subcommand, *options);
  up->callback([options, &session] { session.exit_code = local::Up(*options); });
  down->callback([options, &session] { session.exit_code = local::Down(*options); });
  run->callback([options, &session] { session.exit_code = local::Run(*options); });
}

}  // namespace windlass::cli
