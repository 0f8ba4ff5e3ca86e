#include "tests/model/oracle.h"

#include <algorithm>
#include <optional>
#include <sstream>
#include <utility>

namespace axfrd::model {
namespace {

constexpr size_t kMaxChain = 16;  // a limit of ours; RFC 1034 leaves it open

// The highest delegation at or above `name`, below the apex.
std::optional<Labels> cut_above(const ModelZone& zone, const Labels& name, const std::string& qtype) {
  for (size_t n = zone.apex.size() + 1; n <= name.size(); ++n) {
    const Labels candidate = suffix(name, n);
    if (!zone.has(candidate, "NS")) continue;
    if (n == name.size() && qtype == "DS") continue;
    return candidate;
  }
  return std::nullopt;
}

// The owner of the highest DNAME above `name`, at or below the apex.
std::optional<Labels> dname_above(const ModelZone& zone, const Labels& name) {
  for (size_t n = zone.apex.size(); n < name.size(); ++n) {
    if (zone.has(suffix(name, n), "DNAME")) return suffix(name, n);
  }
  return std::nullopt;
}

// `name` with the DNAME's owner replaced by its target (RFC 6672 section 2.2).
Labels substitute(const Labels& name, const Labels& owner, const Labels& target) {
  Labels result(name.begin(), name.end() - static_cast<ptrdiff_t>(owner.size()));
  result.insert(result.end(), target.begin(), target.end());
  return result;
}

size_t octets(const Labels& name) {
  size_t size = 1;
  for (const std::string& label : name) size += 1 + label.size();
  return size;
}

Labels closest_encloser(const ModelZone& zone, const Labels& name) {
  size_t n = name.size();
  while (n > zone.apex.size() && !zone.exists(suffix(name, n))) --n;
  return suffix(name, n);
}

std::string field(const std::string& data, unsigned number) {
  std::istringstream in(data);
  std::string word;
  for (unsigned i = 0; i <= number; ++i) in >> word;
  return word;
}

// An answer in the making.
class Reply {
 public:
  explicit Reply(bool dnssec_ok) : dnssec_ok_(dnssec_ok) {}

  // The RRset that stands at `source`, as records of `owner`, with its signatures (RFC 4035 section 3.1.1). No section
  // has an RRset twice.
  void put(ModelAnswer::Section& section, const ModelZone& zone, const Labels& source, const std::string& type,
           const Labels& owner, unsigned most_ttl = ~0U) {
    std::vector<Line> lines = zone.at(source, type);
    if (dnssec_ok_) {
      for (const Line& line : zone.at(source, "RRSIG")) {
        if (field(line.data, 0) == type) lines.push_back(line);
      }
    }
    for (const Line& line : lines) add(section, owner, {line.type, line.data, std::min(line.ttl, most_ttl)});
  }
  void add(ModelAnswer::Section& section, const Labels& owner, const Line& line) {
    const std::string text = text_of(owner) + " " + std::to_string(line.ttl) + " " + line.type + " " + line.data;
    if (!section.contains(text)) section.insert(text);
  }

  void refer(const ModelZone& zone, const Labels& cut) {
    put(out.authority, zone, cut, "NS", cut);
    if (dnssec_ok_ && zone.is_signed()) {  // RFC 4035 section 3.1.4, RFC 5155 section 7.2.7
      zone.has(cut, "DS") ? put(out.authority, zone, cut, "DS", cut) : prove_no_data(zone, cut);
    }
    for (const Line& server : zone.at(cut, "NS")) {
      const Labels host = labels_of(server.data);
      if (!at_or_below(host, zone.apex)) continue;
      put(out.additional, zone, host, "A", host);
      put(out.additional, zone, host, "AAAA", host);
    }
  }

  void deny_name(const ModelZone& zone, const Labels& name) {  // RFC 4035 section 3.1.3.2, RFC 5155 section 7.2.2
    out.rcode = "NXDOMAIN";
    put_soa(zone);
    prove(zone, below("*", prove_encloser(zone, name)));
  }
  void deny_type(const ModelZone& zone, const Labels& name) {  // 3.1.3.1; 7.2.3 and 7.2.4
    put_soa(zone);
    prove_no_data(zone, name);
  }
  void deny_type_of_wildcard(const ModelZone& zone, const Labels& name) {  // 3.1.3.4; 7.2.5
    put_soa(zone);
    const Labels wildcard = below("*", prove_encloser(zone, name));
    if (has_proof(zone, wildcard)) prove(zone, wildcard);
  }
  void prove_wildcard(const ModelZone& zone, const Labels& name) {  // 3.1.3.3; 7.2.6
    prove(zone, zone.is_hashed() ? suffix(name, closest_encloser(zone, name).size() + 1) : name);
  }

  ModelAnswer out{.rcode = "NOERROR", .authoritative = false, .answer = {}, .authority = {}, .additional = {}};

 private:
  static std::string hash(const ModelZone& zone, const Labels& name) {
    const std::string parameters = zone.at(zone.apex, "NSEC3PARAM").front().data;
    return nsec3_hash(name, {static_cast<unsigned>(std::stoul(field(parameters, 2))), field(parameters, 3)});
  }
  // Whether the chain knows `name`, which is there. Opt-out may leave out delegations without DS, and empty
  // non-terminals above such (RFC 5155 section 7.1).
  static bool has_proof(const ModelZone& zone, const Labels& name) {
    return !zone.is_hashed() || zone.has(below(hash(zone, name), zone.apex), "NSEC3");
  }

  void put_soa(const ModelZone& zone) {  // RFC 2308 section 3
    const unsigned minimum = static_cast<unsigned>(std::stoul(field(zone.at(zone.apex, "SOA").front().data, 6)));
    put(out.authority, zone, zone.apex, "SOA", zone.apex, minimum);
  }

  // The NSEC or NSEC3 that matches the name or else covers it.
  void prove(const ModelZone& zone, const Labels& name) {
    if (!dnssec_ok_ || !zone.is_signed()) return;
    const std::string type = zone.is_hashed() ? "NSEC3" : "NSEC";
    const Labels sought = zone.is_hashed() ? below(hash(zone, name), zone.apex) : name;
    const Labels* before = nullptr;
    const Labels* last = nullptr;  // of hashes, it covers what is before the first, too
    for (const auto& [owner, lines] : zone.names) {
      if (!zone.has(owner, type)) continue;
      last = &owner;
      if (!CanonicalOrder()(sought, owner)) before = &owner;
    }
    const Labels& found = before != nullptr ? *before : *last;
    put(out.authority, zone, found, type, found);
  }

  // That `name` is not there itself. Returns the closest encloser that the zone can prove (RFC 5155 section 7.2.1).
  Labels prove_encloser(const ModelZone& zone, const Labels& name) {
    if (!zone.is_hashed()) {
      prove(zone, name);
      return closest_encloser(zone, name);
    }
    size_t n = name.size() - 1;
    while (!has_proof(zone, suffix(name, n))) --n;
    prove(zone, suffix(name, n));
    prove(zone, suffix(name, n + 1));
    return suffix(name, n);
  }

  // That `name`, which is there, has no such type.
  void prove_no_data(const ModelZone& zone, const Labels& name) {
    if (has_proof(zone, name)) {
      prove(zone, name);
    } else {
      prove_encloser(zone, name);
    }
  }

  const bool dnssec_ok_;
};

}  // namespace

const ModelZone* Oracle::closest(const Labels& name, const std::string& qtype) const {
  const ModelZone* best = nullptr;
  const ModelZone* own = nullptr;
  for (const ModelZone& zone : zones_) {
    if (!at_or_below(name, zone.apex)) continue;
    if (qtype == "DS" && zone.apex == name) {
      own = &zone;
    } else if (best == nullptr || zone.apex.size() > best->apex.size()) {
      best = &zone;
    }
  }
  return best != nullptr ? best : own;
}

ModelAnswer Oracle::ask(const Labels& qname, const std::string& qtype, bool dnssec_ok) const {
  Reply reply(dnssec_ok);
  ModelAnswer& out = reply.out;
  std::set<Labels> visited;  // names of the chain
  Labels name = qname;
  for (;;) {
    const ModelZone* zone = closest(name, qtype);
    if (zone == nullptr) {
      if (visited.empty()) out.rcode = "REFUSED";
      return out;
    }
    if (visited.size() == kMaxChain || !visited.insert(name).second) return out;
    const auto cut = cut_above(*zone, name, qtype);
    const auto dname = dname_above(*zone, name);
    if (cut && (!dname || cut->size() <= dname->size())) {
      reply.refer(*zone, *cut);
      return out;
    }
    out.authoritative = true;
    if (dname) {
      reply.put(out.answer, *zone, *dname, "DNAME", *dname);
      const Line line = zone->at(*dname, "DNAME").front();
      const Labels target = substitute(name, *dname, labels_of(line.data));
      if (octets(target) > 255) {
        out.rcode = "YXDOMAIN";
        return out;
      }
      reply.add(out.answer, name, {"CNAME", text_of(target), line.ttl});
      if (qtype == "CNAME" || qtype == "ANY" || at_or_below(labels_of(line.data), *dname)) return out;
      name = target;
      continue;
    }
    Labels source = name;
    const bool wild = !zone->exists(name);
    if (wild) {
      source = below("*", closest_encloser(*zone, name));
      if (!zone->exists(source)) {
        reply.deny_name(*zone, name);
        return out;
      }
    }
    // RRSIG and NSEC may stand beside a CNAME (RFC 4035 section 2.5), and then can be asked for.
    const bool alias = zone->has(source, "CNAME") && !zone->has(source, qtype) && qtype != "ANY";
    const std::string type = alias ? "CNAME" : qtype;
    if (type == "ANY" ? zone->names.contains(source) : zone->has(source, type)) {
      if (type == "ANY") {
        for (const Line& line : zone->names.at(source)) reply.add(out.answer, name, line);
      } else {
        reply.put(out.answer, *zone, source, type, name);
      }
      if (wild) reply.prove_wildcard(*zone, name);
    } else if (wild) {
      reply.deny_type_of_wildcard(*zone, name);
    } else {
      reply.deny_type(*zone, name);
    }
    if (!alias) return out;
    name = labels_of(zone->at(source, "CNAME").front().data);
  }
}

}  // namespace axfrd::model
