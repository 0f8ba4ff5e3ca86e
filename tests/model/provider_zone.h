// Zones as providers have them: their names share labels with each other in every way that names can, and they hold
// records of every type. In wire format, made without any code of the real ones.
//
// A zone of a provider's customer does not name itself: its SOA and NS are in a zone of the provider, mostly under the
// same top-level domain. So names in RDATA share some of the apex's labels, which is what compression turns on.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tests/model/choices.h"

namespace axfrd::model {

// A name in wire format, uncompressed, in the case it was made with.
using WireName = std::string;
// "www.example.com." without escapes. For tests.
WireName wire_name(const std::string& text);
// ASCII letters in lower case.
std::string lower(std::string octets);

struct WireRecord {
  WireName owner;
  uint16_t type = 0;
  uint32_t ttl = 0;
  std::string rdata;  // names in it uncompressed
  friend auto operator<=>(const WireRecord&, const WireRecord&) = default;
};

// A zone at one serial.
struct WireZone {
  WireName apex;
  WireRecord soa;
  std::set<WireRecord> records;  // without the SOA

  uint32_t serial() const;
};

std::string be16(unsigned value);
std::string be32(uint32_t value);

// Every type that a zone may hold, as far as IANA has assigned one, without SOA; and one of private use.
const std::vector<uint16_t>& zone_types();

// Makes one zone, and changes it.
class ProviderZone {
 public:
  // With about `records` records, at most.
  ProviderZone(Choices& choices, uint32_t records);

  const WireZone& now() const { return zone_; }
  // A change as customers make them: some records come, others go, TTLs and the SOA change. The serial grows.
  void change();
  // A record of this type, or as many as its owner may have with what is there. For a zone with one of each.
  void add_type(uint16_t type);

 private:
  WireName any_apex();
  WireName name_near(const WireName& apex);
  WireName other_case(WireName name);
  WireName owner();
  std::string data_of(uint16_t type);
  std::string data_from(const char* recipe);
  void make_soa(uint32_t serial);
  void add(const WireName& owner, uint16_t type, const std::string& rdata);
  void add_some(uint32_t records);
  void add_giant();
  void remove_some();
  void change_ttl();

  Choices& choose_;
  WireZone zone_;
  uint32_t next_host_ = 0;
  // What a name and a record were first spelled like, by their lower case. They keep that for good, for a server may
  // take one that comes in other case for the one that it has (RFC 4343 §3, RFC 4034 §6.2).
  std::map<std::string, WireName> spelling_;
  std::map<std::string, std::string> data_spelling_;
  struct AtName {
    uint32_t ttl;
    std::multiset<uint16_t> types;
    bool operator==(const AtName&) const = default;
  };
  std::map<WireName, AtName> names_;  // by owner
  std::vector<WireName> owners_;      // that ever were
};

}  // namespace axfrd::model
