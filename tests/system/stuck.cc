// A library to preload into axfrd: a call of DPDK's does not come back. STUCK names it.
#include <dlfcn.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace {

void stop_here_if(std::string_view call) {
  const char* name = std::getenv("STUCK");
  while (name != nullptr && call == name) pause();
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int rte_eal_init(int argc, char** argv) {
  stop_here_if("rte_eal_init");
  return real<int (*)(int, char**)>("rte_eal_init")(argc, argv);
}

// By then the XDP program is at the interface.
int rte_eth_dev_start(uint16_t port) {
  stop_here_if("rte_eth_dev_start");
  return real<int (*)(uint16_t)>("rte_eth_dev_start")(port);
}

// rte_eal_init() itself launches something on the one worker that there is, once.
int rte_eal_remote_launch(int (*function)(void*), void* argument, unsigned worker) {
  static int calls = 0;
  if (++calls > 1) stop_here_if("rte_eal_remote_launch");
  return real<int (*)(int (*)(void*), void*, unsigned)>("rte_eal_remote_launch")(function, argument, worker);
}
}
