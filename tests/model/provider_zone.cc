#include "tests/model/provider_zone.h"

#include <algorithm>
#include <sstream>

namespace axfrd::model {
namespace {

constexpr size_t kLongestName = 255;  // RFC 1035 §2.3.4

constexpr uint16_t kNs = 2, kCname = 5, kSoa = 6, kDname = 39, kPrivate = 65280;

// How the data of a type are made. A word is a name (n), a character string (t), octets (r and how many, * some), or
// hexadecimal digits. A type may have several forms.
constexpr struct {
  uint16_t type;
  const char* recipe;
} kRecipes[] = {
    {1, "r4"},                                               // A
    {2, "n"},                                                // NS
    {3, "n"},                                                // MD
    {4, "n"},                                                // MF
    {5, "n"},                                                // CNAME
    {7, "n"},                                                // MB
    {8, "n"},                                                // MG
    {9, "n"},                                                // MR
    {10, "r*"},                                              // NULL
    {11, "r4 0600000040"},                                   // WKS
    {12, "n"},                                               // PTR
    {13, "t t"},                                             // HINFO
    {14, "n n"},                                             // MINFO
    {15, "r2 n"},                                            // MX
    {16, "t"},                                               // TXT
    {16, "t t t"},                                           // TXT
    {17, "n n"},                                             // RP
    {18, "r2 n"},                                            // AFSDB
    {19, "06333131303631"},                                  // X25
    {20, "0431323334 0131"},                                 // ISDN
    {21, "r2 n"},                                            // RT
    {22, "4700058000000000000000000000 r6"},                 // NSAP
    {23, "n"},                                               // NSAP-PTR
    {24, "00010d01 00000e10 75000000 70000000 1234 n r64"},  // SIG
    {25, "0100030d r64"},                                    // KEY
    {26, "r2 n n"},                                          // PX
    {27, "0431302e30 0431302e30 0431302e30"},                // GPOS
    {28, "r16"},                                             // AAAA
    {29, "0012161389172dd070be15f000988d20"},                // LOC
    {30, "n 62000080"},                                      // NXT
    {31, "r*"},                                              // EID
    {32, "r*"},                                              // NIMLOC
    {33, "r6 n"},                                            // SRV
    {34, "01333136"},                                        // ATMA
    {35, "r4 0153 075349502b443255 00 n"},                   // NAPTR
    {36, "r2 n"},                                            // KX
    {37, "0001 r2 08 r*"},                                   // CERT
    {38, "00 r16"},                                          // A6
    {39, "n"},                                               // DNAME
    {40, "010203 r*"},                                       // SINK
    {42, "00011803c00002"},                                  // APL
    {43, "r2 0d02 r32"},                                     // DS
    {44, "0102 r32"},                                        // SSHFP
    {45, "0a0002 r8"},                                       // IPSECKEY
    {45, "0a0302 n r8"},                                     // IPSECKEY
    {46, "00010d01 00000e10 75000000 70000000 1234 n r64"},  // RRSIG
    {47, "n 000140"},                                        // NSEC
    {48, "0100030d r64"},                                    // DNSKEY
    {49, "000201 r32"},                                      // DHCID
    {50, "010000000014 r20 000140"},                         // NSEC3
    {51, "0100000102aabb"},                                  // NSEC3PARAM
    {52, "030101 r32"},                                      // TLSA
    {53, "030101 r32"},                                      // SMIMEA
    {55, "10020004 r16 r4 n"},                               // HIP
    {56, "t"},                                               // NINFO
    {57, "0000010d r64"},                                    // RKEY
    {58, "n n"},                                             // TALINK
    {59, "r2 0d02 r32"},                                     // CDS
    {60, "0101030d r64"},                                    // CDNSKEY
    {61, "r*"},                                              // OPENPGPKEY
    {62, "00000042 0003 000460000008"},                      // CSYNC
    {63, "r4 0101 r48"},                                     // ZONEMD
    {64, "0001 n 00010003026832"},                           // SVCB
    {64, "0000 n"},                                          // SVCB
    {65, "0001 00 00010003026832"},                          // HTTPS
    {66, "003b0114e9 n"},                                    // DSYNC
    {99, "t"},                                               // SPF
    {100, "t"},                                              // UINFO
    {101, "r4"},                                             // UID
    {102, "r4"},                                             // GID
    {103, "r*"},                                             // UNSPEC
    {104, "r10"},                                            // NID
    {105, "r6"},                                             // L32
    {106, "r10"},                                            // L64
    {107, "r2 n"},                                           // LP
    {108, "r6"},                                             // EUI48
    {109, "r8"},                                             // EUI64
    {256, "r4 6674703a2f2f61"},                              // URI
    {257, "00056973737565 63612e6578616d706c65"},            // CAA
    {258, "t"},                                              // AVC
    {259, "r8 01 t r*"},                                     // DOA
    {260, "0a01 r4"},                                        // AMTRELAY
    {260, "0a03 n"},                                         // AMTRELAY
    {261, "08716e616d656d696e"},                             // RESINFO
    {262, "t t"},                                            // WALLET
    {32768, "r2 0d02 r32"},                                  // TA
    {32769, "r2 0d02 r32"},                                  // DLV
    {kPrivate, "r*"},
};

WireName label(const std::string& octets) { return static_cast<char>(octets.size()) + octets; }
WireName parent(const WireName& name) {
  return name.size() == 1 ? name : name.substr(1 + static_cast<uint8_t>(name[0]));
}
size_t label_count(const WireName& name) {
  size_t count = 0;
  for (WireName rest = name; rest.size() > 1; rest = parent(rest)) ++count;
  return count;
}
WireName last_labels(WireName name, size_t count) {
  while (label_count(name) > count) name = parent(name);
  return name;
}
// `name` behind these labels, or alone if that is no name.
WireName below(const std::string& labels, const WireName& name) {
  return labels.size() + name.size() <= kLongestName ? labels + name : name;
}
// The labels of "ns1.provider", to stand in front of a name.
std::string labels(const std::string& text) {
  const WireName name = wire_name(text + ".");
  return name.substr(0, name.size() - 1);
}

}  // namespace

WireName wire_name(const std::string& text) {
  WireName name;
  for (size_t at = 0; at < text.size() && text != ".";) {
    const size_t dot = text.find('.', at);
    name += label(text.substr(at, dot - at));
    at = dot + 1;
  }
  return name + '\0';
}

std::string lower(std::string octets) {
  for (char& octet : octets) {
    if (octet >= 'A' && octet <= 'Z') octet = static_cast<char>(octet - 'A' + 'a');
  }
  return octets;
}

std::string be16(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }
std::string be32(uint32_t value) { return be16(value >> 16) + be16(value & 0xFFFF); }

uint32_t WireZone::serial() const {
  uint32_t serial = 0;
  for (size_t i = soa.rdata.size() - 20; i < soa.rdata.size() - 16; ++i)
    serial = serial << 8 | static_cast<uint8_t>(soa.rdata[i]);
  return serial;
}

const std::vector<uint16_t>& zone_types() {
  static const std::vector<uint16_t> types = [] {
    std::vector<uint16_t> all;
    for (const auto& [type, recipe] : kRecipes) {
      if (all.empty() || all.back() != type) all.push_back(type);
    }
    return all;
  }();
  return types;
}

ProviderZone::ProviderZone(Choices& choices, uint32_t records) : choose_(choices) {
  zone_.apex = any_apex();
  spelling_.emplace(lower(zone_.apex), zone_.apex);
  static constexpr uint32_t kSerials[] = {1, 0, 2026113001, 0x7FFFFFFF, 0xFFFFFFFE};
  make_soa(choose_.of(kSerials));
  if (records == 0) return;
  if (choose_.one_in(20)) {
    add_giant();
    return;
  }
  const uint32_t servers = choose_.between(0, 3);
  for (uint32_t i = 0; i < servers; ++i) add(zone_.apex, kNs, name_near(zone_.apex));
  add_some(records);
}

WireName ProviderZone::any_apex() {
  static const char* const kApexes[] = {
      "customer.com.",
      "customer.co.uk.",
      "a.b.customer.com.",
      "CUSTOMER.Com.",
      "com.",
      "2.0.192.in-addr.arpa.",
      "64/26.2.0.192.in-addr.arpa.",
      "8.b.d.0.1.0.0.2.ip6.arpa.",
      "com.com.com.",
      "xn--bcher-kva.example.",
      "xn--p1ai.",
      ".",
      "_tcp.customer.",
  };
  switch (choose_.below(8)) {
    case 0: {  // 127 labels
      WireName name(1, '\0');
      while (name.size() + 2 <= kLongestName) name.insert(0, label(std::string(1, "abc"[choose_.below(3)])));
      return name;
    }
    case 1: {  // 255 octets in few labels
      WireName name = wire_name("com.");
      while (name.size() < kLongestName - 1)
        name.insert(0, label(std::string(std::min<size_t>(63, kLongestName - name.size() - 1), 'x')));
      return name;
    }
    case 2: {  // any octets
      WireName name = choose_.one_in(2) ? wire_name("com.") : WireName(1, '\0');
      for (uint32_t i = choose_.between(1, 4); i > 0; --i)
        name = below(label(choose_.octets(choose_.between(1, 20))), name);
      return name;
    }
    default:
      return wire_name(choose_.of(kApexes));
  }
}

WireName ProviderZone::other_case(WireName name) {
  for (size_t at = 0; name[at] != '\0'; at += 1 + static_cast<uint8_t>(name[at])) {
    for (size_t i = at + 1; i <= at + static_cast<uint8_t>(name[at]); ++i) {
      const bool letter = (name[i] >= 'a' && name[i] <= 'z') || (name[i] >= 'A' && name[i] <= 'Z');
      if (letter && choose_.one_in(2)) name[i] = static_cast<char>(name[i] ^ 0x20);
    }
  }
  return name;
}

WireName ProviderZone::name_near(const WireName& apex) {
  static const char* const kHosts[] = {"ns1", "ns2", "hostmaster", "mail", "www", "a.b", "ns1.dns"};
  const std::string host = labels(choose_.of(kHosts));
  const WireName name = [&]() -> WireName {
    switch (choose_.below(14)) {
      case 0:
        return below(host + labels("provider"), last_labels(apex, 1));
      case 1:
        return below(host + labels("provider"), last_labels(apex, 2));
      case 2:
        return below(host, apex);
      case 3:
        return apex;
      case 4:
        return parent(apex);
      case 5:
        return below(host, parent(apex));
      case 6:
        return below(host + labels("sibling"), parent(apex));
      case 7:
        return below(labels("a.very.long.name.of.a.primary.server.that.has.more.labels.than.the.apex"), apex);
      case 8:
        return below(host, parent(parent(apex)));
      case 9:
        return wire_name("ns1.elsewhere.test.");
      case 10:
        return WireName(1, '\0');
      case 11:  // the apex's first label elsewhere
        return apex.size() == 1 ? apex : below(apex.substr(0, 1 + static_cast<uint8_t>(apex[0])), wire_name("net."));
      case 12:  // the apex's labels twice
        return below(apex.substr(0, apex.size() - 1), apex);
      default:
        return owners_.empty() ? apex : owners_[choose_.below(static_cast<uint32_t>(owners_.size()))];
    }
  }();
  return choose_.one_in(5) ? other_case(name) : name;
}

WireName ProviderZone::owner() {
  static const char* const kLabels[] = {"www", "mail", "ns1", "*", "_dmarc", "a", "b", "provider", "com", "sub"};
  const WireName& apex = zone_.apex;
  const WireName name = [&]() -> WireName {
    const WireName& known = owners_.empty() ? apex : owners_[choose_.below(static_cast<uint32_t>(owners_.size()))];
    switch (choose_.below(16)) {
      case 0:
      case 1:
        return apex;
      case 2:
      case 3:
        return below(labels(choose_.of(kLabels)), apex);
      case 4:
      case 5:
        return known;
      case 6:
        return below(labels(choose_.of(kLabels)), known);
      case 7:
        return below(labels(choose_.of(kLabels)), known.size() > apex.size() ? parent(known) : apex);
      case 8:
        return below(label(choose_.octets(choose_.between(1, 8))), apex);
      case 9:
        return below(label(std::string(63, 'x')), known);
      default:
        return below(labels("host" + std::to_string(next_host_++)), apex);
    }
  }();
  return choose_.one_in(8) ? other_case(name) : name;
}

std::string ProviderZone::data_from(const char* recipe) {
  std::string data;
  std::istringstream words(recipe);
  for (std::string word; words >> word;) {
    if (word == "n") {
      data += name_near(zone_.apex);
    } else if (word == "t") {
      data += label(choose_.octets(choose_.below(30)));
    } else if (word[0] == 'r') {
      data += choose_.octets(word == "r*" ? choose_.between(1, 40) : std::stoul(word.substr(1)));
    } else {
      for (size_t i = 0; i < word.size(); i += 2) data += static_cast<char>(std::stoul(word.substr(i, 2), nullptr, 16));
    }
  }
  return data;
}

std::string ProviderZone::data_of(uint16_t type) {
  std::vector<const char*> forms;
  for (const auto& [t, recipe] : kRecipes) {
    if (t == type) forms.push_back(recipe);
  }
  return data_from(forms[choose_.below(static_cast<uint32_t>(forms.size()))]);
}

void ProviderZone::make_soa(uint32_t serial) {
  const std::string names = name_near(zone_.apex) + name_near(zone_.apex);
  zone_.soa = {zone_.apex, kSoa, choose_.below(86400), names + be32(serial)};
  for (const uint32_t number : {3600U, 600U, 86400U, choose_.below(86400)}) zone_.soa.rdata += be32(number);
}

// Leaves out what may not stand beside what is there.
void ProviderZone::add(const WireName& wanted, uint16_t type, const std::string& rdata) {
  const WireName& owner = spelling_.try_emplace(lower(wanted), wanted).first->second;
  if (owner == zone_.apex && type == kCname) return;  // beside the SOA
  const auto there = names_.find(owner);
  if (there != names_.end()) {
    const auto& types = there->second.types;
    if (type == kCname || types.contains(kCname)) return;
    if (type == kDname && (types.contains(kDname) || types.contains(kNs))) return;
    if (type == kNs && types.contains(kDname)) return;
  }
  const std::string& spelled =
      data_spelling_.try_emplace(lower(owner) + be16(type) + lower(rdata), rdata).first->second;
  AtName& at =
      names_.try_emplace(owner, AtName{choose_.one_in(2) ? 3600 : choose_.below(0x80000000), {}}).first->second;
  if (!zone_.records.insert({owner, type, at.ttl, spelled}).second) return;
  at.types.insert(type);
  owners_.push_back(owner);
}

void ProviderZone::add_type(uint16_t type) {
  for (unsigned tries = 0; tries < 100; ++tries) {
    const size_t before = zone_.records.size();
    add(type == kCname ? below(labels("alias" + std::to_string(next_host_++)), zone_.apex) : owner(), type,
        data_of(type));
    if (zone_.records.size() != before) return;
  }
}

void ProviderZone::add_some(uint32_t records) {
  const auto& types = zone_types();
  for (uint32_t left = records; left > 0;) {
    if (choose_.one_in(50)) {  // many at one name
      const WireName name = owner();
      const uint32_t count = std::min(left, choose_.between(2, 600));
      for (uint32_t i = 0; i < count; ++i) add(name, 1, be32(0x0A000000 + i));
      left -= count;
      continue;
    }
    // Half of the records are of the types whose names are compressed, and addresses.
    static constexpr uint16_t kUsual[] = {1, 1, 2, 5, 12, 15, 14, 16, 28, 33};
    const uint16_t type =
        choose_.one_in(2) ? choose_.of(kUsual) : types[choose_.below(static_cast<uint32_t>(types.size()))];
    add(owner(), type, data_of(type));
    --left;
  }
  if (choose_.one_in(12)) add_giant();
}

// A record that leaves little room in its message, or none.
void ProviderZone::add_giant() {
  const WireName name =
      choose_.one_in(3) ? zone_.apex : below(labels("giant" + std::to_string(next_host_++)), zone_.apex);
  // A message of 65 535 octets has its header, the question, the record and 512 octets for a signature; the question is
  // the apex in a transfer, and the owner in an answer, where the record points at it.
  const size_t room = 65535 - 12 - 4 - 10 - 512;
  const size_t most = room - name.size() - std::max<size_t>(zone_.apex.size(), 2);
  const uint32_t sizes[] = {3900, 4000, 15000, 16300, 16384, 20000, 40000, static_cast<uint32_t>(most)};
  const size_t size = std::min<size_t>(most, choose_.of(sizes));
  const auto type = static_cast<uint16_t>(kPrivate + 1 + next_host_++ % 100);  // an RRset of its own
  add(name, type, std::string(size, static_cast<char>(choose_.below(256))));
}

void ProviderZone::remove_some() {
  const uint32_t one_in = choose_.one_in(8) ? 2 : static_cast<uint32_t>(1 + zone_.records.size() / 3);
  for (auto record = zone_.records.begin(); record != zone_.records.end();) {
    if (!choose_.one_in(one_in)) {
      ++record;
      continue;
    }
    const auto at = names_.find(record->owner);
    at->second.types.erase(at->second.types.find(record->type));
    if (at->second.types.empty()) names_.erase(at);
    record = zone_.records.erase(record);
  }
}

void ProviderZone::change_ttl() {
  if (names_.empty()) return;
  const auto at = names_.find(owners_[choose_.below(static_cast<uint32_t>(owners_.size()))]);
  if (at == names_.end()) return;
  at->second.ttl = choose_.below(100000);
  std::vector<WireRecord> records;
  auto record = zone_.records.lower_bound({at->first, 0, 0, {}});
  while (record != zone_.records.end() && record->owner == at->first) {
    records.push_back(*record);
    record = zone_.records.erase(record);
  }
  for (WireRecord& r : records) {
    r.ttl = at->second.ttl;
    zone_.records.insert(std::move(r));
  }
}

void ProviderZone::change() {
  const uint32_t serial = zone_.serial() + (choose_.one_in(10) ? choose_.between(1, 0x7FFFFFFF) : 1);
  if (choose_.one_in(4)) {
    make_soa(serial);
  } else {
    zone_.soa.rdata.replace(zone_.soa.rdata.size() - 20, 4, be32(serial));
  }
  for (uint32_t actions = choose_.between(1, 3); actions > 0; --actions) {
    switch (choose_.below(8)) {
      case 0:
      case 1:
      case 2:
        remove_some();
        break;
      case 3:
        change_ttl();
        break;
      case 4:
        if (choose_.one_in(8)) add_giant();
        break;
      default:
        add_some(choose_.between(1, 8));
    }
  }
}

}  // namespace axfrd::model
