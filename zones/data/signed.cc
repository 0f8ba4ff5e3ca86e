#include "zones/data/signed.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "zones/wire/nsec3.h"

namespace axfrd::zones {
namespace {

using TypeSet = std::set<uint16_t>;

// What a signer adds to a name for its own purposes. Signers differ in whether the bitmap of a chain tells of the other
// chain.
constexpr std::array kTypesOfTheSigner{rrtype::RRSIG, rrtype::NSEC, rrtype::NSEC3, rrtype::NSEC3PARAM};

// The types in a bitmap (RFC 4034 §4.1.2), less those of the signer.
TypeSet types_in(Bytes bitmap) {
  TypeSet types;
  while (bitmap.size() >= 2 && bitmap.size() >= 2U + bitmap[1]) {
    for (unsigned i = 0; i < 8U * bitmap[1]; ++i) {
      if ((bitmap[2 + i / 8] & (0x80U >> (i % 8))) != 0) types.insert(static_cast<uint16_t>(256U * bitmap[0] + i));
    }
    bitmap = bitmap.subspan(2U + bitmap[1]);
  }
  for (const uint16_t type : kTypesOfTheSigner) types.erase(type);
  return types;
}

// What a record of NSEC or NSEC3 says.
struct Denied {
  std::string next;  // as a name in wire format, or as a hash
  TypeSet types;
  bool opt_out = false;
};

std::optional<Denied> read_nsec(Bytes rdata) {
  const auto next = NameView::read(rdata);
  if (!next) return std::nullopt;
  return Denied{std::string(text_of(next->bytes())), types_in(rdata.subspan(next->size())), false};
}

std::optional<Denied> read_nsec3(Bytes rdata) {
  if (rdata.size() < 5 || rdata.size() < 6U + rdata[4]) return std::nullopt;
  const size_t hash = 6U + rdata[4], end = hash + rdata[hash - 1];
  if (end > rdata.size()) return std::nullopt;
  return Denied{std::string(text_of(rdata.subspan(hash, end - hash))), types_in(rdata.subspan(end)),
                (rdata[1] & 1) != 0};
}

// The data of a name, by type, in canonical form, and the signatures, by the type that they cover.
struct NameData {
  std::map<uint16_t, std::set<std::string>> data, signatures;
  bool has(uint16_t type) const { return data.contains(type); }
};

NameData data_at(const ZoneVersion* version, NameView name) {
  NameData result;
  if (version == nullptr) return result;
  const auto enter = [&](const Record& r) {
    std::string canonical;
    append_canonical_rdata(canonical, r.type, r.rdata);
    auto& by_type = r.type == rrtype::RRSIG ? result.signatures : result.data;
    by_type[grouping_type(r.type, r.rdata)].insert(std::move(canonical));
  };
  for (const OwnedRecord& r : version->records_at(name)) enter(r.view());
  if (name.equals(version->apex().name)) enter(version->soa_record().view());
  return result;
}

bool has_data(const ZoneVersion& version, NameView name, uint16_t type) {
  const auto found = version.find(NameHash::process().of(name), name);
  const Page::RRset* set = found ? found.page->rrset(*found.node, type) : nullptr;
  return set != nullptr && set->rr_count != 0;
}

class Rule {
 public:
  Rule(const ZoneVersion* base, const ZoneVersion& next) : base_(base), next_(next), apex_(next.apex().name) {}

  std::optional<std::string> check(const Delta& delta, OwnChanges own) {
    if (own.servers) return bogus(apex_, rrtype::NS, "it changes by the names of secondaries");
    if (next_.pseudo()) {
      return bogus(next_.pseudo()->front().owner, rrtype::A,
                   "the addresses of an ALIAS or URL are made without the signer");
    }
    std::map<std::string, Name> owners;  // by sort key
    for (const auto* list : {&delta.removed, &delta.added}) {
      for (const OwnedRecord& r : *list) owners.try_emplace(sort_key(r.owner), r.owner);
    }
    for (const auto& [key, owner] : owners) {
      if (auto reason = check_name(owner)) return reason;
    }
    return check_soa(own);
  }

 private:
  static std::string said(NameView owner, uint16_t type) { return owner.to_text() + " " + type_to_text(type); }

  std::optional<std::string> bogus(NameView owner, uint16_t type, const std::string& why) const {
    return "zone " + apex_.to_text() + " is signed, and axfrd makes no signatures: " + said(owner, type) +
           " would be bogus, because " + why +
           "; change the zone where it is signed, and import it or send an UPDATE with all new RRSIG records";
  }

  // Below a delegation or a DNAME nothing is signed, nor denied.
  bool is_occluded(NameView name) const {
    for (NameView above = name; above.size() > apex_.size();) {
      above = above.parent();
      if (above.size() <= apex_.size()) break;
      if (has_data(next_, above, rrtype::NS) || has_data(next_, above, rrtype::DNAME)) return true;
    }
    return has_data(next_, apex_, rrtype::DNAME) && !name.equals(apex_);
  }

  std::optional<std::string> check_name(NameView name) {
    const NameData before = data_at(base_, name), after = data_at(&next_, name);
    const bool occluded = is_occluded(name);
    const bool cut = after.has(rrtype::NS) && !name.equals(apex_);
    std::set<uint16_t> types;
    for (const auto* side : {&before, &after}) {
      for (const auto& [type, data] : side->data) types.insert(type);
    }
    for (const uint16_t type : types) {
      const bool is_signable = !occluded && (!cut || type == rrtype::DS || type == rrtype::NSEC);
      if (type == rrtype::SOA || !is_signable || !after.has(type)) continue;
      const auto old = before.data.find(type);
      if (old != before.data.end() && old->second == after.data.at(type)) continue;
      if (auto reason = check_signatures(name, type, before, after)) return reason;
    }
    if (base_ != nullptr && !occluded) return check_denial(name, before, after, cut);
    return std::nullopt;
  }

  std::optional<std::string> check_signatures(NameView name, uint16_t type, const NameData& before,
                                              const NameData& after) const {
    const auto fresh = after.signatures.find(type);
    if (fresh == after.signatures.end()) return bogus(name, type, "it changes and has no RRSIG");
    const auto old = before.signatures.find(type);
    if (old == before.signatures.end()) return std::nullopt;
    for (const std::string& signature : fresh->second) {
      if (old->second.contains(signature)) return bogus(name, type, "it changes, and an RRSIG of it does not");
    }
    return std::nullopt;
  }

  std::optional<std::string> check_soa(OwnChanges own) const {
    const NameData before = data_at(base_, apex_), after = data_at(&next_, apex_);
    if (own.serial) {
      return bogus(apex_, rrtype::SOA,
                   "it would get the serial " + std::to_string(next_.serial()) + ", which its signer did not choose");
    }
    const auto old = before.data.find(rrtype::SOA);
    if (old != before.data.end() && old->second == after.data.at(rrtype::SOA)) return std::nullopt;
    return check_signatures(apex_, rrtype::SOA, before, after);
  }

  // ---- denial ----

  static TypeSet types_of(const NameData& data, bool cut) {
    TypeSet types;
    for (const auto& [type, records] : data.data) {
      if (std::ranges::find(kTypesOfTheSigner, type) != kTypesOfTheSigner.end()) continue;
      if (!cut || type == rrtype::NS || type == rrtype::DS) types.insert(type);
    }
    return types;
  }

  // What NSEC or NSEC3 say of a name whose types have changed.
  std::optional<std::string> check_denial(NameView name, const NameData& before, const NameData& after,
                                          bool cut) const {
    const TypeSet types = types_of(after, cut);
    const bool was_cut = before.has(rrtype::NS) && !name.equals(apex_);
    if (types == types_of(before, was_cut)) return std::nullopt;
    if (next_.chain() == 0) return std::nullopt;
    if (next_.chain() == kNsecChain) return check_nsec(name, types);
    if (auto reason = check_nsec3(name, types)) return reason;
    for (NameView above = name; above.size() > apex_.size() && !types.empty(); above = above.parent()) {
      if (auto reason = check_nsec3_of_ancestor(above)) return reason;
    }
    return std::nullopt;
  }

  std::optional<Denied> nsec_at(const ZoneVersion::Found& found) const {
    std::optional<Denied> denied;
    const bool hashed = next_.chain() != kNsecChain;
    const Page::RRset* set = found ? found.page->rrset(*found.node, hashed ? rrtype::NSEC3 : rrtype::NSEC) : nullptr;
    if (set == nullptr) return std::nullopt;
    std::array<uint8_t, kMaxName> buffer;
    const NameView owner =
        found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), next_.apex(), buffer);
    for (const OwnedRecord& r : next_.records_at(owner)) {
      const Record record = r.view();
      if (hashed && record.type == rrtype::NSEC3 && nsec3_chain(record.rdata) == next_.chain())
        denied = read_nsec3(record.rdata);
      if (!hashed && record.type == rrtype::NSEC) denied = read_nsec(record.rdata);
    }
    return denied;
  }

  std::optional<std::string> check_nsec(NameView name, const TypeSet& types) const {
    const auto at = next_.predecessor(name), before = next_.predecessor(name, true);
    const auto own = has_data(next_, name, rrtype::NSEC) ? nsec_at(at) : std::nullopt;
    const auto previous = nsec_at(before);
    if (types.empty()) {
      if (own) return bogus(name, rrtype::NSEC, "the name has nothing else");
      if (!previous) return std::nullopt;
      const auto next = NameView::read(bytes_of(previous->next));
      return next && next->equals(name)
                 ? std::optional(bogus(name, rrtype::NSEC, "the chain leads there, and it is gone"))
                 : std::nullopt;
    }
    if (!own) return bogus(name, *types.begin(), "no NSEC names it");
    if (own->types != types) return bogus(name, rrtype::NSEC, "its types are not those of the name");
    const auto next = previous ? NameView::read(bytes_of(previous->next)) : std::nullopt;
    if (!next || !next->equals(name)) return bogus(name, *types.begin(), "the NSEC before it does not lead there");
    return std::nullopt;
  }

  struct Hashed {
    ZoneVersion::Found found;  // the NSEC3 of the name
    std::string hash;
    std::optional<Denied> own, previous;
  };
  Hashed hashed(NameView name) const {
    Hashed result;
    const Nsec3Label label = nsec3_label(name, next_.nsec3_parameters());
    std::string owner(reinterpret_cast<const char*>(label.data()), label.size());
    owner.append(text_of(apex_.bytes()));
    const NameView view(reinterpret_cast<const uint8_t*>(owner.data()), static_cast<unsigned>(owner.size()));
    const auto found = next_.find(NameHash::process().of(view), view);
    if (found && found.page->is_in_chain(*found.node, next_.chain())) result.found = found;
    result.own = nsec_at(result.found);
    result.previous = nsec_at(next_.predecessor(view, true));
    result.hash = nsec3_octets(label);
    return result;
  }

  std::optional<std::string> check_nsec3(NameView name, const TypeSet& types) const {
    const auto there = next_.find(NameHash::process().of(name), name);
    const bool is_name = !types.empty() || (there && (there.node->flags & Page::kHashed) == 0);
    const Hashed h = hashed(name);
    const bool leads_here = h.previous && h.previous->next == h.hash;
    if (!is_name) {
      if (h.own) return bogus(name, rrtype::NSEC3, "the name is gone");
      return leads_here ? std::optional(bogus(name, rrtype::NSEC3, "the chain leads there, and it is gone"))
                        : std::nullopt;
    }
    if (!h.own) {
      const bool insecure_cut = types == TypeSet{rrtype::NS};
      if ((insecure_cut || types.empty()) && h.previous && h.previous->opt_out) return std::nullopt;
      return bogus(name, types.empty() ? uint16_t{rrtype::NSEC3} : *types.begin(), "no NSEC3 names it");
    }
    if (h.own->types != types) return bogus(name, rrtype::NSEC3, "its types are not those of the name");
    if (!leads_here) return bogus(name, rrtype::NSEC3, "the NSEC3 before it does not lead there");
    return std::nullopt;
  }

  // Empty non-terminals have an NSEC3, too (RFC 5155 §7.1), unless there are opt-outs.
  std::optional<std::string> check_nsec3_of_ancestor(NameView name) const {
    const Hashed h = hashed(name);
    if (h.own || (h.previous && h.previous->opt_out)) return std::nullopt;
    return bogus(name, rrtype::NSEC3, "no NSEC3 names it");
  }

  const ZoneVersion* base_;
  const ZoneVersion& next_;
  const NameView apex_;
};

}  // namespace

bool is_signed(const ZoneVersion& version) {
  const auto apex = version.apex_node();
  const Page::RRset* soa = apex ? apex.page->rrset(*apex.node, rrtype::SOA) : nullptr;  // its signatures alone
  return soa != nullptr && apex.page->answer(*soa).head().sig_count != 0;
}

std::optional<std::string> find_bogus(const ZoneVersion* base, const ZoneVersion& next, const Delta& delta,
                                      OwnChanges own) {
  if (!is_signed(next) && (base == nullptr || !is_signed(*base) || !has_data(next, next.apex().name, rrtype::DNSKEY)))
    return std::nullopt;
  if (base != nullptr && base->serial() == next.serial() && delta.empty() && !next.pseudo()) return std::nullopt;
  return Rule(base, next).check(delta, own);
}

}  // namespace axfrd::zones
