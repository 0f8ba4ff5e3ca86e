// Eal: DPDK's environment abstraction layer, initialised once and cleaned up once in a process.
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
  std::vector<unsigned> control_cpus;  // for all other threads
  std::vector<std::string> extra;      // appended unchanged
};

// True for a PCI address ([DDDD:]BB:DD.F), which arguments may follow. Any other text names an interface or a virtual
// device.
bool is_pci(std::string_view port);

// True for the name of an interface of the kernel, which passes only queries to us (split_door.h). Does not look
// whether there is such an interface. Names of DPDK's virtual devices begin with "net_".
bool is_interface(std::string_view port);

// The EAL's name of the port's device: the text before the arguments, a PCI address in full.
std::string device_name(const std::string& port);

// The CPUs of the workers and of the control plane.
struct CpuPlan {
  std::vector<unsigned> workers, control;
};
// Chooses the CPUs that were not given: the last of the `allowed` CPUs for workers, the others for control. If none is
// left, control shares them all. Throws std::runtime_error if a given CPU is not allowed or given twice, or if the
// number of worker CPUs is not `workers`.
CpuPlan plan_cpus(const std::vector<unsigned>& allowed, unsigned workers, const std::vector<unsigned>& worker_cpus,
                  const std::vector<unsigned>& control_cpus);
// The CPUs this process may run on.
std::vector<unsigned> allowed_cpus();

std::vector<std::string> compose_arguments(const EalOptions& options);

class Eal {
 public:
  // Passes the final arguments to `notice`. Throws std::runtime_error with a sentence for the operator.
  Eal(const EalOptions& options, const std::function<void(std::string_view)>& notice);
  ~Eal();  // @pre ports are closed, rings freed
  Eal(const Eal&) = delete;
  Eal& operator=(const Eal&) = delete;

  // The lcore of worker `i`.
  static unsigned worker_lcore(unsigned i) { return i + 1; }
};

}  // namespace axfrd::dataplane
