// --check-system: what of the kernel's settings costs a server like this speed or memory.
#pragma once

namespace windlass::server {

// Prints a line for each check and what to do about those that fail. False: one failed.
bool CheckSystem();

}  // namespace windlass::server
