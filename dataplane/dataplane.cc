#include "dataplane/dataplane.h"

#include <rte_launch.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <optional>
#include <stdexcept>

#include "dataplane/eal.h"
#include "dataplane/kernel_path.h"
#include "dataplane/port.h"
#include "dataplane/split_door.h"
#include "dataplane/watch.h"
#include "dataplane/worker.h"
#include "dataplane/xdp_program.h"

namespace axfrd::dataplane {
namespace {

std::vector<Address> parse_addresses(const std::vector<std::string>& texts) {
  std::vector<Address> addresses;
  for (const std::string& text : texts) addresses.push_back(Address::parse(text));
  return addresses;
}

// Indexed as options.ports; null for a port with Intake::everything.
using Doors = std::vector<std::shared_ptr<SplitDoor>>;

Doors make_doors(const DataplaneOptions& options) {
  Doors doors;
  for (const std::string& port : options.ports)
    doors.push_back(is_interface(port) ? std::make_shared<SplitDoor>(port, options.workers) : nullptr);
  return doors;
}

// Reports the step that begins, with an undo function that restores the interfaces.
void tell(const Dataplane::Step& step, const std::string& what, const Doors& doors) {
  if (!step) return;
  step(what, [doors] {
    for (const auto& door : doors) {
      if (door) door->let_go();
    }
  });
}

void warn_of_idle_queues(const DataplaneOptions& options, const SplitDoor& door) {
  if (door.unattended_queues() == 0) return;
  options.warning("port " + door.interface() + ": " + std::to_string(door.unattended_queues()) +
                  " of its queues have no worker, so that the kernel's sockets have to answer what comes in there; "
                  "use more workers, or ethtool -L " +
                  door.interface() + " combined " + std::to_string(options.workers));
}

std::vector<Address> choose_addresses(const DataplaneOptions& options, const Doors& doors) {
  std::vector<Address> addresses = parse_addresses(options.addresses);
  if (!addresses.empty()) {
    if (!doors.empty() && doors.front()) doors.front()->add_addresses(addresses);
    return addresses;
  }
  for (const auto& door : doors) {
    if (!door) continue;
    const std::vector<Address> more = door->addresses();
    addresses.insert(addresses.end(), more.begin(), more.end());
  }
  if (addresses.empty())
    throw std::runtime_error(
        "there is no address to serve: no port's interface has one, and none is given (--address)");
  return addresses;
}

// A zero-copy driver rejects buffers that cross a page. With pages of 4 KiB most buffers do, so copy mode is forced.
std::string without_zero_copy(const std::string& device) {
  const bool said = device.find("force_copy=") != std::string::npos;
  return device.starts_with("net_af_xdp") && !said ? device + ",force_copy=1" : device;
}

// The device arguments for the EAL, one for each port.
std::vector<std::string> devices_of(const DataplaneOptions& options, const Doors& doors) {
  std::vector<std::string> devices = options.ports;
  for (unsigned i = 0; i < devices.size(); ++i) {
    if (doors[i]) devices[i] = doors[i]->device();
    if (!options.huge_pages) devices[i] = without_zero_copy(devices[i]);
  }
  return devices;
}

EalOptions eal_options(const DataplaneOptions& options, const std::vector<std::string>& devices) {
  if (options.ports.empty()) throw std::runtime_error("no port is given: name a PCI address or a virtual device");
  if (options.workers == 0) throw std::runtime_error("no worker is asked for, and nobody else could receive");
  const CpuPlan plan = plan_cpus(allowed_cpus(), options.workers, options.worker_cpus, options.control_cpus);
  return {devices, options.huge_pages, options.memory_mib, plan.workers, plan.control, options.eal_arguments};
}

bool sleeps_when_idle(const DataplaneOptions& options) {
  if (options.idle_sleep != IdleSleep::automatic) return options.idle_sleep == IdleSleep::on;
  return !std::all_of(options.ports.begin(), options.ports.end(), is_pci);
}

std::unique_ptr<Port> make_port(const std::string& name, const std::string& device, const DataplaneOptions& options,
                                const AddressSet& addresses, Intake intake) {
  return std::make_unique<Port>(name, find_device(device), options.workers,
                                KernelPath::packets_held(options.workers, options.carrier), addresses, intake);
}

std::unique_ptr<Port> make_split_port(SplitDoor& door, const DataplaneOptions& options, const AddressSet& addresses) {
  try {
    auto port = make_port(door.interface(), door.device(), options, addresses, Intake::queries);
    door.find_program();
    warn_of_idle_queues(options, door);
    return port;
  } catch (const std::runtime_error& error) {
    const std::string why = door.why_not();
    throw std::runtime_error(why.empty() ? error.what() : "port " + door.interface() + ": " + why);
  }
}

std::vector<std::unique_ptr<Port>> make_ports(const DataplaneOptions& options, const Doors& doors,
                                              const AddressSet& addresses, const Dataplane::Step& step) {
  std::vector<std::unique_ptr<Port>> ports;
  for (unsigned i = 0; i < options.ports.size(); ++i) {
    const std::string& name = options.ports[i];
    tell(step, "port " + name, doors);
    ports.push_back(doors[i] ? make_split_port(*doors[i], options, addresses)
                             : make_port(name, name, options, addresses, Intake::everything));
  }
  return ports;
}

std::vector<const Port*> pointers_to(const std::vector<std::unique_ptr<Port>>& ports) {
  std::vector<const Port*> pointers;
  for (const auto& port : ports) pointers.push_back(port.get());
  return pointers;
}

// Indexed as options.ports; null for a port without AF_XDP.
using Attachments = std::vector<std::unique_ptr<XdpAttachment>>;

void find_programs(const std::vector<std::unique_ptr<Port>>& ports, const DataplaneOptions& options,
                   Attachments& attachments) {
  for (const auto& port : ports) {
    attachments.emplace_back();
    if (port->xsk_descriptors().empty()) continue;
    try {
      attachments.back() = std::make_unique<XdpAttachment>(port->interface_index());
    } catch (const std::runtime_error& error) {
      options.warning("port " + port->name() + ": " + error.what() + ", so that nobody sees when it is taken off");
    }
  }
}

std::vector<Watch::Subject> subjects_of(const std::vector<std::unique_ptr<Port>>& ports, const Doors& doors,
                                        const Attachments& attachments, const KernelPath& kernel_path) {
  std::vector<Watch::Subject> subjects;
  for (unsigned i = 0; i < ports.size(); ++i)
    subjects.push_back({ports[i].get(), doors[i].get(), attachments[i].get(), kernel_path.tap_name(i)});
  return subjects;
}

EalOptions begun(EalOptions options, const Doors& doors, const Dataplane::Step& step) {
  tell(step, "DPDK's environment (EAL)", doors);
  return options;
}

int run_worker(void* worker) {
  static_cast<Worker*>(worker)->run();
  return 0;
}

}  // namespace

// Members are in the order of construction. They are destroyed in reverse, so that packets go before their pools, and
// pools before the EAL.
struct Dataplane::Parts {
  Parts(const DataplaneOptions& options, const zones::Responder& responder, Rcu& rcu, const Step& step)
      : doors(make_doors(options)),
        addresses(choose_addresses(options, doors)),
        served(addresses),
        eal(begun(eal_options(options, devices_of(options, doors)), doors, step), options.notice),
        ports(make_ports(options, doors, served, step)),
        kernel_path(pointers_to(ports), options.carrier, options.tap, addresses, options.workers) {
    for (unsigned i = 0; i < ports.size(); ++i)
      options.notice(ports[i]->describe() + (doors[i] ? ", queries only" : ", tap " + kernel_path.tap_name(i)));
    for (unsigned i = 0; i < options.workers; ++i) {
      polls.emplace_back(i);
      workers.push_back(std::make_unique<Worker>(worker_options(options, i), responder, rcu, stop_workers));
    }
    find_programs(ports, options, attachments);
    watch.emplace(subjects_of(ports, doors, attachments, kernel_path),
                  Watch::Callbacks{options.notice, options.warning, options.failed});
  }

  // Worker 0 sends what comes from the kernel, so that each transmit queue has one owner.
  WorkerOptions worker_options(const DataplaneOptions& options, unsigned index) {
    WorkerOptions worker{
        index, {}, &kernel_path.from_worker(index), &polls[index], sleeps_when_idle(options), options.rate_limit};
    for (unsigned i = 0; i < ports.size(); ++i) {
      worker.queues.push_back({ports[i].get(), index == 0 ? kernel_path.to_wire(i) : nullptr});
    }
    return worker;
  }

  const Doors doors;
  const std::vector<Address> addresses;
  const AddressSet served;
  Attachments attachments;  // outlive ports: closing one detaches any program, and ~XdpAttachment mends that
  const Eal eal;
  const std::vector<std::unique_ptr<Port>> ports;
  KernelPath kernel_path;
  std::deque<PollRing> polls;             // by worker
  std::atomic<bool> stop_workers{false};  // written by control, read by the workers
  std::vector<std::unique_ptr<Worker>> workers;
  std::optional<Watch> watch;
};

Dataplane::Dataplane(const DataplaneOptions& options, const zones::Responder& responder, Rcu& rcu, const Step& step)
    : parts_(std::make_unique<Parts>(options, responder, rcu, step)) {}

Dataplane::~Dataplane() { stop(); }

void Dataplane::start(const Step& step) {
  tell(step, "the packet workers", parts_->doors);
  for (unsigned i = 0; i < parts_->workers.size(); ++i) {
    if (rte_eal_remote_launch(run_worker, parts_->workers[i].get(), Eal::worker_lcore(i)) != 0) {
      throw std::runtime_error("worker " + std::to_string(i) + " does not start");
    }
  }
  parts_->kernel_path.start();
  parts_->watch->start();
  for (const auto& door : parts_->doors) {
    if (door) door->open(parts_->addresses);
  }
}

// The kernel path stops first: workers send the frames that it still read from the taps before they end.
void Dataplane::stop() {
  parts_->watch->stop();
  parts_->kernel_path.stop();
  parts_->stop_workers.store(true, std::memory_order_relaxed);
  for (unsigned i = 0; i < parts_->workers.size(); ++i) rte_eal_wait_lcore(Eal::worker_lcore(i));
}

std::span<const Address> Dataplane::addresses() const { return parts_->addresses; }

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
    added.health = parts_->watch->health(i);
    added.tap = parts_->kernel_path.tap_name(i);
    if (parts_->doors[i]) added.split = parts_->doors[i]->counts();
    stats.buffers += port.buffers();
    stats.buffers_in_use += port.buffers_in_use();
  }
  return stats;
}

}  // namespace axfrd::dataplane
