// Eal: DPDK's environment, brought up once and cleaned up once.
//
// axfrd composes the EAL's arguments from its options, so that operators need not know them; arguments of the operator
// come last. Threads of the EAL inherit the caller's CPUs and signal mask. So both are narrowed before: to the control
// CPUs, and to no signals, because the main thread handles those.
//
// lcore 0 is the calling thread, on the control CPUs; lcores 1 … n are the workers, one CPU each.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace axfrd::dataplane {

struct EalOptions {
  std::vector<std::string> ports;  // PCI address or vdev arguments
  bool huge_pages = true;
  unsigned memory_mib = 256;
  std::vector<unsigned> worker_cpus;   // one per worker
  std::vector<unsigned> control_cpus;  // of all other threads
  std::vector<std::string> extra;      // passed through
};

// True for a PCI address ([DDDD:]BB:DD.F, perhaps with arguments); anything else names a virtual device.
bool is_pci(std::string_view port);

// True for the name of an interface of the kernel, which passes only queries to us (split_door.h). Does not look
// whether there is such an interface. Names of DPDK's virtual devices begin with "net_".
bool is_interface(std::string_view port);

// The EAL's name of the port's device: the text before the arguments, a PCI address in full.
std::string device_name(const std::string& port);

// Which CPUs serve what.
struct CpuPlan {
  std::vector<unsigned> workers, control;
};
// Fills in what was not asked for: the last of the `allowed` CPUs for workers, the others for control; when none is
// left, control shares them all. Throws std::runtime_error when a CPU is not allowed, used twice, or not there.
CpuPlan plan_cpus(const std::vector<unsigned>& allowed, unsigned workers, const std::vector<unsigned>& worker_cpus,
                  const std::vector<unsigned>& control_cpus);
// The CPUs this process may run on.
std::vector<unsigned> allowed_cpus();

std::vector<std::string> compose_arguments(const EalOptions& options);

class Eal {
 public:
  // `notice` hears the final arguments. Throws std::runtime_error with a sentence for the operator.
  Eal(const EalOptions& options, const std::function<void(std::string_view)>& notice);
  ~Eal();  // @pre ports are closed, rings freed
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // The lcore of worker `i`.
  static unsigned worker_lcore(unsigned i) { return i + 1; }
};

}  // namespace axfrd::dataplane
