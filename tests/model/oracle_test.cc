// Random zones, random questions: the real responder must say what the oracle says.

#include "tests/model/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

#include "tests/model/signer.h"
#include "tests/zones/support.h"

namespace axfrd::model {
namespace {

using zones::test::Decoded;
using zones::test::QueryBytes;
using zones::test::Server;

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed) {}

  // Nested zones, so that chains and DS cross from one to another; half of them signed.
  void build(Server& server, Oracle& oracle) {
    for (const char* apex : {"example.", "sub.example.", "x.c.other.", "a.b.example."}) {
      if (pick(4) == 0) continue;
      const bool is_signed = pick(2) == 0;
      ModelZone zone = random_zone(labels_of(apex), is_signed);
      if (is_signed) sign(zone, random_signing());
      const std::string why = zones::test::refusal(apex, zone.text());
      ASSERT_EQ(why, "") << zone.text();
      server.load(apex, zone.text());
      for (const auto& [owner, lines] : zone.names) {
        if (zone.has(owner, "NSEC3")) hashes_.push_back(owner);
      }
      oracle.add(std::move(zone));
    }
  }

  Labels random_name() {
    if (!hashes_.empty() && pick(30) == 0) return hashes_[pick(static_cast<unsigned>(hashes_.size()))];
    // The apexes of zones, and parts of them, which names of several zones have in common.
    static const char* const origins[] = {"example.",   "sub.example.", "a.b.example.", "b.example.",
                                          "x.c.other.", "c.other.",     "other."};
    const Labels origin = labels_of(origins[pick(7)]);
    return pick(4) == 0 ? origin : name_in(origin);
  }
  std::string random_type() {
    static const char* const types[] = {"A",   "AAAA",  "NS",  "CNAME", "MX",     "TXT",   "DS",         "SOA",
                                        "SRV", "DNAME", "ANY", "RRSIG", "DNSKEY", "NSEC3", "NSEC3PARAM", "NSEC"};
    return types[pick(16)];
  }

 private:
  unsigned pick(unsigned n) { return static_cast<unsigned>(random_() % n); }
  std::string random_label() {
    static const char* const labels[] = {"a", "b", "c", "*", "ns", "www"};
    return labels[pick(6)];
  }
  Labels name_in(const Labels& apex) {
    Labels name = apex;
    for (unsigned depth = pick(4); depth > 0; --depth) name.insert(name.begin(), random_label());
    return name;
  }
  std::string random_data(const std::string& type, const Labels& apex) {
    const auto target = [&] { return text_of(pick(3) == 0 ? random_name() : name_in(apex)); };
    if (type == "A") return "192.0.2." + std::to_string(pick(255));
    if (type == "AAAA") return "2001:db8::" + std::to_string(1 + pick(9));
    if (type == "MX") return std::to_string(pick(50)) + " " + target();
    if (type == "TXT") return "\"text " + std::to_string(pick(99)) + "\"";
    if (type == "DS") return std::to_string(1 + pick(999)) + " 13 2 " + std::string(64, 'a');
    return target();  // NS, CNAME, DNAME
  }
  void add_line(ModelZone& zone, const Labels& owner, const std::string& type, unsigned ttl) {
    std::vector<Line>& lines = zone.names[owner];
    Line line{type, random_data(type, zone.apex), ttl};
    for (const Line& l : lines) {
      if ((type == "CNAME") != (l.type == "CNAME")) return;
      if (l.type != type) continue;
      if (type == "CNAME" || type == "DNAME" || l.data == line.data) return;
      line.ttl = l.ttl;
    }
    lines.push_back(line);
  }
  ModelZone random_zone(const Labels& apex, bool is_signed) {
    ModelZone zone{apex, {}};
    zone.names[apex].push_back({"SOA",
                                text_of(random_name()) + " " + text_of(random_name()) + " " +
                                    std::to_string(random_() % 4000000000U) + " 3600 900 604800 " +
                                    std::to_string(pick(7200)),
                                3600});
    add_line(zone, apex, "NS", 7200);
    static const char* const types[] = {"A", "A", "AAAA", "MX", "TXT", "CNAME", "NS", "DS", "DNAME"};
    const unsigned size = pick(10) == 0 ? 600 + pick(900) : pick(40);  // now and then more than one page
    for (unsigned i = 0; i < size; ++i) {
      Labels owner = name_in(apex);
      if (size > 100 && pick(2) == 0) owner.insert(owner.begin(), "host" + std::to_string(pick(5000)));
      const std::string type = types[pick(9)];
      if (owner == apex && (type == "CNAME" || type == "DS")) continue;
      // What a wildcard that delegates means is not defined (RFC 4592 section 4.2), and less so what proves it.
      if (is_signed && owner.front() == "*" && type == "NS") continue;
      add_line(zone, owner, type, 60 + pick(1000));
    }
    return zone;
  }
  Signing random_signing() {
    static const char* const salts[] = {"-", "aabbccdd", "0f"};
    return {.nsec3 = pick(3) != 0, .opt_out = pick(2) == 0, .parameters = {pick(3), salts[pick(3)]}};
  }

  std::mt19937 random_;
  std::vector<Labels> hashes_;  // owners of NSEC3
};

// "owner\tttl\tIN\tTYPE\tdata" to the oracle's "owner ttl TYPE data".
ModelAnswer::Section normalised(const std::vector<std::string>& lines) {
  ModelAnswer::Section out;
  for (const std::string& line : lines) {
    std::istringstream in(line);
    std::string owner, ttl, rrclass, type, word, data;
    in >> owner >> ttl >> rrclass >> type;
    while (in >> word) data += (data.empty() ? "" : " ") + word;
    out.insert(owner + " " + ttl + " " + type + " " + data);
  }
  return out;
}

std::string rcode_text(unsigned rcode) {
  static const char* const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED", "YXDOMAIN"};
  return names[rcode];
}

uint16_t type_number(const std::string& type) { return static_cast<uint16_t>(ldns_get_rr_type_by_name(type.c_str())); }

std::string print(const ModelAnswer& a) {
  std::string text = a.rcode + (a.authoritative ? " aa" : "") + "\n";
  for (const auto& l : a.answer) text += "  an " + l + "\n";
  for (const auto& l : a.authority) text += "  ns " + l + "\n";
  for (const auto& l : a.additional) text += "  ar " + l + "\n";
  return text;
}

// What was said, if it is an answer to ANY: of several RRsets, one is enough (RFC 8482 section 4.1).
ModelAnswer::Section some_of(const ModelAnswer::Section& all, const ModelAnswer::Section& said) {
  return !said.empty() && std::ranges::includes(all, said) ? said : all;
}

TEST(Oracle, AgreesWithTheResponderOnRandomZonesAndQueries) {
  for (unsigned seed = 0; seed < 300; ++seed) {
    RandomWorld world(seed);
    Server server({.udp_payload = 65000, .nsid = {}, .id_server = {}, .version = {}});
    Oracle oracle;
    world.build(server, oracle);
    for (unsigned i = 0; i < 200; ++i) {
      const Labels qname = world.random_name();
      const std::string qtype = world.random_type();
      QueryBytes query(text_of(qname), type_number(qtype), i % 2 == 0 ? zones::Transport::udp : zones::Transport::tcp);
      const bool dnssec_ok = i % 4 == 2;
      if (i % 4 != 1) query.edns(65000, dnssec_ok);
      const Decoded real = server.ask(query);
      if (real.tc) continue;
      const ModelAnswer said{rcode_text(real.rcode), real.aa, normalised(real.answer), normalised(real.authority),
                             normalised(real.additional)};
      ModelAnswer expected = oracle.ask(qname, qtype, dnssec_ok);
      if (qtype == "ANY") expected.answer = some_of(expected.answer, said.answer);
      ASSERT_EQ(said == expected, true) << "seed " << seed << ", " << text_of(qname) << " " << qtype << "\nsaid "
                                        << print(said) << "expected " << print(expected);
    }
  }
}

}  // namespace
}  // namespace axfrd::model
