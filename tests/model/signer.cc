#include "tests/model/signer.h"

#include <algorithm>
#include <set>

#include "zones/wire/ldns.h"

namespace axfrd::model {
namespace {

constexpr unsigned kTtl = 600;

struct ByNumber {
  bool operator()(const std::string& a, const std::string& b) const {
    return ldns_get_rr_type_by_name(a.c_str()) < ldns_get_rr_type_by_name(b.c_str());
  }
};
using Types = std::set<std::string, ByNumber>;

std::string bitmap(const Types& types) {
  std::string text;
  for (const std::string& type : types) text += " " + type;
  return text;
}

enum class Standing { data, cut, hidden };  // hidden: below a cut or a DNAME

Standing standing(const ModelZone& zone, const Labels& name) {
  for (size_t n = zone.apex.size(); n <= name.size(); ++n) {
    const Labels ancestor = suffix(name, n);
    const bool self = n == name.size();
    if (n > zone.apex.size() && zone.has(ancestor, "NS")) return self ? Standing::cut : Standing::hidden;
    if (!self && zone.has(ancestor, "DNAME")) return Standing::hidden;
  }
  return Standing::data;
}

void sign_rrset(ModelZone& zone, const Labels& owner, const std::string& type) {
  const unsigned ttl = zone.at(owner, type).front().ttl;
  const size_t labels = owner.size() - (!owner.empty() && owner.front() == "*" ? 1 : 0);
  zone.names[owner].push_back({"RRSIG",
                               type + " 13 " + std::to_string(labels) + " " + std::to_string(ttl) +
                                   " 20300101000000 20200101000000 1 " + text_of(zone.apex) + " aaaa",
                               ttl});
}

// What the chain says of each name that is not hidden.
using Names = std::map<Labels, Types, CanonicalOrder>;

void link_nsec(ModelZone& zone, const Names& names) {
  for (auto it = names.begin(); it != names.end(); ++it) {
    Types types = it->second;
    types.insert({"NSEC", "RRSIG"});
    const Labels& next = std::next(it) == names.end() ? zone.apex : std::next(it)->first;
    zone.names[it->first].push_back({"NSEC", text_of(next) + bitmap(types), kTtl});
    sign_rrset(zone, it->first, "NSEC");
  }
}

void link_nsec3(ModelZone& zone, const Names& names, const Signing& signing) {
  std::map<std::string, Types> hashed;
  for (const auto& [name, types] : names) {
    if (signing.opt_out && types == Types{"NS"}) continue;
    hashed[nsec3_hash(name, signing.parameters)] = types;
    for (size_t n = name.size(); n-- > zone.apex.size();)  // empty non-terminals
      hashed.try_emplace(nsec3_hash(suffix(name, n), signing.parameters));
  }
  const std::string head = std::string("1 ") + (signing.opt_out ? "1 " : "0 ") +
                           std::to_string(signing.parameters.iterations) + " " + signing.parameters.salt + " ";
  for (auto it = hashed.begin(); it != hashed.end(); ++it) {
    const std::string& next = std::next(it) == hashed.end() ? hashed.begin()->first : std::next(it)->first;
    const Labels owner = below(it->first, zone.apex);
    zone.names[owner].push_back({"NSEC3", head + next + bitmap(it->second), kTtl});
    sign_rrset(zone, owner, "NSEC3");
  }
}

}  // namespace

void sign(ModelZone& zone, const Signing& signing) {
  zone.names[zone.apex].push_back({"DNSKEY", "257 3 13 aaaa", kTtl});
  if (signing.nsec3) {
    const std::string& salt = signing.parameters.salt;
    zone.names[zone.apex].push_back(
        {"NSEC3PARAM", "1 0 " + std::to_string(signing.parameters.iterations) + " " + salt, 0});
  }
  Names names;
  for (const auto& [owner, lines] : zone.names) {
    const Standing place = standing(zone, owner);
    if (place == Standing::hidden) continue;
    Types& types = names[owner];
    for (const Line& line : lines) {
      if (place == Standing::data || line.type == "NS" || line.type == "DS") types.insert(line.type);
    }
  }
  for (auto& [owner, types] : names) {
    const bool cut = standing(zone, owner) == Standing::cut;
    for (const std::string& type : types) {
      if (!cut || type == "DS") sign_rrset(zone, owner, type);
    }
    if (zone.has(owner, "RRSIG")) types.insert("RRSIG");
  }
  if (signing.nsec3) {
    link_nsec3(zone, names, signing);
  } else {
    link_nsec(zone, names);
  }
}

}  // namespace axfrd::model
