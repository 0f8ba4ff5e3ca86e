// Random zones, random questions: the real responder must say what the oracle says.

#include "tests/model/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/zones/support.h"

namespace axfrd::model {
namespace {

using zones::test::Decoded;
using zones::test::QueryBytes;
using zones::test::Server;

class RandomWorld {
 public:
  explicit RandomWorld(unsigned seed) : random_(seed) {}

  // Nested zones, so that chains and DS cross from one to another.
  void build(Server& server, Oracle& oracle) {
    for (const char* apex : {"example.", "sub.example.", "other.test.", "a.b.example."}) {
      if (pick(4) == 0) continue;
      const ModelZone zone = random_zone(labels_of(apex));
      std::string text;
      for (const Line& l : zone.lines)
        text += text_of(l.owner) + " " + std::to_string(l.ttl) + " IN " + l.type + " " + l.data + "\n";
      const std::string why = zones::test::refusal(apex, text);
      ASSERT_EQ(why, "") << text;
      server.load(apex, text);
      oracle.add(zone);
    }
  }

  Labels random_name() {
    static const char* const apexes[] = {"example.", "sub.example.", "other.test.", "a.b.example.", "nowhere."};
    Labels name = labels_of(apexes[pick(5)]);
    for (unsigned depth = pick(4); depth > 0; --depth) name.insert(name.begin(), random_label());
    return name;
  }
  std::string random_type() {
    static const char* const types[] = {"A", "AAAA", "NS", "CNAME", "MX", "TXT", "DS", "SOA", "SRV", "DNAME"};
    return types[pick(10)];
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
  bool is_there(const ModelZone& zone, const Labels& owner, const std::string& type, bool equal) {
    return std::ranges::any_of(zone.lines,
                               [&](const Line& l) { return l.owner == owner && (l.type == type) == equal; });
  }
  void add_line(ModelZone& zone, const Labels& owner, const std::string& type, unsigned ttl) {
    Line line{owner, type, random_data(type, zone.apex), ttl};
    if (type == "CNAME" && is_there(zone, owner, "", false)) return;
    if (type != "CNAME" && is_there(zone, owner, "CNAME", true)) return;
    if (type == "DNAME" && is_there(zone, owner, "DNAME", true)) return;
    for (const Line& l : zone.lines) {
      if (l.owner == owner && l.type == type && l.data == line.data) return;
      if (l.owner == owner && l.type == type) line.ttl = l.ttl;
    }
    zone.lines.push_back(line);
  }
  ModelZone random_zone(const Labels& apex) {
    ModelZone zone{apex, {}};
    zone.lines.push_back({apex, "SOA",
                          "ns." + text_of(apex) + " admin." + text_of(apex) + " " +
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
      add_line(zone, owner, type, 60 + pick(1000));
    }
    return zone;
  }

  std::mt19937 random_;
};

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// "owner\tttl\tIN\tTYPE\tdata" to the oracle's "owner ttl TYPE data".
std::multiset<std::string> normalised(const std::vector<std::string>& lines) {
  std::multiset<std::string> out;
  for (const std::string& line : lines) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if ((c == '\t' || c == ' ') && fields.size() < 5) {
        if (!fields.back().empty()) fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    out.insert(lower(fields[0]) + " " + fields[1] + " " + fields[3] + " " + lower(fields[4]));
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

TEST(Oracle, AgreesWithTheResponderOnRandomZonesAndQueries) {
  for (unsigned seed = 0; seed < 400; ++seed) {
    RandomWorld world(seed);
    Server server({.udp_payload = 65000, .nsid = {}, .id_server = {}, .version = {}});
    Oracle oracle;
    world.build(server, oracle);
    for (unsigned i = 0; i < 300; ++i) {
      const Labels qname = world.random_name();
      const std::string qtype = world.random_type();
      QueryBytes query(text_of(qname), type_number(qtype), i % 2 == 0 ? zones::Transport::udp : zones::Transport::tcp);
      const bool dnssec_ok = i % 4 == 2;
      if (i % 4 != 1) query.edns(65000, dnssec_ok);
      const Decoded real = server.ask(query);
      if (real.tc) continue;
      const ModelAnswer said{rcode_text(real.rcode), real.aa, normalised(real.answer), normalised(real.authority),
                             normalised(real.additional)};
      const ModelAnswer expected = oracle.ask(qname, qtype);
      ASSERT_EQ(said == expected, true) << "seed " << seed << ", " << text_of(qname) << " " << qtype << "\nsaid "
                                        << print(said) << "expected " << print(expected);
    }
  }
}

}  // namespace
}  // namespace axfrd::model
