// What tests of the zones room share: zones from text, queries from pieces, and a plain decoder of messages.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "zones/answer/respond.h"
#include "zones/answer/transfer.h"
#include "zones/data/version.h"
#include "zones/data/zone_table.h"
#include "zones/text/zonefile.h"
#include "zones/wire/ldns.h"

namespace axfrd::zones::test {

inline Name name(const std::string& text) {
  const auto parsed = Name::from_text(text);
  if (!parsed) throw std::invalid_argument("no name: " + text);
  return *parsed;
}

inline VersionRef zone_of(const std::string& apex, const std::string& text) {
  auto parsed = parse_zone(text, name(apex), "test");
  if (auto* error = std::get_if<ZoneFileError>(&parsed)) throw std::invalid_argument(error->to_text());
  auto& zone = std::get<ZoneText>(parsed);
  return ZoneVersion::build(zone.records);
}

inline std::string refusal(const std::string& apex, const std::string& text) {
  auto parsed = parse_zone(text, name(apex), "test.zone");
  const auto* error = std::get_if<ZoneFileError>(&parsed);
  return error != nullptr ? error->to_text() : "";
}

// A record as text that compares: lower-case owner, type, TTL and data in presentation format.
inline std::string show(const Record& r) { return record_to_text(r); }

// All records of a version but the SOA.
inline std::multiset<std::string> records_of(const ZoneVersion& version) {
  std::multiset<std::string> all;
  version.for_each_record([&](const Record& r) {
    if (r.type != rrtype::SOA) all.insert(show(r));
  });
  return all;
}

// A zone example., its apex and what the text adds.
inline const std::string kApexRecords = "$TTL 3600\n@ IN SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\n";
inline std::multiset<std::string> parse(const std::string& text) {
  return records_of(*zone_of("example.", kApexRecords + text));
}

// A zone example. of an earlier release, which took a DS with too short a digest at d.example.
inline VersionRef zone_with_refused_record() {
  RecordSet records(name("example"));
  const auto text = parse_zone(kApexRecords + "a A 192.0.2.1\n", records.apex(), "test.zone");
  const RecordSet& sound = std::get<ZoneText>(text).records;
  for (size_t i = 0; i < sound.size(); ++i) EXPECT_FALSE(records.add(sound[i]));
  const std::string digest("\0\1\10\2xx", 6);
  const Name owner = name("d.example");
  EXPECT_FALSE(records.add({owner, rrtype::DS, 60, bytes_of(digest)}));
  EXPECT_FALSE(records.finish());
  return ZoneVersion::build(records);
}

struct QueryBytes {
  std::string bytes;
  std::array<uint8_t, kMaxMessage> buffer{};
  Query query;

  QueryBytes(const std::string& qname, uint16_t qtype, Transport transport = Transport::udp) {
    put16(0x1234);
    put16(0);
    put16(1);
    put16(0);
    put16(0);
    put16(0);
    const Name n = name(qname);
    bytes.append(text_of(n.view().bytes()));
    put16(qtype);
    put16(rrclass::IN);
    query.transport = transport;
  }
  void put16(unsigned v) {
    bytes += static_cast<char>(v >> 8);
    bytes += static_cast<char>(v);
  }
  QueryBytes& edns(unsigned payload, bool dnssec_ok = false, unsigned version = 0, const std::string& options = "") {
    bytes[11] = static_cast<char>(bytes[11] + 1);
    bytes += '\0';
    put16(rrtype::OPT);
    put16(payload);
    put16(version);
    put16(dnssec_ok ? 0x8000 : 0);
    put16(static_cast<unsigned>(options.size()));
    bytes += options;
    return *this;
  }
  Disposition parse() {
    std::memcpy(buffer.data(), bytes.data(), bytes.size());
    query.message = buffer.data();
    query.size = static_cast<unsigned>(bytes.size());
    query.capacity = static_cast<unsigned>(buffer.size());
    return query.parse();
  }
};

// One EDNS option.
inline std::string edns_option(uint16_t code, const std::string& data = "") {
  std::string bytes(4, '\0');
  store16(reinterpret_cast<uint8_t*>(bytes.data()), code);
  store16(reinterpret_cast<uint8_t*>(bytes.data()) + 2, static_cast<unsigned>(data.size()));
  return bytes + data;
}

// A response taken apart with ldns, which shares no code with ours.
struct Decoded {
  unsigned id = 0, rcode = 0, size = 0;
  bool aa = false, tc = false, qr = false, rd = false, edns = false;
  unsigned extended_rcode = 0;
  unsigned questions = 0;
  std::map<unsigned, std::string> options;  // of EDNS, by code
  unsigned edns_flags = 0;
  std::vector<std::string> answer, authority, additional;  // presentation format, OPT left out

  static Decoded read(Bytes message) {
    ldns_pkt* packet = nullptr;
    const ldns_status status = ldns_wire2pkt(&packet, message.data(), message.size());
    if (status != LDNS_STATUS_OK)
      throw std::runtime_error(std::string("malformed response: ") + ldns_get_errorstr_by_id(status));
    Decoded d;
    d.size = static_cast<unsigned>(message.size());
    d.id = ldns_pkt_id(packet);
    d.rcode = ldns_pkt_get_rcode(packet);
    d.aa = ldns_pkt_aa(packet);
    d.tc = ldns_pkt_tc(packet);
    d.qr = ldns_pkt_qr(packet);
    d.rd = ldns_pkt_rd(packet);
    d.edns = ldns_pkt_edns(packet);
    d.extended_rcode = ldns_pkt_edns_extended_rcode(packet);
    d.questions = ldns_pkt_qdcount(packet);
    d.edns_flags = ldns_pkt_edns_z(packet) | (ldns_pkt_edns_do(packet) ? 0x8000U : 0U);
    if (const ldns_rdf* data = ldns_pkt_edns_data(packet)) d.options = options_of(data);
    d.answer = lines(ldns_pkt_answer(packet));
    d.authority = lines(ldns_pkt_authority(packet));
    d.additional = lines(ldns_pkt_additional(packet));
    ldns_pkt_free(packet);
    return d;
  }

 private:
  static std::map<unsigned, std::string> options_of(const ldns_rdf* data) {
    std::map<unsigned, std::string> all;
    for (Bytes rest(ldns_rdf_data(data), ldns_rdf_size(data)); !rest.empty();) {
      if (rest.size() < 4 || rest.size() < 4U + load16(&rest[2])) throw std::runtime_error("malformed EDNS options");
      const Bytes value = rest.subspan(4, load16(&rest[2]));
      const std::string octets(value.begin(), value.end());
      if (!all.emplace(load16(rest.data()), octets).second) throw std::runtime_error("an EDNS option twice");
      rest = rest.subspan(4 + value.size());
    }
    return all;
  }
  static std::vector<std::string> lines(const ldns_rr_list* list) {
    std::vector<std::string> out;
    for (size_t i = 0; i < ldns_rr_list_rr_count(list); ++i) {
      char* text = ldns_rr2str_fmt(ldns_output_format_nocomments, ldns_rr_list_rr(list, i));
      std::string line(text);
      std::free(text);  // NOLINT
      while (!line.empty() && (line.back() == '\n' || line.back() == ' ' || line.back() == '\t')) line.pop_back();
      out.push_back(line);
    }
    return out;
  }
};

// Zones and a responder over them.
class Server {
 public:
  explicit Server(ResponderOptions options = {}) : responder(zones, cookies, std::move(options)) {}
  void load(const std::string& apex, const std::string& text) { (void)zones.publish(zone_of(apex, text)); }
  Decoded ask(QueryBytes& q) {
    const Disposition disposition = q.parse();
    if (disposition != Disposition::answer) throw std::runtime_error("not for the responder");
    const unsigned size = responder.respond(q.query);
    return Decoded::read({q.buffer.data(), size});
  }
  Decoded ask(const std::string& qname, uint16_t qtype, Transport transport = Transport::udp) {
    QueryBytes q(qname, qtype, transport);
    return ask(q);
  }

  ZoneTable zones;
  CookieJar cookies;
  Responder responder;
};

// All messages of a transfer, without their length octets.
inline std::vector<std::string> drain(Transfer& transfer) {
  std::vector<std::string> messages;
  while (!transfer.done()) {
    const Transfer::Message m = transfer.next();
    std::string whole;
    for (const Bytes part : {m.prefix, m.records, m.suffix}) whole.append(text_of(part));
    EXPECT_EQ(load16(reinterpret_cast<const uint8_t*>(whole.data())), whole.size() - 2);
    messages.push_back(whole.substr(2));
  }
  return messages;
}

}  // namespace axfrd::zones::test
