#include "dataplane/split_door.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "dataplane/host_addresses.h"
#include "dataplane/netlink.h"
#include "dataplane/xdp_program.h"

// The compiled program. ld derives these names from the file that it links in as data.
extern "C" const char _binary_dataplane_split_door_bpf_o_start[], _binary_dataplane_split_door_bpf_o_end[];

namespace axfrd::dataplane {
namespace {

constexpr std::string_view kProgramName = "axfrd_split";  // the name of the function in split_door.bpf.c

std::string_view object_file() {
  return {_binary_dataplane_split_door_bpf_o_start, _binary_dataplane_split_door_bpf_o_end};
}

std::runtime_error failure(const std::string& interface, const std::string& what) {
  return std::runtime_error("port " + interface + ": " + what);
}

// The text of errno, which libbpf sets, too.
std::string reason() { return std::strerror(errno); }

ifreq request_about(const std::string& interface) {
  ifreq request{};
  interface.copy(request.ifr_name, sizeof request.ifr_name - 1);
  return request;
}

// False if the ioctl fails.
bool ask(unsigned long question, ifreq& request) {
  const FileDescriptor fd(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return ioctl(fd.get(), question, &request) == 0;
}

unsigned index_of(const std::string& interface) {
  if (const unsigned index = if_nametoindex(interface.c_str()); index != 0) return index;
  throw failure(
      interface,
      "there is no such interface; a port is an interface of the kernel, a PCI address, or a virtual device of "
      "DPDK (net_...)");
}

void check_is_up(const std::string& interface) {
  ifreq request = request_about(interface);
  if (ask(SIOCGIFFLAGS, request) && (request.ifr_flags & IFF_UP) == 0)
    throw failure(interface, "it is down; ip link set " + interface + " up");
}

int mtu_of(const std::string& interface) {
  ifreq request = request_about(interface);
  return ask(SIOCGIFMTU, request) ? request.ifr_mtu : 0;
}

// The receive queues of an interface.
struct Queues {
  unsigned all = 1;
  unsigned usable = 1;  // by net_af_xdp: those that are transmit queues as well
};

// A driver that does not report its queues has one.
Queues queues_of(const std::string& interface) {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  ifreq request = request_about(interface);
  request.ifr_data = reinterpret_cast<char*>(&channels);
  if (!ask(SIOCETHTOOL, request)) return {};
  return {std::max(channels.combined_count + channels.rx_count, 1U), std::max(channels.combined_count, 1U)};
}

// Claims the interface by an abstract socket address. Such an address belongs to the network namespace, as the
// interface does, and is free again when its owner dies.
FileDescriptor claim(const std::string& interface) {
  FileDescriptor fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = "axfrd-split-" + interface;
  name.copy(address.sun_path + 1, sizeof address.sun_path - 1);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0) return fd;
  if (errno == EADDRINUSE) throw failure(interface, "an axfrd has it already");
  throw failure(interface, "cannot claim it: " + reason());
}

// net_af_xdp reads the program from a file.
FileDescriptor file_of(std::string_view octets) {
  FileDescriptor fd(memfd_create("axfrd-split-door", MFD_CLOEXEC));
  if (!fd || write(fd.get(), octets.data(), octets.size()) != static_cast<ssize_t>(octets.size()))
    throw std::runtime_error("cannot put the XDP program into memory: " + reason());
  return fd;
}

bool is_ours(const FileDescriptor& program) { return name_of(program) == kProgramName; }

// The program's map of that name; none if there is none.
FileDescriptor map_of(const FileDescriptor& program, std::string_view name) {
  std::array<__u32, 16> ids{};
  bpf_prog_info info{};
  info.map_ids = std::bit_cast<__u64>(ids.data());
  info.nr_map_ids = ids.size();
  __u32 size = sizeof info;
  if (bpf_obj_get_info_by_fd(program.get(), &info, &size) != 0) return {};
  for (unsigned i = 0; i < std::min<size_t>(info.nr_map_ids, ids.size()); ++i) {
    FileDescriptor map(bpf_map_get_fd_by_id(ids[i]));
    bpf_map_info about{};
    __u32 about_size = sizeof about;
    if (map && bpf_obj_get_info_by_fd(map.get(), &about, &about_size) == 0 && about.name == name) return map;
  }
  return {};
}

ServedAddress key_of(const Address& address) {
  ServedAddress key{};
  auto* octets = reinterpret_cast<uint8_t*>(key.words);
  if (address.v6) {
    std::memcpy(octets, address.octets.data(), 16);
  } else {
    octets[10] = octets[11] = 0xFF;
    std::memcpy(octets + 12, address.octets.data(), 4);
  }
  return key;
}

}  // namespace

SplitDoor::SplitDoor(const std::string& interface, unsigned queues)
    : interface_(interface), index_(index_of(interface)), claim_(claim(interface)), object_(file_of(object_file())) {
  check_is_up(interface);
  check_queues(queues);
  remove_stale_program();
  // busy_budget=0 turns off busy polling, the default of the driver. With it, a worker would do the kernel's receive
  // work at each empty poll and at each send. Under load a worker has no time for that.
  device_ = "net_af_xdp_" + interface + ",iface=" + interface + ",start_queue=0,queue_count=" + std::to_string(queues) +
            ",busy_budget=0,xdp_prog=/proc/self/fd/" + std::to_string(object_.get());
}

SplitDoor::~SplitDoor() { let_go(); }

void SplitDoor::let_go() const {
  for (const uint32_t id : programs_at(index_)) {
    const FileDescriptor program = program_of(id);
    if (is_ours(program)) detach(index_, program);
  }
  for (const Address& address : added_) {
    try {
      Netlink().remove_address(index_, address);
    } catch (const std::runtime_error&) {  // already removed by others
    }
  }
}

void SplitDoor::check_queues(unsigned wanted) {
  const Queues queues = queues_of(interface_);
  if (queues.usable < wanted) {
    throw failure(interface_, "there are " + std::to_string(wanted) + " workers, and queues for " +
                                  std::to_string(queues.usable) + ": use fewer workers, or, if its driver has more " +
                                  "queues (ethtool -l " + interface_ + "), ethtool -L " + interface_ + " combined " +
                                  std::to_string(wanted));
  }
  unattended_queues_ = queues.all - wanted;
}

void SplitDoor::remove_stale_program() const {
  for (const uint32_t id : programs_at(index_)) {
    const FileDescriptor program = program_of(id);
    if (is_ours(program) && detach(index_, program)) continue;
    const std::string name = name_of(program);
    throw failure(interface_, "another XDP program is attached to it (" + (name.empty() ? "" : name + ", ") +
                                  "number " + std::to_string(id) + "); if nobody needs it, ip link set " + interface_ +
                                  " xdp off");
  }
}

std::vector<Address> SplitDoor::addresses() const {
  std::vector<Address> addresses = host_addresses(interface_);
  std::erase_if(addresses, is_link_local);
  return addresses;
}

void SplitDoor::add_addresses(std::span<const Address> addresses) {
  const std::vector<Address> there = host_addresses();
  for (const Address& address : addresses) {
    const auto same = [&](const Address& a) { return a.v6 == address.v6 && a.octets == address.octets; };
    if (std::any_of(there.begin(), there.end(), same)) continue;
    try {
      Netlink().add_address(index_, address);
    } catch (const std::runtime_error& error) {
      throw failure(interface_, error.what());
    }
    added_.push_back(address);
  }
}

void SplitDoor::restore_addresses() {
  std::vector<Address> mine;
  added_.swap(mine);
  try {
    add_addresses(mine);
  } catch (const std::runtime_error&) {
    added_.swap(mine);
    throw;
  }
  added_.swap(mine);
}

void SplitDoor::find_program() {
  for (const uint32_t id : programs_at(index_)) {
    const FileDescriptor program = program_of(id);
    if (!is_ours(program)) continue;
    served_ = map_of(program, "served");
    counts_ = map_of(program, "counts");
    if (served_ && counts_) return;
  }
  throw failure(interface_, "the XDP program was attached to it, and cannot be found there (it takes CAP_SYS_ADMIN)");
}

std::string SplitDoor::why_not() const {
  if (!programs_at(index_).empty()) return "";  // attaching worked
  const std::string_view octets = object_file();
  const std::unique_ptr<bpf_object, decltype(&bpf_object__close)> object(
      bpf_object__open_mem(octets.data(), octets.size(), nullptr), &bpf_object__close);
  if (!object || bpf_object__load(object.get()) != 0) {
    return "the kernel does not take the XDP program: " + reason() +
           (errno == EPERM ? " (it takes root, or CAP_SYS_ADMIN, CAP_NET_ADMIN and CAP_NET_RAW)" : "");
  }
  const int program = bpf_program__fd(bpf_object__next_program(object.get(), nullptr));
  if (bpf_xdp_attach(static_cast<int>(index_), program, XDP_FLAGS_UPDATE_IF_NOEXIST, nullptr) != 0) {
    return "its driver does not take an XDP program: " + reason() +
           " (most want an MTU of some 3500 at most, which is " + std::to_string(mtu_of(interface_)) +
           " here: ip link set " + interface_ + " mtu 1500; some want ethtool -K " + interface_ + " lro off)";
  }
  bpf_xdp_detach(static_cast<int>(index_), 0, nullptr);
  return "";
}

void SplitDoor::open(std::span<const Address> addresses) {
  constexpr uint8_t kPresent = 1;
  for (const Address& address : addresses) {
    const ServedAddress key = key_of(address);
    if (bpf_map_update_elem(served_.get(), &key, &kPresent, BPF_ANY) != 0) {
      throw failure(interface_, "cannot tell the XDP program an address (it keeps " +
                                    std::to_string(kMostServedAddresses) + "): " + reason());
    }
  }
}

SplitCounts SplitDoor::counts() const {
  constexpr __u32 kFirst = 0;
  std::vector<SplitCounts> by_cpu(static_cast<size_t>(std::max(libbpf_num_possible_cpus(), 1)));
  SplitCounts sum{};
  if (bpf_map_lookup_elem(counts_.get(), &kFirst, by_cpu.data()) != 0) return sum;
  for (const SplitCounts& each : by_cpu) {
    sum.redirected += each.redirected;
    sum.passed += each.passed;
    sum.unattended += each.unattended;
  }
  return sum;
}

}  // namespace axfrd::dataplane
