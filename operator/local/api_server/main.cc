// windlass-apiserver: the local API server alone, for tests and for looking at.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "operator/local/api_server/server.h"

namespace {

int Usage() {
  std::fprintf(stderr,
               "usage: windlass-apiserver --data-dir DIR [--address A] [--port N] [--token T]\n"
               "                          [--history N] [--kubeconfig FILE]\n");
  return 2;
}

bool WriteFile(const std::string& path, const std::string& text) {
  FILE* file = std::fopen(path.c_str(), "w");
  if (file == nullptr) return false;
  bool good = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && good;
}

}  // namespace

int main(int argc, char** argv) {
  windlass::api_server::Options options;
  std::string kubeconfig;
  for (int i = 1; i < argc; i += 2) {
    std::string flag = argv[i];
    if (i + 1 == argc) return Usage();
    std::string value = argv[i + 1];
    if (flag == "--data-dir") {
      options.data_dir = value;
    } else if (flag == "--address") {
      options.address = value;
    } else if (flag == "--port") {
      options.port = static_cast<uint16_t>(std::strtoul(value.c_str(), nullptr, 10));
    } else if (flag == "--token") {
      options.token = value;
    } else if (flag == "--history") {
      options.history_limit = std::strtoul(value.c_str(), nullptr, 10);
    } else if (flag == "--kubeconfig") {
      kubeconfig = value;
    } else {
      return Usage();
    }
  }
  if (options.data_dir.empty()) return Usage();

  // Signals are taken by sigwait below, in this thread alone.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  try {
    windlass::api_server::Server server(options);
    server.Start();
    if (!kubeconfig.empty() && !WriteFile(kubeconfig, server.Kubeconfig())) {
      std::fprintf(stderr, "windlass-apiserver: cannot write %s: %s\n", kubeconfig.c_str(), std::strerror(errno));
      return 1;
    }
    std::printf("serving on %s\n", server.url().c_str());
    std::fflush(stdout);
    int received = 0;
    sigwait(&signals, &received);
    server.Stop();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "windlass-apiserver: %s\n", error.what());
    return 1;
  }
  return 0;
}
