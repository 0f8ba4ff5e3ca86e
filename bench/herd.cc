// A herd of secondaries: many addresses that are told of many zones, and do what a secondary does as fast as it can.
//
// usage: herd SERVER ZONES FIRST-ADDRESS COUNT
//
// Each of COUNT addresses, from FIRST-ADDRESS on, answers NOTIFY, asks for the SOA by UDP, and when the serial is not
// the one it knows, for an AXFR, on one TCP connection that it keeps; ZONES is a file of names, one a line. It begins
// by transferring all zones, says so with the line "ready", and from then on prints a line for each zone that a
// secondary got anew: the clock (CLOCK_MONOTONIC, seconds) at NOTIFY and at the end of the transfer, and the zone. It
// ends with its input.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <deque>
#include <fstream>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <unordered_map>
#include <vector>

#include "bench/axfr_reader.h"
#include "zones/wire/record_walk.h"

namespace axfrd::bench {
namespace {

using zones::Bytes;

constexpr uint16_t kPort = 53;
constexpr size_t kDepth = 16;  // transfers on their way to one secondary
constexpr size_t kBuffer = 256 * 1024;
constexpr unsigned kOpcodeNotify = 4;

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

sockaddr_in endpoint(in_addr_t address, uint16_t port) { return {AF_INET, htons(port), {address}, {}}; }
const sockaddr* raw(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }
uint8_t* data_of(std::string& octets) { return reinterpret_cast<uint8_t*>(octets.data()); }

struct Shared {
  std::vector<zones::Name> zones;
  std::unordered_map<std::string, size_t> number_of;  // by wire form
  std::vector<uint8_t> buffer = std::vector<uint8_t>(kBuffer);
  size_t missing = 0;  // of the first transfers
};

class Secondary {
 public:
  Secondary(Shared& shared, in_addr_t own, in_addr_t server, int epoll)
      : shared_(shared),
        udp_(open(SOCK_DGRAM, own, kPort)),
        tcp_(open(SOCK_STREAM, own, 0)),
        copies_(shared.zones.size()) {
    const sockaddr_in to = endpoint(server, kPort);
    server_ = to;
    check(::connect(tcp_, raw(to), sizeof to) == 0, "connect");
    watch(epoll, udp_, 0);
    watch(epoll, tcp_, 1);
    for (size_t zone = 0; zone < copies_.size(); ++zone) want(zone, 0);
    ask();
  }

  // What epoll gives back: this object, and which of its sockets. Its address is even.
  static void serve(uint64_t tag) {
    auto* secondary = reinterpret_cast<Secondary*>(tag & ~uint64_t{1});
    (tag & 1) != 0 ? secondary->read_tcp() : secondary->read_udp();
  }

 private:
  struct Copy {
    uint32_t serial = 0;
    bool transferring = false, stale = false;  // stale: told again meanwhile
    double told = 0;
  };
  struct Running {
    size_t zone;
    AxfrReader reader{false};
    uint32_t serial = 0;
  };

  static int open(int type, in_addr_t address, uint16_t port) {
    const int fd = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
    check(fd >= 0, "socket");
    const int size = 8 << 20;
    if (type == SOCK_DGRAM) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    const sockaddr_in own = endpoint(address, port);
    check(::bind(fd, raw(own), sizeof own) == 0, "bind");
    return fd;
  }
  void watch(int epoll, int fd, uint64_t which) {
    epoll_event event{EPOLLIN, {}};
    event.data.u64 = reinterpret_cast<uint64_t>(this) | which;
    check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
  }

  // ---- UDP ----

  void read_udp() {
    std::array<uint8_t, 4096> message;
    sockaddr_in from{};
    for (;;) {
      socklen_t size_of_from = sizeof from;
      const ssize_t size = ::recvfrom(udp_, message.data(), message.size(), MSG_DONTWAIT,
                                      reinterpret_cast<sockaddr*>(&from), &size_of_from);
      if (size < static_cast<ssize_t>(zones::kHeaderSize)) return ask();
      take({message.data(), static_cast<size_t>(size)}, from);
    }
  }

  void take(Bytes message, const sockaddr_in& from) {
    const auto name = zones::NameView::read(message, zones::kHeaderSize);
    if (!name) return;
    const auto found = shared_.number_of.find({reinterpret_cast<const char*>(name->data()), name->size()});
    if (found == shared_.number_of.end()) return;
    const unsigned question_end = zones::kHeaderSize + name->size() + 4;
    const bool response = (message[2] & 0x80U) != 0;
    if (!response) return answer(message.first(question_end), from, found->second);
    zones::RecordWalk walk(message.data(), static_cast<unsigned>(message.size()), question_end);
    if (zones::load16(&message[6]) == 0 || !walk.next() || walk.type() != zones::rrtype::SOA) return;
    if (serial_of(walk.rdata()) != copies_[found->second].serial) want(found->second, copies_[found->second].told);
  }

  // To NOTIFY, with our own question behind it; to a question, with our serial.
  void answer(Bytes request, const sockaddr_in& from, size_t zone) {
    std::string reply(reinterpret_cast<const char*>(request.data()), request.size());
    const bool notify = (request[2] >> 3U & 15U) == kOpcodeNotify;
    reply[2] = static_cast<char>(0x84U | (request[2] & 0x78U));
    reply[3] = 0;
    zones::store16(data_of(reply) + 6, notify ? 0 : 1);
    zones::store32(data_of(reply) + 8, 0);
    if (!notify) reply += soa(copies_[zone].serial);
    ::sendto(udp_, reply.data(), reply.size(), 0, raw(from), sizeof from);
    if (!notify) return;
    copies_[zone].told = now();
    reply[2] = 0;
    ::sendto(udp_, reply.data(), reply.size(), 0, raw(server_), sizeof server_);
  }

  // With the root for MNAME and RNAME.
  static std::string soa(uint32_t serial) {
    constexpr size_t kNames = 2, kNumbers = 20;
    std::string record("\xC0\x0C\0\6\0\1\0\0\0\0\0\x16", 12);
    record.resize(record.size() + kNames + kNumbers, '\0');
    zones::store32(data_of(record) + record.size() - kNumbers, serial);
    return record;
  }

  static uint32_t serial_of(Bytes rdata) { return zones::load32(&rdata[rdata.size() - 20]); }

  // ---- TCP ----

  void want(size_t zone, double told) {
    Copy& copy = copies_[zone];
    copy.told = told;
    copy.stale = copy.transferring;
    if (copy.transferring) return;
    copy.transferring = true;
    wanted_.push_back(zone);
  }

  void ask() {
    std::string requests;
    while (running_.size() < kDepth && !wanted_.empty()) {
      requests += axfr_request(shared_.zones[wanted_.front()], ++id_, nullptr);
      running_.emplace(id_, Running{wanted_.front()});
      wanted_.pop_front();
    }
    if (requests.empty()) return;
    check(::send(tcp_, requests.data(), requests.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(requests.size()),
          "send");
  }

  void read_tcp() {
    std::vector<uint8_t>& buffer = shared_.buffer;
    std::copy(partial_.begin(), partial_.end(), buffer.begin());
    const ssize_t size = ::recv(tcp_, buffer.data() + partial_.size(), buffer.size() - partial_.size(), MSG_DONTWAIT);
    if (size <= 0) throw std::runtime_error("the server closed a connection");
    Bytes octets(buffer.data(), partial_.size() + static_cast<size_t>(size));
    while (octets.size() >= 2 && octets.size() >= 2U + zones::load16(octets.data())) {
      const Bytes message = octets.subspan(2, zones::load16(octets.data()));
      take_message(message);
      octets = octets.subspan(2 + message.size());
    }
    partial_.assign(octets.begin(), octets.end());
    ask();
  }

  void take_message(Bytes message) {
    const auto found = running_.find(zones::load16(message.data()));
    if (found == running_.end()) throw std::runtime_error("a response to nothing that was asked");
    Running& running = found->second;
    if (running.reader.messages() == 0) running.serial = opening_serial(message, shared_.zones[running.zone]);
    running.reader.take(message);
    if (!running.reader.done()) return;
    got(running.zone, running.serial);
    running_.erase(found);
  }

  static uint32_t opening_serial(Bytes message, const zones::Name& apex) {
    zones::RecordWalk walk(message.data(), static_cast<unsigned>(message.size()),
                           zones::kHeaderSize + apex.view().size() + 4);
    if (zones::load16(&message[6]) == 0 || !walk.next()) throw std::runtime_error("a response without records");
    return serial_of(walk.rdata());
  }

  void got(size_t zone, uint32_t serial) {
    Copy& copy = copies_[zone];
    const bool first = copy.serial == 0;
    copy.serial = serial;
    copy.transferring = false;
    if (copy.stale) want(zone, copy.told);
    if (!first) std::cout << copy.told << " " << now() << " " << shared_.zones[zone].to_text() << "\n";
    if (first && --shared_.missing == 0) std::cout << "ready" << std::endl;
  }

  Shared& shared_;
  int udp_, tcp_;
  sockaddr_in server_{};
  std::vector<Copy> copies_;  // by number of the zone
  std::deque<size_t> wanted_;
  std::unordered_map<uint16_t, Running> running_;  // by message ID
  uint16_t id_ = 0;
  std::vector<uint8_t> partial_;
};

std::vector<zones::Name> read_names(const char* path) {
  std::ifstream lines(path);
  std::vector<zones::Name> names;
  for (std::string line; std::getline(lines, line);) names.push_back(zones::Name::from_text(line).value());
  return names;
}

void run(const char* server, const char* file, const char* first, unsigned count) {
  Shared shared;
  shared.zones = read_names(file);
  for (size_t i = 0; i < shared.zones.size(); ++i) {
    const zones::NameView name = shared.zones[i];
    shared.number_of.emplace(std::string(reinterpret_cast<const char*>(name.data()), name.size()), i);
  }
  shared.missing = shared.zones.size() * count;
  std::cout.precision(9);
  std::cout << std::fixed;

  const int epoll = ::epoll_create1(EPOLL_CLOEXEC);
  epoll_event input{EPOLLIN, {}};
  input.data.u64 = 0;
  check(::epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &input) == 0, "standard input");
  std::vector<std::unique_ptr<Secondary>> herd;
  for (unsigned i = 0; i < count; ++i)
    herd.push_back(std::make_unique<Secondary>(shared, htonl(ntohl(inet_addr(first)) + i), inet_addr(server), epoll));
  std::array<epoll_event, 64> events;
  for (;;) {
    const int ready = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
      if (tag == 0) return;
      Secondary::serve(tag);
    }
    std::cout.flush();
  }
}

}  // namespace
}  // namespace axfrd::bench

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: herd SERVER ZONES FIRST-ADDRESS COUNT\n";
    return 2;
  }
  try {
    axfrd::bench::run(argv[1], argv[2], argv[3], static_cast<unsigned>(std::stoul(argv[4])));
  } catch (const std::exception& error) {
    std::cerr << "herd: " << error.what() << "\n";
    return 1;
  }
}
