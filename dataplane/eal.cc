#include "dataplane/eal.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace axfrd::dataplane {
namespace {

std::string join(const std::vector<std::string>& parts, const char* separator) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string list_of(const std::vector<unsigned>& cpus) {
  std::vector<std::string> texts;
  for (const unsigned cpu : cpus) texts.push_back(std::to_string(cpu));
  return join(texts, ",");
}

// True if `text` matches `pattern`, in which 'h' stands for a hexadecimal digit and any other character for itself.
bool matches(std::string_view text, std::string_view pattern) {
  return std::equal(text.begin(), text.end(), pattern.begin(), pattern.end(), [](char c, char p) {
    return p == 'h' ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : c == p;
  });
}

bool contains(const std::vector<unsigned>& cpus, unsigned cpu) {
  return std::find(cpus.begin(), cpus.end(), cpu) != cpus.end();
}

void check_cpus(const std::vector<unsigned>& allowed, const std::vector<unsigned>& asked) {
  for (const unsigned cpu : asked) {
    if (!contains(allowed, cpu)) {
      throw std::runtime_error("CPU " + std::to_string(cpu) + " is not among those that this process may use (" +
                               list_of(allowed) + ")");
    }
    if (std::count(asked.begin(), asked.end(), cpu) > 1) {
      throw std::runtime_error("CPU " + std::to_string(cpu) + " is named twice");
    }
  }
}

std::vector<unsigned> without(const std::vector<unsigned>& cpus, const std::vector<unsigned>& taken) {
  std::vector<unsigned> rest;
  std::copy_if(cpus.begin(), cpus.end(), std::back_inserter(rest), [&](unsigned cpu) { return !contains(taken, cpu); });
  return rest;
}

std::vector<unsigned> last_of(const std::vector<unsigned>& cpus, unsigned n) {
  if (cpus.size() < n) {
    throw std::runtime_error(std::to_string(n) + " workers need a CPU each, but there are only " +
                             std::to_string(cpus.size()) + " for them (" + list_of(cpus) + ")");
  }
  return {cpus.end() - n, cpus.end()};
}

uint64_t read_number(const std::filesystem::path& file) {
  uint64_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

// Checked here because the EAL's own message does not name the cause.
void check_huge_pages(unsigned wanted_mib) {
  const std::filesystem::path root = "/sys/kernel/mm/hugepages";
  uint64_t free_kib = 0;
  if (std::filesystem::exists(root)) {
    for (const auto& size : std::filesystem::directory_iterator(root)) {
      const std::string name = size.path().filename();  // hugepages-2048kB
      free_kib += read_number(size.path() / "free_hugepages") * std::stoull(name.substr(name.find('-') + 1));
    }
  }
  if (free_kib / 1024 >= wanted_mib) return;
  throw std::runtime_error("packet memory needs " + std::to_string(wanted_mib) + " MiB of huge pages, and " +
                           std::to_string(free_kib / 1024) + " MiB are free: reserve them (sysctl -w vm.nr_hugepages=" +
                           std::to_string((wanted_mib + 1) / 2) + "), or do without them (--no-huge: slower)");
}

void narrow_affinity(const std::vector<unsigned>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const unsigned cpu : cpus) CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set) != 0) throw std::runtime_error("cannot move to CPUs " + list_of(cpus));
}

// Blocks all signals while the EAL creates its threads, which inherit the mask.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

std::string lcore_map(const EalOptions& options) {
  std::string map = "0@(" + list_of(options.control_cpus) + ")";
  for (unsigned i = 0; i < options.worker_cpus.size(); ++i) {
    map += "," + std::to_string(Eal::worker_lcore(i)) + "@" + std::to_string(options.worker_cpus[i]);
  }
  return map;
}

}  // namespace

bool is_pci(std::string_view port) {
  const std::string_view name = port.substr(0, port.find(','));
  return matches(name, "hhhh:hh:hh.h") || matches(name, "hh:hh.h");
}

bool is_interface(std::string_view port) {
  return !is_pci(port) && !port.starts_with("net_") && port.find(',') == std::string_view::npos;
}

std::string device_name(const std::string& port) {
  const std::string name = port.substr(0, port.find(','));
  const bool short_pci = is_pci(port) && std::count(name.begin(), name.end(), ':') == 1;
  return short_pci ? "0000:" + name : name;
}

std::vector<unsigned> allowed_cpus() {
  cpu_set_t set;
  std::vector<unsigned> cpus;
  if (sched_getaffinity(0, sizeof set, &set) != 0)
    throw std::runtime_error("cannot tell which CPUs this process may use");
  for (unsigned cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

CpuPlan plan_cpus(const std::vector<unsigned>& allowed, unsigned workers, const std::vector<unsigned>& worker_cpus,
                  const std::vector<unsigned>& control_cpus) {
  check_cpus(allowed, worker_cpus);
  check_cpus(allowed, control_cpus);
  CpuPlan plan{worker_cpus, control_cpus};
  if (plan.workers.empty()) plan.workers = last_of(without(allowed, control_cpus), workers);
  if (plan.workers.size() != workers) {
    throw std::runtime_error(std::to_string(workers) + " workers and " + std::to_string(plan.workers.size()) +
                             " CPUs for them (" + list_of(plan.workers) + "): give one each");
  }
  if (plan.control.empty()) plan.control = without(allowed, plan.workers);
  if (plan.control.empty()) plan.control = allowed;
  return plan;
}

std::vector<std::string> compose_arguments(const EalOptions& options) {
  std::vector<std::string> arguments = {"axfrd", "--lcores=" + lcore_map(options), "--main-lcore=0", "-m",
                                        std::to_string(options.memory_mib)};
  // axfrd has no secondary processes. These options leave no files behind and let several daemons run on one host. The
  // EAL rejects --in-memory together with --no-huge, where --no-shconf has that effect.
  if (options.huge_pages) arguments.push_back("--in-memory");
  if (!options.huge_pages) arguments.insert(arguments.end(), {"--no-huge", "--no-shconf"});
  const bool physical = std::any_of(options.ports.begin(), options.ports.end(), is_pci);
  if (!physical) {
    arguments.push_back("--no-pci");
    // Without a PCI device there is no DMA. Virtual addresses let a packet pool be in one piece, which af_xdp needs.
    arguments.push_back("--iova-mode=va");
  }
  for (const std::string& port : options.ports) {
    if (is_pci(port)) arguments.insert(arguments.end(), {"-a", port});
    if (!is_pci(port)) arguments.push_back("--vdev=" + port);
  }
  arguments.insert(arguments.end(), options.extra.begin(), options.extra.end());
  return arguments;
}

Eal::Eal(const EalOptions& options, const std::function<void(std::string_view)>& notice) {
  if (options.huge_pages) check_huge_pages(options.memory_mib);
  std::vector<std::string> arguments = compose_arguments(options);
  notice("EAL arguments: " + join(arguments, " "));

  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  narrow_affinity(options.control_cpus);
  const SignalsBlocked blocked;
  if (rte_eal_init(static_cast<int>(argv.size()), argv.data()) < 0) {
    throw std::runtime_error(
        std::string("DPDK does not start: ") + rte_strerror(rte_errno) +
        "; its own messages above say more, and these were its arguments: " + join(arguments, " "));
  }
}

Eal::~Eal() { rte_eal_cleanup(); }

}  // namespace axfrd::dataplane
