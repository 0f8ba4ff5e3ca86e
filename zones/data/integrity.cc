#include "zones/data/integrity.h"

#include <algorithm>
#include <map>
#include <optional>

namespace axfrd::zones {
namespace {

// The name that a record sends its readers to; nothing if its type sends them nowhere.
std::optional<NameView> target_of(uint16_t type, Bytes rdata) {
  constexpr unsigned mx_name = 2, srv_name = 6;  // RFC 1035 §3.3.9, RFC 2782
  if (type == rrtype::NS) return NameView::read(rdata);
  if (type == rrtype::MX) return NameView::read(rdata, mx_name);
  if (type == rrtype::SRV) return NameView::read(rdata, srv_name);
  return std::nullopt;
}

class Faults {
 public:
  Faults(const ZoneVersion& version, size_t most) : version_(version), apex_(version.apex().name), most_(most) {
    if (!has_apex_servers(version))
      add(apex_.to_text() + " has no NS record; secondaries such as BIND refuse the zone: add its name servers");
    if (version.pseudo()) {
      for (const PseudoRecord& p : *version.pseudo()) pseudo_.push_back(sort_key(p.owner));
      std::ranges::sort(pseudo_);
    }
  }

  bool full() const { return found_.size() >= most_; }

  void check(const Record& record) {
    const auto target = target_of(record.type, record.rdata);
    if (!target || target->is_root() || full() || !target->is_at_or_below(apex_) || is_hidden(record.owner)) return;
    const std::string what = record.owner.to_text() + " " + type_to_text(record.type) + ": ";
    const auto cut = cut_above(*target);
    if (cut && cut->type == rrtype::DNAME)
      return add(what + target->to_text() + " is below the DNAME of " + cut->owner.to_text() + "; name another host",
                 &record);
    if (cut) {  // the child knows, unless the target is the delegation's own server: then it is we who must know
      if (record.type != rrtype::NS || !cut->owner.view().equals(record.owner) || has_address(*target)) return;
      return add(what + "the glue of " + target->to_text() + " is missing; add its A or AAAA records", &record);
    }
    const auto node = find(*target);
    if (has(node, rrtype::CNAME))
      return add(what + target->to_text() + " is a CNAME; name the host that it stands for (RFC 2181 section 10.3)",
                 &record);
    if (has_address(*target) || (!node && wildcard_serves(*target))) return;
    add(what + target->to_text() + " has neither A nor AAAA; add one, or name another host", &record);
  }

  void check_name(NameView name) {
    for (const OwnedRecord& r : version_.records_at(name)) check(r.view());
  }

  // The delegation at or above a name that has been touched.
  void check_delegation_of(NameView name) {
    if (const auto cut = cut_above(name); cut && !cut->owner.view().equals(name)) check_name(cut->owner);
  }

  std::vector<Fault> take() { return std::move(found_); }

 private:
  struct Cut {
    Name owner;
    uint16_t type;  // NS or DNAME
  };

  void add(std::string text, const Record* record = nullptr) {
    if (full()) return;
    found_.push_back({std::move(text)});
    if (record != nullptr) found_.back().record.emplace(*record);
  }

  ZoneVersion::Found find(NameView name) const { return version_.find(NameHash::process().of(name), name); }
  static bool has(const ZoneVersion::Found& found, uint16_t type) {
    const Page::RRset* set = found ? found.page->rrset(*found.node, type) : nullptr;
    return set != nullptr && set->rr_count != 0;
  }
  bool has_address(NameView name) const {
    const auto found = find(name);
    return has(found, rrtype::A) || has(found, rrtype::AAAA) || std::ranges::binary_search(pseudo_, sort_key(name));
  }

  // The delegation at or above `name`, or the DNAME above it, that is nearest to the apex.
  std::optional<Cut> cut_above(NameView name) const {
    const unsigned depth = name.label_count() - version_.apex().labels;
    for (unsigned up = depth; up-- > 0;) {
      const NameView above = name.parent(up);
      const auto found = find(above);
      if (has(found, rrtype::NS)) return Cut{Name(above), rrtype::NS};
      if (up > 0 && has(found, rrtype::DNAME)) return Cut{Name(above), rrtype::DNAME};
    }
    return std::nullopt;
  }
  // Whether no query reaches the records of `name` but those of a delegation.
  bool is_hidden(NameView name) const {
    const auto cut = cut_above(name);
    return cut && !cut->owner.view().equals(name);
  }
  // Whether a wildcard gives a name that is not there an address (RFC 4592 §3.3.1).
  bool wildcard_serves(NameView name) const {
    NameView above = name;
    do above = above.parent();
    while (above.size() > apex_.size() && !find(above));
    std::string wildcard("\1*");
    wildcard.append(text_of(above.bytes()));
    const auto found =
        find({reinterpret_cast<const uint8_t*>(wildcard.data()), static_cast<unsigned>(wildcard.size())});
    return has(found, rrtype::A) || has(found, rrtype::AAAA);
  }

  const ZoneVersion& version_;
  const NameView apex_;
  const size_t most_;
  std::vector<std::string> pseudo_;  // sort keys of the owners of ALIAS and URL
  std::vector<Fault> found_;
};

std::vector<std::string> texts_of(std::vector<Fault> faults) {
  std::vector<std::string> texts;
  for (Fault& fault : faults) texts.push_back(std::move(fault.text));
  return texts;
}

}  // namespace

bool has_apex_servers(const ZoneVersion& version) {
  const auto apex = version.apex_node();
  const Page::RRset* set = apex ? apex.page->rrset(*apex.node, rrtype::NS) : nullptr;
  return set != nullptr && set->rr_count != 0;
}

std::vector<Fault> list_faults(const ZoneVersion& version, size_t most) {
  Faults faults(version, most);
  version.for_each_record([&](const Record& r) { faults.check(r); });
  return faults.take();
}

std::vector<std::string> find_faults(const ZoneVersion& version, size_t most) {
  return texts_of(list_faults(version, most));
}

std::vector<std::string> find_faults(const ZoneVersion& version, const Delta& delta, size_t most) {
  Faults faults(version, most);
  std::map<std::string, Name> names;  // by sort key
  names.try_emplace(sort_key(version.apex().name), version.apex().name);
  for (const auto* list : {&delta.removed, &delta.added}) {
    for (const OwnedRecord& r : *list) names.try_emplace(sort_key(r.owner), r.owner);
  }
  for (const auto& [key, name] : names) {
    if (faults.full()) break;
    faults.check_name(name);
  }
  for (const auto& [key, name] : names) {
    if (faults.full()) break;
    faults.check_delegation_of(name);
  }
  auto found = texts_of(faults.take());
  std::vector<std::string> distinct;
  for (std::string& text : found) {
    if (std::ranges::find(distinct, text) == distinct.end()) distinct.push_back(std::move(text));
  }
  return distinct;
}

}  // namespace axfrd::zones
