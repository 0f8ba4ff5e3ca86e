#include "tests/model/oracle.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace axfrd::model {
namespace {

constexpr size_t kMaxChain = 16;  // a limit of ours; RFC 1034 leaves it open

bool at_or_below(const Labels& name, const Labels& ancestor) {
  return name.size() >= ancestor.size() && std::equal(ancestor.rbegin(), ancestor.rend(), name.rbegin());
}

Labels suffix(const Labels& name, size_t labels) {
  return Labels(name.end() - static_cast<ptrdiff_t>(labels), name.end());
}

std::vector<Line> at(const ModelZone& zone, const Labels& name, const std::string& type) {
  std::vector<Line> found;
  for (const Line& line : zone.lines) {
    if (line.owner == name && line.type == type) found.push_back(line);
  }
  return found;
}

bool exists(const ModelZone& zone, const Labels& name) {
  return std::ranges::any_of(zone.lines, [&](const Line& line) { return at_or_below(line.owner, name); });
}

void put(std::multiset<std::string>& section, const Labels& owner, const std::vector<Line>& lines) {
  for (const Line& l : lines)
    section.insert(text_of(owner) + " " + std::to_string(l.ttl) + " " + l.type + " " + l.data);
}

void deny(ModelAnswer& out, const ModelZone& zone) {
  std::vector<Line> soa = at(zone, zone.apex, "SOA");
  const unsigned minimum = static_cast<unsigned>(std::stoul(soa[0].data.substr(soa[0].data.rfind(' ') + 1)));
  soa[0].ttl = std::min(soa[0].ttl, minimum);
  put(out.authority, zone.apex, soa);
}

// The highest delegation at or above `name`, below the apex.
std::optional<Labels> cut_above(const ModelZone& zone, const Labels& name, const std::string& qtype) {
  for (size_t n = zone.apex.size() + 1; n <= name.size(); ++n) {
    const Labels candidate = suffix(name, n);
    if (at(zone, candidate, "NS").empty()) continue;
    if (n == name.size() && qtype == "DS") continue;
    return candidate;
  }
  return std::nullopt;
}

// The highest DNAME above `name`, at or below the apex.
std::optional<Line> dname_above(const ModelZone& zone, const Labels& name) {
  for (size_t n = zone.apex.size(); n < name.size(); ++n) {
    const std::vector<Line> found = at(zone, suffix(name, n), "DNAME");
    if (!found.empty()) return found[0];
  }
  return std::nullopt;
}

// `name` with the DNAME's owner replaced by its target (RFC 6672 section 2.2).
Labels substitute(const Labels& name, const Line& dname) {
  Labels target(name.begin(), name.end() - static_cast<ptrdiff_t>(dname.owner.size()));
  const Labels rest = labels_of(dname.data);
  target.insert(target.end(), rest.begin(), rest.end());
  return target;
}

size_t octets(const Labels& name) {
  size_t size = 1;
  for (const std::string& label : name) size += 1 + label.size();
  return size;
}

void refer(ModelAnswer& out, const ModelZone& zone, const Labels& cut) {
  const std::vector<Line> servers = at(zone, cut, "NS");
  put(out.authority, cut, servers);
  std::set<Labels> done;
  for (const Line& server : servers) {
    const Labels host = labels_of(server.data);
    if (!at_or_below(host, zone.apex) || !done.insert(host).second) continue;
    put(out.additional, host, at(zone, host, "A"));
    put(out.additional, host, at(zone, host, "AAAA"));
  }
}

}  // namespace

Labels labels_of(const std::string& text) {
  Labels labels;
  std::string label;
  for (const char c : text) {
    if (c != '.') {
      label += static_cast<char>(std::tolower(c));
    } else if (!label.empty()) {
      labels.push_back(std::exchange(label, ""));
    }
  }
  if (!label.empty()) labels.push_back(label);
  return labels;
}

std::string text_of(const Labels& labels) {
  std::string text;
  for (const std::string& label : labels) text += label + ".";
  return text.empty() ? "." : text;
}

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

ModelAnswer Oracle::ask(const Labels& qname, const std::string& qtype) const {
  ModelAnswer out{.rcode = "NOERROR", .authoritative = false, .answer = {}, .authority = {}, .additional = {}};
  std::set<Labels> visited, used;  // names of the chain; owners of DNAMEs in the answer
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
    if (cut && (!dname || cut->size() <= dname->owner.size())) {
      refer(out, *zone, *cut);
      return out;
    }
    out.authoritative = true;
    if (dname) {
      if (used.insert(dname->owner).second) put(out.answer, dname->owner, {*dname});
      const Labels target = substitute(name, *dname);
      if (octets(target) > 255) {
        out.rcode = "YXDOMAIN";
        return out;
      }
      put(out.answer, name, {{name, "CNAME", text_of(target), dname->ttl}});
      if (qtype == "CNAME" || at_or_below(labels_of(dname->data), dname->owner)) return out;
      name = target;
      continue;
    }
    Labels source = name;
    if (!exists(*zone, name) && name != zone->apex) {
      size_t n = name.size() - 1;
      while (n > zone->apex.size() && !exists(*zone, suffix(name, n))) --n;
      source = suffix(name, n);
      source.insert(source.begin(), "*");
      if (!exists(*zone, source)) {
        out.rcode = "NXDOMAIN";
        deny(out, *zone);
        return out;
      }
    }
    const std::vector<Line> cname = at(*zone, source, "CNAME");
    if (!cname.empty() && qtype != "CNAME") {
      put(out.answer, name, cname);
      name = labels_of(cname[0].data);
      continue;
    }
    const std::vector<Line> found = at(*zone, source, qtype);
    if (found.empty()) {
      deny(out, *zone);
    } else {
      put(out.answer, name, found);
    }
    return out;
  }
}

}  // namespace axfrd::model
