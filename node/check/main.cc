// windlass-check: see program.h.
#include <iostream>
#include <string>
#include <vector>

#include "node/check/program.h"

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return windlass::check::Run(argv[0], arguments, {&std::cin, &std::cout, &std::cerr});
}
