// Ethernet frames: from what a port receives to what it sends, as a worker does it.
//
// Input: an octet that says what the device has checked already, the frame.
#include <algorithm>

#include "dataplane/packet.h"
#include "tests/dataplane/frames.h"
#include "tests/fuzz/fuzz.h"

using namespace axfrd;             // NOLINT(google-build-using-namespace)
using namespace axfrd::dataplane;  // NOLINT(google-build-using-namespace)

namespace {

constexpr unsigned kRoom = 2048;

const Interface& interface() {
  static const std::array<Address, 2> addresses{Address::parse(test::kOurs4), Address::parse(test::kOurs6)};
  static const AddressSet set(addresses);
  static const Interface interface = [] {
    Interface port;
    std::ranges::copy(test::kOurMac, port.mac.begin());
    port.addresses = &set;
    return port;
  }();
  return interface;
}

// Writes the response behind the headers; its size, or nothing if there is none.
std::optional<unsigned> respond(zones::Query& query) {
  switch (query.parse()) {
    case zones::Disposition::answer:
      return fuzz::responder().respond(query);
    case zones::Disposition::transfer:
      return fuzz::responder().refuse(query, zones::Rcode::notimp);
    default:
      return std::nullopt;
  }
}

// Headers as slow and obvious code finds them.
void check_frame(const test::Octets& frame, const test::Octets& request, const Datagram& datagram, unsigned dns_size) {
  fuzz::require(frame.size() == std::max(kMinFrame, datagram.dns_at() + dns_size), "a frame is padded, and no longer");
  fuzz::require(frame.substr(0, 6) == request.substr(6, 6), "a response goes to who asked");
  fuzz::require(frame.substr(6, 6) == test::kOurMac, "a response is from us");
  const unsigned addresses_at = datagram.l2_size + (datagram.v6() ? 8U : 12U), size = datagram.v6() ? 16 : 4;
  const test::Octets source = frame.substr(addresses_at, size), destination = frame.substr(addresses_at + size, size);
  fuzz::require(source == request.substr(addresses_at + size, size), "a response is from the address that was asked");
  fuzz::require(destination == request.substr(addresses_at, size), "a response goes to the address that asked");
  const unsigned udp_size = kUdpSize + dns_size;
  const test::Octets udp = frame.substr(datagram.udp_at(), udp_size);
  fuzz::require(test::read16(udp, 4) == udp_size, "a datagram says its size");
  fuzz::require(test::read16(udp, 6) != 0, "a datagram has a checksum");
  fuzz::require(test::internet_checksum(test::pseudo_header(source, destination, udp_size) + udp) == 0,
                "a datagram's checksum is right");
  if (datagram.v6()) return;
  fuzz::require(test::internet_checksum(frame.substr(datagram.l2_size, kIpv4Size)) == 0,
                "a header's checksum is right");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t flags = input.octet();
  const Bytes frame = input.rest();
  if (frame.size() > kRoom) return 0;
  const Bytes packet = ip_packet_in(frame);
  fuzz::require(packet.empty() || (packet[0] >> 4 == 4 && packet.size() >= kIpv4Size) || packet.size() >= kIpv6Size,
                "an IP packet has its header");
  Datagram datagram;
  const Verdict verdict = classify(frame, {(flags & 1) != 0, (flags & 2) != 0}, interface(), datagram);
  if (verdict != Verdict::answered) {
    fuzz::require(is_punt(verdict) != is_drop(verdict), "a frame is answered, punted or dropped");
    return 0;
  }
  std::vector<uint8_t> buffer(kRoom);
  std::ranges::copy(frame, buffer.begin());
  zones::Query query;
  query.message = buffer.data() + datagram.dns_at();
  query.size = datagram.dns_size;
  query.capacity = dns_capacity(datagram, kRoom, interface());
  query.client = sender_octets(buffer.data(), datagram);
  fuzz::require(query.capacity >= query.size && datagram.dns_at() + query.capacity <= kRoom, "the capacity is there");
  const auto dns_size = respond(query);
  if (!dns_size) return 0;
  fuzz::check_response(query, frame.subspan(datagram.dns_at(), datagram.dns_size), {query.message, *dns_size});
  const unsigned sent = turn_round(buffer.data(), datagram, *dns_size, interface());
  check_frame({buffer.begin(), buffer.begin() + sent}, {frame.begin(), frame.end()}, datagram, *dns_size);
  return 0;
}
