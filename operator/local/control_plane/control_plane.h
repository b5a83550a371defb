// The local control plane as a process: one folder holds its objects, pods,
// volumes, log, pid and kubeconfig.
//
// Up() starts `<this program> local run …` in the background and returns when
// it answers; Run() is that process; Down() ends it. Each returns an exit code
// and says on standard error what went wrong and what to do.
#pragma once

#include <cstdint>
#include <string>

namespace windlass::local {

struct Options {
  std::string data_dir;    // empty: $HOME/.windlass/local
  uint16_t port = 0;       // 0: the one used before, else a free one
  std::string image_file;  // empty: DATA_DIR/images.yaml, made with defaults if absent
  int stop_grace_seconds = 30;
};

int Up(Options options);
int Run(Options options);
int Down(const Options& options);

// What an image map looks like that knows the programs of this machine:
// windlass-node beside this program, redis and valkey where they are installed.
std::string DefaultImageMap(const std::string& program_dir);

}  // namespace windlass::local
