// kubectl-windlass: the command line of the plugin.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>

#include "operator/base/failure.h"
#include "operator/base/version.h"
#include "operator/kube/rest_transport.h"
#include "operator/plugin/actions.h"
#include "operator/plugin/doctor.h"
#include "operator/plugin/drawing.h"
#include "operator/plugin/gather.h"
#include "operator/plugin/views.h"

namespace windlass::plugin {
namespace {

struct Options {
  std::string kubeconfig;
  std::string name_space;
  std::string name;
  std::string metrics_url;
  bool off = false;
};

// A client, with the namespace that is meant.
struct Server {
  explicit Server(const Options& options)
      : access(kube::FindAccess(options.kubeconfig)), transport(access), client(transport),
        target{options.name_space.empty() ? access.name_space : options.name_space, options.name} {}
  kube::Access access;
  kube::RestTransport transport;
  kube::Client client;
  Target target;
};

int Show(const std::string& verb, const Options& options) {
  Server server(options);
  if (verb == "plan" || verb == "slots") {
    const Json cluster = ClusterOf(server.client, server.target);
    std::cout << (verb == "plan" ? PlanText(cluster) : SlotsText(cluster));
    return EXIT_SUCCESS;
  }
  const Seen seen = Gather(server.client, server.transport, server.target, options.metrics_url);
  if (verb == "status") {
    std::cout << StatusText(seen);
    return EXIT_SUCCESS;
  }
  const Diagnosis diagnosis = Diagnose(seen);
  std::cout << diagnosis.text;
  return diagnosis.well ? EXIT_SUCCESS : EXIT_FAILURE;
}

int Ask(const std::string& verb, const Options& options) {
  Server server(options);
  if (verb == "pause") std::cout << Pause(server.client, server.target, !options.off) << "\n";
  if (verb == "rebalance") std::cout << Rebalance(server.client, server.target) << "\n";
  if (verb == "failover") std::cout << FailOver(server.client, server.target) << "\n";
  return EXIT_SUCCESS;
}

// Its verbs work here too, under its own names; returns only if it is not there. Two of
// them we have as well: with a node's address they are windlassctl's.
void HandOver(int argc, char** argv) {
  static const std::set<std::string> kOurs = {"status", "plan", "slots", "doctor", "pause", "failover", "rebalance"};
  if (argc < 2 || argv[1][0] == '-') return;
  const bool address = argc > 2 && std::string(argv[2]).find(':') != std::string::npos;
  if (kOurs.count(argv[1]) != 0 && !address) return;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::filesystem::path other = self.parent_path() / "windlassctl";
  std::error_code error;
  // Under that name too we would only call ourselves.
  if (!std::filesystem::equivalent(self, other, error) && !error) execv(other.c_str(), argv);
}

int Run(int argc, char** argv) {
  CLI::App app("Looks at RedisClusters, and asks things of their operator.", "kubectl-windlass");
  app.set_version_flag("--version", std::string("kubectl-windlass ") + base::kVersion);
  app.require_subcommand(1);
  app.footer("Other verbs are windlassctl's, by the address of a node: kubectl windlass check 10.0.0.1:6379");
  Options options;
  int status = EXIT_SUCCESS;
  const auto add = [&](const char* verb, const char* argument, const char* help, int (*run)(const std::string&, const Options&)) {
    CLI::App* sub = app.add_subcommand(verb, help);
    sub->add_option(argument, options.name)->required();
    sub->add_option("-n,--namespace", options.name_space, "Else that of the kubeconfig's context");
    sub->add_option("--kubeconfig", options.kubeconfig, "Else $KUBECONFIG, else ~/.kube/config");
    sub->callback([&options, &status, verb, run] { status = run(verb, options); });
    return sub;
  };
  const auto look = [&](const char* verb, const char* help) {
    add(verb, "cluster", help, Show)->add_option("--metrics", options.metrics_url, "Where the operator's figures are, as http://127.0.0.1:8080; else asked for through the API server");
  };
  look("status", "Draws the cluster: slots, memory, load, and its nodes by zone");
  add("plan", "cluster", "What is being done, and how far it is", Show);
  add("slots", "cluster", "Who owns how many slots", Show);
  look("doctor", "What is wrong and what to type; 1 if something is");
  add("pause", "cluster", "Have the operator change nothing", Ask)->add_flag("--off", options.off, "Have it go on");
  add("failover", "pod", "Have this replica take over from its master", Ask);
  add("rebalance", "cluster", "Have slots evened out, once", Ask);
  try {
    app.parse(argc, argv);
    return status;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? EXIT_SUCCESS : 2;
  } catch (const std::exception& error) {
    std::cerr << "[ERR] " << error.what() << "\n";
    return EXIT_FAILURE;
  }
}

}  // namespace
}  // namespace windlass::plugin

int main(int argc, char** argv) {
  windlass::plugin::HandOver(argc, argv);
  windlass::kube::StartHttpThreads(1);
  return windlass::plugin::Run(argc, argv);
}
