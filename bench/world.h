// Deterministic zones for benches.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include "zones/data/version.h"
#include "zones/data/zone_table.h"

namespace axfrd::bench {

inline zones::Name name_of(const std::string& text) { return *zones::Name::from_text(text); }

using zones::bytes_of;

inline std::string wire_of(const std::string& text) {
  const zones::Name n = name_of(text);
  return {reinterpret_cast<const char*>(n.view().data()), n.view().size()};
}

// Adds SOA and NS of a zone.
inline void add_apex(zones::RecordSet& records, const std::string& apex) {
  std::string soa = wire_of("ns1.provider.test.") + wire_of("hostmaster.provider.test.");
  for (const uint32_t n : {1U, 3600U, 900U, 604800U, 300U}) {
    std::array<uint8_t, 4> number;
    zones::store32(number.data(), n);
    soa.append(reinterpret_cast<const char*>(number.data()), 4);
  }
  records.add({name_of(apex), zones::rrtype::SOA, 3600, bytes_of(soa)});
  for (const char* ns : {"ns1.provider.test.", "ns2.provider.test."}) {
    records.add({name_of(apex), zones::rrtype::NS, 3600, bytes_of(wire_of(ns))});
  }
}

inline std::string small_apex(unsigned i) { return "customer" + std::to_string(i) + ".test."; }

// A zone as most customers have: 12 records.
inline zones::VersionRef small_zone(unsigned i) {
  const std::string apex = small_apex(i);
  zones::RecordSet records(name_of(apex));
  add_apex(records, apex);
  const std::string v4("\xC0\x00\x02\x01", 4), v6(16, '\x20');
  for (const char* host : {"", "www.", "mail.", "ftp."}) {
    records.add({name_of(host + apex), zones::rrtype::A, 300, bytes_of(v4)});
    if (*host != 'f') records.add({name_of(host + apex), zones::rrtype::AAAA, 300, bytes_of(v6)});
  }
  records.add({name_of(apex), zones::rrtype::MX, 300, bytes_of(std::string("\0\x0A", 2) + wire_of("mail." + apex))});
  const std::string text = "v=spf1 mx -all";
  records.add(
      {name_of(apex), zones::rrtype::TXT, 300, bytes_of(std::string(1, static_cast<char>(text.size())) + text)});
  records.finish();
  return zones::ZoneVersion::build(records);
}

inline std::string host_of(unsigned i, const std::string& apex) { return "host" + std::to_string(i) + "." + apex; }
inline std::string cut_of(unsigned i, const std::string& apex) { return "cut" + std::to_string(i) + "." + apex; }

// A zone of `hosts` addresses and `cuts` delegations of two servers with glue.
inline zones::VersionRef big_zone(const std::string& apex, unsigned hosts, unsigned cuts) {
  zones::RecordSet records(name_of(apex));
  add_apex(records, apex);
  for (unsigned i = 0; i < hosts; ++i) {
    std::array<uint8_t, 4> address;
    zones::store32(address.data(), 0x0A000000 + i);
    records.add({name_of(host_of(i, apex)), zones::rrtype::A, 300, address});
  }
  for (unsigned i = 0; i < cuts; ++i) {
    for (const char* server : {"ns1.", "ns2."}) {
      const std::string host = server + cut_of(i, apex);
      records.add({name_of(cut_of(i, apex)), zones::rrtype::NS, 3600, bytes_of(wire_of(host))});
      records.add({name_of(host), zones::rrtype::A, 3600, bytes_of(std::string("\xC0\x00\x02\x35", 4))});
    }
  }
  records.finish();
  return zones::ZoneVersion::build(records);
}

// A signature of the form that ECDSA P-256 has, over an RRset of this type and owner. Nobody checks it here.
inline std::string rrsig_of(uint16_t type, const std::string& owner, const std::string& apex) {
  std::array<uint8_t, 18> head{};
  zones::store16(&head[0], type);
  head[2] = 13;
  head[3] = static_cast<uint8_t>(name_of(owner).view().label_count());
  zones::store32(&head[4], 300);
  return std::string(head.begin(), head.end()) + wire_of(apex) + std::string(64, 's');
}

// A zone of `hosts` addresses, signed, with NSEC.
inline zones::VersionRef signed_zone(const std::string& apex, unsigned hosts) {
  using namespace zones;  // NOLINT(google-build-using-namespace)
  RecordSet records(name_of(apex));
  add_apex(records, apex);
  const auto sign = [&](const std::string& owner, uint16_t type) {
    records.add({name_of(owner), rrtype::RRSIG, 300, bytes_of(rrsig_of(type, owner, apex))});
  };
  std::vector<std::string> owners{apex};
  for (unsigned i = 0; i < hosts; ++i) owners.push_back(host_of(i, apex));
  std::sort(owners.begin(), owners.end(),
            [](const std::string& a, const std::string& b) { return canonical_order(name_of(a), name_of(b)) < 0; });
  sign(apex, rrtype::SOA);
  sign(apex, rrtype::NS);
  for (size_t i = 0; i < owners.size(); ++i) {
    const std::string& owner = owners[i];
    if (owner != apex) {
      records.add({name_of(owner), rrtype::A, 300, bytes_of(std::string("\x0A\0\0\1", 4))});
      sign(owner, rrtype::A);
    }
    const std::string bitmap("\0\6\x62\1\0\0\0\3", 8);
    records.add({name_of(owner), rrtype::NSEC, 300, bytes_of(wire_of(owners[(i + 1) % owners.size()]) + bitmap)});
    sign(owner, rrtype::NSEC);
  }
  records.finish();
  return ZoneVersion::build(records);
}

}  // namespace axfrd::bench
