#include "dataplane/neighbour.h"

#include <gtest/gtest.h>

#include "frames.h"

namespace axfrd::dataplane {
namespace {

using namespace test;

// ---- questions, and what a kernel says to them ----

Octets arp(unsigned operation, const Octets& destination_mac, const Octets& from_mac, const std::string& from,
           const Octets& to_mac, const std::string& to, const Octets& tags = {}) {
  const Octets frame = destination_mac + from_mac + tags + octets16(0x0806) + octets16(1) + octets16(0x0800) +
                       Octets("\6\4", 2) + octets16(operation) + from_mac + ip_octets(from) + to_mac + ip_octets(to);
  return frame + Octets(std::max<size_t>(60, frame.size()) - frame.size(), '\0');
}
Octets arp_request(const std::string& from = kPeer4, const std::string& to = kOurs4, const Octets& tags = {}) {
  return arp(1, Octets(6, '\xFF'), kPeerMac, from, Octets(6, '\0'), to, tags);
}

const Octets kGroupMac("\x33\x33\xFF\x00\x00\x53", 6);
const std::string kGroup = "ff02::1:ff00:53";
const Octets kSourceMac = Octets("\1\1", 2) + kPeerMac, kTargetMac = Octets("\2\1", 2) + kOurMac;

Octets icmpv6(const Octets& destination_mac, const Octets& source_mac, const std::string& from, const std::string& to,
              Octets message) {
  write16(message, 2, 0);
  const Octets pseudo = ip_octets(from) + ip_octets(to) + octets16(0) +
                        octets16(static_cast<unsigned>(message.size())) + Octets("\0\0\0\x3A", 4);
  write16(message, 2, internet_checksum(pseudo + message));
  return destination_mac + source_mac + octets16(0x86DD) + Octets("\x60\0\0\0", 4) +
         octets16(static_cast<unsigned>(message.size())) + Octets("\x3A\xFF", 2) + ip_octets(from) + ip_octets(to) +
         message;
}
Octets solicitation(const Octets& options = kSourceMac, const std::string& from = kPeer6,
                    const std::string& to = kGroup, const std::string& target = kOurs6) {
  return icmpv6(to == kGroup ? kGroupMac : kOurMac, kPeerMac, from, to,
                Octets("\x87\0\0\0\0\0\0\0", 8) + ip_octets(target) + options);
}
Octets advertisement() {
  return icmpv6(kPeerMac, kOurMac, kOurs6, kPeer6, Octets("\x88\0\0\0\x60\0\0\0", 8) + ip_octets(kOurs6) + kTargetMac);
}

class NeighbourTest : public testing::Test {
 protected:
  NeighbourTest() { std::copy(kOurMac.begin(), kOurMac.end(), interface_.mac.begin()); }

  // The reply, or nothing.
  Octets reply(Octets frame, size_t room = 200) {
    const Octets asked = frame;
    const size_t size = frame.size();
    frame.resize(200, '\x55');
    const unsigned n =
        answer_neighbour({reinterpret_cast<uint8_t*>(frame.data()), size}, static_cast<unsigned>(room), interface_);
    if (n == 0) {
      EXPECT_EQ(frame.substr(0, size), asked) << "untouched";
    }
    return frame.substr(0, n);
  }

  const std::array<Address, 2> ours_{Address::parse(kOurs4), Address::parse(kOurs6)};
  const AddressSet addresses_{ours_};
  Interface interface_{{}, 1500, false, &addresses_};
};

TEST_F(NeighbourTest, AnArpRequestBecomesItsReply) {
  const Octets tag = octets16(0x8100) + octets16(7);
  EXPECT_EQ(reply(arp_request()), arp(2, kPeerMac, kOurMac, kOurs4, kPeerMac, kPeer4));
  EXPECT_EQ(reply(arp_request(kPeer4, kOurs4, tag)), arp(2, kPeerMac, kOurMac, kOurs4, kPeerMac, kPeer4, tag));
}

TEST_F(NeighbourTest, ASolicitationBecomesAnAdvertisement) {
  EXPECT_EQ(reply(solicitation()), advertisement());
  EXPECT_EQ(reply(solicitation(kSourceMac, kPeer6, kOurs6)), advertisement()) << "to our address itself";
  EXPECT_EQ(reply(solicitation("", kPeer6, kOurs6)), advertisement()) << "without an option";
}

TEST_F(NeighbourTest, WhatIsNotThePlainQuestionIsTheKernels) {
  const auto kernels = [&](const Octets& frame, const char* what) { EXPECT_EQ(reply(frame), "") << what; };
  kernels(arp_request("0.0.0.0"), "a probe for duplicates");
  kernels(arp_request(kOurs4), "somebody who has our address");
  kernels(arp_request(kPeer4, "192.0.2.54"), "an address that is not ours");
  kernels(arp(2, kOurMac, kPeerMac, kPeer4, kOurMac, kOurs4), "a reply");
  kernels(arp_request().replace(22, 1, "x"), "for another MAC address than it came from");
  kernels(arp_request().replace(18, 1, "\x08"), "other hardware");
  kernels(arp_request().substr(0, 41), "cut short");
  kernels(solicitation("", "::"), "a probe for duplicates");
  kernels(solicitation(kSourceMac, kOurs6), "somebody who has our address");
  kernels(solicitation(kSourceMac, kPeer6, kGroup, "2001:db8::54"), "an address that is not ours");
  kernels(solicitation(kSourceMac, kPeer6, "ff02::1"), "to another group");
  kernels(solicitation(Octets("\x0E\1nonce!", 8)), "another option");
  kernels(solicitation(kSourceMac + kSourceMac), "two options");
  kernels(solicitation(Octets("\1\1", 2) + kOurMac), "another MAC address than it came from");
  kernels(solicitation().replace(56, 2, "xx"), "a wrong checksum");
  kernels(advertisement(), "an advertisement");
  for (size_t size = 54; size < solicitation().size(); ++size) kernels(solicitation().substr(0, size), "cut short");
}

TEST_F(NeighbourTest, AReplyNeedsRoom) {
  EXPECT_EQ(reply(solicitation("", kPeer6, kOurs6), 85), "");
  EXPECT_EQ(reply(solicitation("", kPeer6, kOurs6), 86), advertisement());
}

}  // namespace
}  // namespace axfrd::dataplane
