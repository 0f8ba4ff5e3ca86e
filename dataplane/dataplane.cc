#include "dataplane/dataplane.h"

#include <rte_launch.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <stdexcept>

#include "dataplane/address.h"
#include "dataplane/eal.h"
#include "dataplane/kernel_path.h"
#include "dataplane/port.h"
#include "dataplane/worker.h"

namespace axfrd::dataplane {
namespace {

std::vector<Address> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<Address> addresses;
  for (const std::string& text : texts) addresses.push_back(Address::parse(text));
  return addresses;
}

EalOptions eal_options(const DataplaneOptions& options) {
  if (options.ports.empty()) throw std::runtime_error("no port is given: name a PCI address or a virtual device");
  if (options.workers == 0) throw std::runtime_error("no worker is asked for, and nobody else could receive");
  const CpuPlan plan = plan_cpus(allowed_cpus(), options.workers, options.worker_cpus, options.control_cpus);
  return {options.ports, options.huge_pages, options.memory_mib, plan.workers, plan.control, options.eal_arguments};
}

bool sleeps_when_idle(const DataplaneOptions& options) {
  if (options.idle_sleep != IdleSleep::automatic) return options.idle_sleep == IdleSleep::on;
  return !std::all_of(options.ports.begin(), options.ports.end(), is_pci);
}

std::vector<std::unique_ptr<Port>> make_ports(const DataplaneOptions& options, const AddressSet& addresses) {
  std::vector<std::unique_ptr<Port>> ports;
  for (const std::string& device : options.ports) {
    ports.push_back(
        std::make_unique<Port>(device, options.workers, KernelPath::packets_held(options.workers), addresses));
  }
  return ports;
}

std::vector<const Port*> pointers_to(const std::vector<std::unique_ptr<Port>>& ports) {
  std::vector<const Port*> pointers;
  for (const auto& port : ports) pointers.push_back(port.get());
  return pointers;
}

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

}  // namespace

// In the order of construction; destroyed in reverse, so that packets go before their pools, and pools before the EAL.
struct Dataplane::Parts {
  Parts(const DataplaneOptions& options, const zones::Responder& responder, Rcu& rcu)
      : addresses(parse_addresses(options.addresses)),
        served(addresses),
        eal(eal_options(options), options.notice),
        ports(make_ports(options, served)),
        kernel_path(pointers_to(ports), options.tap, addresses, options.workers) {
    for (unsigned i = 0; i < ports.size(); ++i)
      options.notice(ports[i]->describe() + ", tap " + kernel_path.tap_name(i));
    for (unsigned i = 0; i < options.workers; ++i) {
      polls.emplace_back(i);
      workers.push_back(std::make_unique<Worker>(worker_options(options, i), responder, rcu, stop_workers));
    }
  }

  // Worker 0 sends what comes from the kernel, so that each transmit queue has one owner.
  WorkerOptions worker_options(const DataplaneOptions& options, unsigned index) {
    WorkerOptions worker{
        index, {}, &kernel_path.from_worker(index), &polls[index], sleeps_when_idle(options), options.rate_limit};
    for (unsigned i = 0; i < ports.size(); ++i) {
      worker.queues.push_back({ports[i].get(), index == 0 ? &kernel_path.to_wire(i) : nullptr});
    }
    return worker;
  }

  const std::vector<Address> addresses;
  const AddressSet served;
  const Eal eal;
  const std::vector<std::unique_ptr<Port>> ports;
  KernelPath kernel_path;
  std::deque<PollRing> polls;             // by worker
  std::atomic<bool> stop_workers{false};  // written by control, read by the workers
  std::vector<std::unique_ptr<Worker>> workers;
};

Dataplane::Dataplane(const DataplaneOptions& options, const zones::Responder& responder, Rcu& rcu)
    : parts_(std::make_unique<Parts>(options, responder, rcu)) {}

Dataplane::~Dataplane() { stop(); }

void Dataplane::start() {
  for (unsigned i = 0; i < parts_->workers.size(); ++i) {
    if (rte_eal_remote_launch(run_worker, parts_->workers[i].get(), Eal::worker_lcore(i)) != 0) {
      throw std::runtime_error("worker " + std::to_string(i) + " does not start");
    }
  }
  parts_->kernel_path.start();
}

// The kernel path goes first: what it still read from the taps is sent by the workers on their way out.
void Dataplane::stop() {
  parts_->kernel_path.stop();
  parts_->stop_workers.store(true, std::memory_order_relaxed);
  for (unsigned i = 0; i < parts_->workers.size(); ++i) rte_eal_wait_lcore(Eal::worker_lcore(i));
}

unsigned Dataplane::take_polls(std::span<Poll> polls) {
  unsigned taken = 0;
  for (PollRing& ring : parts_->polls) taken += ring.take(polls.subspan(taken));
  return taken;
}

DataplaneStats Dataplane::stats() const {
  DataplaneStats stats;
  for (const auto& worker : parts_->workers) stats.workers.push_back(read_stats(worker->counters()));
  stats.kernel_path = parts_->kernel_path.stats();
  for (unsigned i = 0; i < parts_->ports.size(); ++i) {
    const Port& port = *parts_->ports[i];
    PortStats& added = stats.ports.emplace_back(port.stats());
    added.tap = parts_->kernel_path.tap_name(i);
    stats.buffers += port.buffers();
    stats.buffers_in_use += port.buffers_in_use();
  }
  return stats;
}

}  // namespace axfrd::dataplane
