// A library to preload into axfrd: a call of DPDK's does not come back. STUCK names it. Or the disk that a backup goes
// to takes nothing, while the file is there that STUCK_BACKUP names.
#include <dlfcn.h>
#include <pthread.h>
#include <unistd.h>

#include <array>
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

ssize_t write(int fd, const void* octets, size_t size) {
  constexpr useconds_t kLook = 10'000;
  const char* file = std::getenv("STUCK_BACKUP");
  std::array<char, 16> thread{};
  if (file != nullptr && pthread_getname_np(pthread_self(), thread.data(), thread.size()) == 0 &&
      std::string_view(thread.data()) == "axfrd-backup") {
    while (access(file, F_OK) == 0) usleep(kLook);
  }
  return real<ssize_t (*)(int, const void*, size_t)>("write")(fd, octets, size);
}

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
