#include "dataplane/xsk.h"

#include <linux/if_xdp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace axfrd::dataplane {

std::vector<int> xsk_descriptors() {
  std::vector<int> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    const int fd = std::atoi(entry.path().filename().c_str());
    int domain = 0;
    socklen_t size = sizeof domain;
    if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_XDP) found.push_back(fd);
  }
  std::sort(found.begin(), found.end());
  return found;
}

XskCounts xsk_counts(int descriptor) {
  xdp_statistics kernel{};
  socklen_t size = sizeof kernel;
  if (getsockopt(descriptor, SOL_XDP, XDP_STATISTICS, &kernel, &size) != 0) return {};
  return {kernel.rx_dropped + kernel.rx_ring_full, kernel.rx_invalid_descs + kernel.tx_invalid_descs};
}

}  // namespace axfrd::dataplane
