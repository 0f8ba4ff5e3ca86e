// The kernel path against the real kernel: a tap in a network namespace of the test's own. Needs root.
#include "dataplane/kernel_path.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>

#include "dataplane/netlink.h"
#include "rig.h"

namespace axfrd::dataplane {
namespace {

using namespace test;

const testing::Environment* const eal = testing::AddGlobalTestEnvironment(new EalEnvironment);

const bool kHasVhostNet = access("/dev/vhost-net", R_OK | W_OK) == 0;

class KernelPathTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (unshare(CLONE_NEWNET) != 0) allowed_ = false;
  }
  void SetUp() override {
    if (!allowed_) GTEST_SKIP() << "needs root, to make a network namespace";
    wire_ = std::make_unique<Wire>("kernel" + std::to_string(++serial_));
    const std::array<const Port*, 1> ports = {&wire_->port()};
    path_.emplace(ports, carrier(), "dptest", addresses_, 1);
  }
  void TearDown() override {
    path_.reset();
    if (wire_) {
      EXPECT_EQ(wire_->port().buffers_in_use(), 0U) << "every buffer came back";
    }
  }

  virtual Carrier carrier() const { return Carrier::tap; }

  void punt(MbufRing& ring, const Octets& frame) {
    rte_mbuf* packet = packet_of(wire_->port().pool(), frame);
    packet->port = wire_->port().id();
    ASSERT_EQ(ring.send({&packet, 1}), 1U);
  }
  // The first frame from the kernel that `wanted` accepts; empty if none comes. It says other things too (router
  // solicitations).
  Octets hear(const std::function<bool(const Octets&)>& wanted) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      rte_mbuf* packet;
      if (path_->to_wire(0)->receive({&packet, 1}) == 0) {
        usleep(100);
        continue;
      }
      if (const Octets frame = take_octets(packet); wanted(frame)) return frame;
    }
    return {};
  }
  Octets arp_request(const std::string& target) const {
    return Octets(6, '\xFF') + kPeerMac + octets16(0x0806) + octets16(1) + octets16(0x0800) + Octets("\6\4", 2) +
           octets16(1) + kPeerMac + ip_octets(kPeer4) + Octets(6, '\0') + ip_octets(target) + Octets(18, '\0');
  }

  const std::vector<Address> addresses_ = {Address::parse(kOurs4 + "/24"), Address::parse(kOurs6 + "/64")};
  std::unique_ptr<Wire> wire_;
  std::optional<KernelPath> path_;

 private:
  static inline bool allowed_ = true;
  static inline unsigned serial_ = 0;
};

class TwoWayTest : public KernelPathTest, public testing::WithParamInterface<Carrier> {
  Carrier carrier() const override { return GetParam(); }
};

// A kernel that has no vhost-net is told of in RefusesTheImpossibleWithASentence.
std::vector<Carrier> carriers() {
  if (!kHasVhostNet) return {Carrier::tap};
  return {Carrier::tap, Carrier::vhost_net};
}
INSTANTIATE_TEST_SUITE_P(By, TwoWayTest, testing::ValuesIn(carriers()),
                         [](const auto& test) { return test.param == Carrier::tap ? "Tap" : "VhostNet"; });

TEST_P(TwoWayTest, MakesTheInterfaceThatTheKernelNeeds) {
  EXPECT_EQ(path_->tap_name(0), "dptest0");
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  ifreq request{};
  path_->tap_name(0).copy(request.ifr_name, sizeof request.ifr_name - 1);
  ASSERT_EQ(ioctl(fd, SIOCGIFHWADDR, &request), 0);
  EXPECT_EQ(Octets(request.ifr_hwaddr.sa_data, 6), wire_->mac());
  ASSERT_EQ(ioctl(fd, SIOCGIFMTU, &request), 0);
  EXPECT_EQ(request.ifr_mtu, 1500);
  ASSERT_EQ(ioctl(fd, SIOCGIFFLAGS, &request), 0);
  EXPECT_EQ(request.ifr_flags & IFF_UP, IFF_UP);
  ASSERT_EQ(ioctl(fd, SIOCGIFADDR, &request), 0);
  EXPECT_EQ(Octets(request.ifr_addr.sa_data + 2, 4), ip_octets(kOurs4));
  close(fd);
}

TEST_P(TwoWayTest, TheKernelAnswersArp) {
  path_->start();
  punt(path_->from_worker(0).urgent, arp_request(kOurs4));
  const Octets reply =
      hear([](const Octets& f) { return f.size() >= 42 && read16(f, 12) == 0x0806 && read16(f, 20) == 2; });
  ASSERT_FALSE(reply.empty());
  EXPECT_EQ(reply.substr(0, 12), kPeerMac + wire_->mac());
  EXPECT_EQ(reply.substr(22, 10), wire_->mac() + ip_octets(kOurs4));
}

TEST_P(TwoWayTest, TheKernelAnswersPingWithFullChecksums) {
  path_->start();
  punt(path_->from_worker(0).urgent, arp_request(kOurs4));  // so that it knows where the peer is
  Octets echo = changed(Udp{.destination_mac = wire_->mac(), .payload = Octets(57, 'p')}.frame(), [](Octets& f) {
    f.replace(23, 1, "\1");
    f.replace(34, 4, Octets("\x08\0\0\0", 4));
    write16(f, 36, internet_checksum(f.substr(34)));
  });
  punt(path_->from_worker(0).bulk, echo);
  const Octets reply = hear([](const Octets& f) { return f.size() > 34 && read16(f, 12) == 0x0800 && f[23] == 1; });
  ASSERT_FALSE(reply.empty());
  EXPECT_EQ(reply[34], 0) << "echo reply";
  EXPECT_EQ(internet_checksum(reply.substr(14, 20)), 0U);
  EXPECT_EQ(internet_checksum(reply.substr(34)), 0U);
  EXPECT_GE(path_->stats().to_kernel, 2U);
}

TEST_P(TwoWayTest, TheKernelFillsInChecksumsOfItsOwnTraffic) {
  path_->start();
  punt(path_->from_worker(0).urgent, arp_request(kOurs4));
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port = htons(5300);
  inet_pton(AF_INET, kPeer4.c_str(), &peer.sin_addr);
  const Octets large(4000, 'u');  // more than the MTU: the kernel has to cut it up
  ASSERT_EQ(sendto(fd, large.data(), large.size(), 0, reinterpret_cast<sockaddr*>(&peer), sizeof peer), 4000);
  ASSERT_EQ(sendto(fd, "odd", 3, 0, reinterpret_cast<sockaddr*>(&peer), sizeof peer), 3);
  const auto is_udp = [](const Octets& f) { return f.size() > 42 && read16(f, 12) == 0x0800 && f[23] == 17; };
  for (int i = 0; i < 3; ++i) {
    const Octets fragment = hear(is_udp);
    EXPECT_LE(fragment.size(), 1514U);
    EXPECT_NE(read16(fragment, 20) & 0x3FFF, 0U);
  }
  const Octets frame = hear(is_udp);
  ASSERT_EQ(frame.size(), 45U);
  EXPECT_EQ(internet_checksum(pseudo_header(ip_octets(kOurs4), ip_octets(kPeer4), 11) + frame.substr(34)), 0U);
  close(fd);
}

TEST_P(TwoWayTest, WritesPacketsInSeveralPieces) {
  path_->start();
  const Octets request = arp_request(kOurs4);
  rte_mbuf* head = packet_of(wire_->port().pool(), request.substr(0, 20));
  ASSERT_EQ(rte_pktmbuf_chain(head, packet_of(wire_->port().pool(), request.substr(20))), 0);
  head->port = wire_->port().id();
  ASSERT_EQ(path_->from_worker(0).bulk.send({&head, 1}), 1U);
  EXPECT_FALSE(hear([](const Octets& f) { return read16(f, 12) == 0x0806; }).empty());
}

TEST_P(TwoWayTest, CarriesWhatIsUnderWayWhenItStops) {
  for (int i = 0; i < 100; ++i) punt(path_->from_worker(0).bulk, arp_request("192.0.2.99"));
  path_->start();
  path_->stop();
  EXPECT_EQ(path_->stats().to_kernel, 100U);
}

// A port that takes only queries has no tap: what it leaves to the kernel comes to the kernel's sockets all the same.
class InjectionTest : public KernelPathTest {
 protected:
  void SetUp() override {
    KernelPathTest::SetUp();
    if (IsSkipped()) return;
    path_.reset();
    wire_ = std::make_unique<Wire>("queries" + std::to_string(++serial_), Intake::queries);
    set_loopback_up();
    for (const Address& address : addresses_) Netlink().add_address(if_nametoindex("lo"), address);
    const std::array<const Port*, 1> ports = {&wire_->port()};
    path_.emplace(ports, Carrier::tap, "dptest", addresses_, 1);
    path_->start();
  }
  void TearDown() override {
    if (!IsSkipped()) {
      for (const Address& address : addresses_) Netlink().remove_address(if_nametoindex("lo"), address);
    }
    KernelPathTest::TearDown();
  }

 private:
  static void set_loopback_up() {
    const FileDescriptor fd(socket(AF_INET, SOCK_DGRAM, 0));
    ifreq request{.ifr_ifrn = {"lo"}, .ifr_ifru = {}};
    request.ifr_flags = IFF_UP;
    ASSERT_EQ(ioctl(fd.get(), SIOCSIFFLAGS, &request), 0);
  }

  static inline unsigned serial_ = 0;
};

TEST_F(InjectionTest, MakesNoInterface) {
  EXPECT_EQ(path_->tap_name(0), "");
  EXPECT_EQ(path_->to_wire(0), nullptr);
  EXPECT_EQ(if_nametoindex("dptest0"), 0U);
}

TEST_F(InjectionTest, DatagramsReachTheSocketsOfTheirDestination) {
  for (const bool v6 : {false, true}) {
    const FileDescriptor fd(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0));
    sockaddr_storage ours{}, from{};
    auto& v4_ours = reinterpret_cast<sockaddr_in&>(ours);
    auto& v6_ours = reinterpret_cast<sockaddr_in6&>(ours);
    ours.ss_family = v6 ? AF_INET6 : AF_INET;
    v4_ours.sin_port = htons(53);  // at the same place in both
    inet_pton(ours.ss_family, (v6 ? kOurs6 : kOurs4).c_str(),
              v6 ? static_cast<void*>(&v6_ours.sin6_addr) : static_cast<void*>(&v4_ours.sin_addr));
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<sockaddr*>(&ours), sizeof ours), 0) << std::strerror(errno);
    const timeval patience{10, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);

    const Octets tag = octets16(0x8100) + octets16(123);
    punt(path_->from_worker(0).bulk, Udp{.v6 = v6, .tags = tag, .payload = "request", .trailer = "padding"}.frame());
    Octets payload(100, '\0');
    socklen_t size = sizeof from;
    const ssize_t received =
        recvfrom(fd.get(), payload.data(), payload.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    ASSERT_EQ(received, 7) << (v6 ? "IPv6" : "IPv4");
    EXPECT_EQ(payload.substr(0, 7), "request");
    EXPECT_EQ(ntohs(reinterpret_cast<sockaddr_in&>(from).sin_port), 40000) << "who sent it";
  }
  path_->stop();  // counts what it has sent
  EXPECT_EQ(path_->stats().to_kernel, 2U);
}

TEST_F(InjectionTest, WhatIsNoPacketIsRefused) {
  punt(path_->from_worker(0).urgent, arp_request(kOurs4));
  path_->stop();
  EXPECT_EQ(path_->stats().to_kernel, 0U);
  EXPECT_EQ(path_->stats().dropped[0].value, 1U);
}

TEST_F(KernelPathTest, RefusesTheImpossibleWithASentence) {
  const auto complaint = [&](Carrier carrier, const std::string& name) -> std::string {
    try {
      KernelInterface::make(carrier, name, wire_->port(), {});
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  for (const Carrier carrier : {Carrier::tap, Carrier::vhost_net}) {
    EXPECT_TRUE(complaint(carrier, "a-name-that-is-too-long").ends_with("it needs 1 to 15 characters"));
    EXPECT_TRUE(complaint(carrier, "").ends_with("it needs 1 to 15 characters"));
    EXPECT_TRUE(complaint(carrier, "lo").starts_with("kernel path interface lo: ")) << "lo is taken";
  }
  if (!kHasVhostNet) {
    EXPECT_NE(complaint(Carrier::vhost_net, "vhost").find("modprobe vhost_net"), std::string::npos);
  }
}

}  // namespace
}  // namespace axfrd::dataplane
