#include "zones/data/record.h"

#include <strings.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "zones/data/warnings.h"
#include "zones/wire/ldns.h"
#include "zones/wire/number.h"
#include "zones/wire/rdata_form.h"

namespace axfrd::zones {
namespace {

// What may stand beside a CNAME: its signature and the denial record (RFC 2181 §10.1, RFC 4034 §4).
bool may_join_cname(uint16_t group) { return group == rrtype::CNAME || group == rrtype::NSEC; }

}  // namespace

bool rdata_is_sound(uint16_t type, Bytes rdata) {
  if (type == rrtype::A) return rdata.size() == 4;
  if (type == rrtype::AAAA) return rdata.size() == 16;
  if (type == rrtype::RRSIG) return rdata.size() > 18 && NameView::read(rdata, 18).has_value();
  if (type == rrtype::DNAME) {
    const auto name = NameView::read(rdata);
    return name && name->size() == rdata.size();
  }
  const NamesForm& shape = names_form(type);
  if (shape.compressible == 0) return true;
  size_t at = shape.prefix;
  for (unsigned i = 0; i < shape.compressible; ++i) {
    if (at >= rdata.size()) return false;
    const auto name = NameView::read(rdata, static_cast<unsigned>(at));
    if (!name) return false;
    at += name->size();
  }
  return rdata.size() == at + (type == rrtype::SOA ? kSoaNumbers : 0);
}

uint16_t grouping_type(uint16_t type, Bytes rdata) {
  return type == rrtype::RRSIG && rdata.size() >= 2 ? load16(rdata.data()) : type;
}

void append_record(std::string& out, const Record& r) {
  std::array<uint8_t, kRrFixed> fixed;
  store16(fixed.data(), r.type);
  store16(fixed.data() + 2, rrclass::IN);
  store32(fixed.data() + 4, r.ttl);
  store16(fixed.data() + 8, static_cast<unsigned>(r.rdata.size()));
  out.append(text_of(r.owner.bytes()));
  out.append(text_of(fixed));
  out.append(text_of(r.rdata));
}

Record read_record(Bytes bytes, size_t& at) {
  const auto owner = at < bytes.size() ? NameView::read(bytes.subspan(at)) : std::nullopt;
  if (!owner || bytes.size() - at < owner->size() + kRrFixed) throw std::invalid_argument("a record cut short");
  const uint8_t* fixed = bytes.data() + at + owner->size();
  const size_t length = load16(fixed + 8);
  const size_t end = at + owner->size() + kRrFixed + length;
  if (load16(fixed + 2) != rrclass::IN || end > bytes.size()) throw std::invalid_argument("a malformed record");
  at = end;
  return {*owner, load16(fixed), load32(fixed + 4), {fixed + kRrFixed, length}};
}

std::strong_ordering record_order(const Record& a, const Record& b) {
  if (const auto order = canonical_order(a.owner, b.owner); order != 0) return order;
  const uint16_t group_a = grouping_type(a.type, a.rdata), group_b = grouping_type(b.type, b.rdata);
  if (group_a != group_b) return group_a <=> group_b;
  if (a.type != b.type) return a.type == rrtype::RRSIG ? std::strong_ordering::greater : std::strong_ordering::less;
  return rdata_order(a.type, a.rdata, b.rdata);
}

std::string record_key(const Record& r) {
  std::string key;
  append_record(key, {r.owner, r.type, r.ttl, {}});
  for (unsigned i = 0; i < r.owner.size(); ++i) key[i] = static_cast<char>(fold(static_cast<uint8_t>(key[i])));
  append_canonical_rdata(key, r.type, r.rdata);
  return key;
}

std::string type_to_text(uint16_t type) {
  if (const Form* form = form_of(type); form != nullptr && !form->name.empty()) return std::string(form->name);
  char* text = ldns_rr_type2str(static_cast<ldns_rr_type>(type));
  std::string result = text != nullptr ? text : "TYPE" + std::to_string(type);
  std::free(text);  // NOLINT(cppcoreguidelines-no-malloc): ldns allocates with malloc
  return result;
}

uint16_t type_from_text(const std::string& text) {
  // ldns would take TYPE65x for TYPE65, and TYPE65601 for another.
  constexpr size_t prefix = 4;
  if (text.size() > prefix && strncasecmp(text.c_str(), "TYPE", prefix) == 0) {
    return number_in<uint16_t>(std::string_view(text).substr(prefix)).value_or(0);
  }
  const auto known = static_cast<uint16_t>(ldns_get_rr_type_by_name(text.c_str()));
  return known != 0 ? known : newer_type_named(text);
}

std::optional<RecordSet::Problem> RecordSet::add(const Record& r, uint32_t line) {
  const auto problem = [&](std::string reason) {
    return Problem{line, r.owner.to_text() + " " + type_to_text(r.type) + ": " + std::move(reason)};
  };
  if (!r.owner.is_at_or_below(apex_)) return problem("is not in the zone " + apex_.to_text());
  if (rrtype::is_meta(r.type)) return problem("is not a type of data; remove the record");
  if (r.ttl > kMaxTtl) return problem("the TTL is above 2147483647 (RFC 2181 section 8)");
  if (!rdata_is_sound(r.type, r.rdata)) return problem("the data does not have the form of its type");
  const size_t alone = kHeaderSize + apex_.view().size() + 4U + r.owner.size() + kRrFixed + r.rdata.size();
  if (alone + kRoomForSignature > kMaxMessage) {
    return problem("has " + std::to_string(r.rdata.size()) + " octets of data; no DNS message can hold it");
  }
  Entry e{};
  e.at = arena_.size();
  append_sort_key(arena_, r.owner, apex_labels_);
  e.ttl = r.ttl;
  e.line = line;
  e.type = r.type;
  e.group = grouping_type(r.type, r.rdata);
  e.key_size = static_cast<uint16_t>(arena_.size() - e.at);
  e.owner_size = static_cast<uint16_t>(r.owner.size());
  e.rdata_size = static_cast<uint16_t>(r.rdata.size());
  arena_.append(text_of(r.owner.bytes()));
  arena_.append(text_of(r.rdata));
  entries_.push_back(e);
  return std::nullopt;
}

Bytes RecordSet::rdata(const Entry& e) const {
  return {reinterpret_cast<const uint8_t*>(arena_.data()) + e.at + e.key_size + e.owner_size, e.rdata_size};
}

Record RecordSet::operator[](size_t i) const {
  const Entry& e = entries_[i];
  const auto* owner = reinterpret_cast<const uint8_t*>(arena_.data()) + e.at + e.key_size;
  return {NameView(owner, e.owner_size), e.type, e.ttl, rdata(e)};
}

bool RecordSet::same_rrset(const Entry& a, const Entry& b) const {
  return a.type == b.type && a.group == b.group && key(a) == key(b);
}

bool RecordSet::before(const Entry& a, const Entry& b) const {
  if (const int order = key(a).compare(key(b)); order != 0) return order < 0;
  if (a.group != b.group) return a.group < b.group;
  if (a.type != b.type) return b.type == rrtype::RRSIG;  // signatures stand behind what they sign
  return rdata_order(a.type, rdata(a), rdata(b)) < 0;
}

void RecordSet::remove_duplicates(Warnings* warnings) {
  const auto same = [&](const Entry& a, const Entry& b) {
    if (!same_rrset(a, b) || !same_rdata(a.type, rdata(a), rdata(b))) return false;
    if (warnings != nullptr) warnings->add(b.line, rrset_name(b) + ": the record is there twice, and served once");
    return true;
  };
  entries_.erase(std::unique(entries_.begin(), entries_.end(), same), entries_.end());
}

std::string RecordSet::rrset_name(const Entry& e) const {
  const auto* owner = reinterpret_cast<const uint8_t*>(arena_.data()) + e.at + e.key_size;
  return NameView(owner, e.owner_size).to_text() + " " + type_to_text(e.type);
}

void RecordSet::level_ttls(Warnings* warnings) {
  leveled_ = false;
  for (size_t first = 0; first < entries_.size();) {
    size_t last = first;
    uint32_t lowest = entries_[first].ttl;
    for (; last < entries_.size() && same_rrset(entries_[first], entries_[last]); ++last) {
      lowest = std::min(lowest, entries_[last].ttl);
    }
    for (bool told = warnings == nullptr; first < last; ++first) {
      if (entries_[first].ttl == lowest) continue;
      leveled_ = true;
      if (!told) {
        warnings->add(entries_[first].line, rrset_name(entries_[first]) + ": the TTLs of the RRset differ; " +
                                                std::to_string(lowest) +
                                                ", the lowest, is served for all of it (RFC 2181, section 5.2)");
      }
      told = true;
      entries_[first].ttl = lowest;
    }
  }
}

std::optional<RecordSet::Problem> RecordSet::check_soa() const {
  const Entry* soa = nullptr;
  for (const Entry& e : entries_) {
    if (e.type != rrtype::SOA) continue;
    if (e.key_size != 0) return Problem{e.line, "a SOA record below the apex " + apex_.to_text()};
    if (soa != nullptr) return Problem{e.line, "a second SOA record; a zone has exactly one"};
    soa = &e;
  }
  if (soa == nullptr)
    return Problem{0, "no SOA record for " + apex_.to_text() + "; a zone has exactly one, at its apex"};
  return std::nullopt;
}

std::optional<RecordSet::Problem> RecordSet::check_names() const {
  for (size_t first = 0; first < entries_.size();) {
    size_t last = first, cnames = 0, dnames = 0;
    const Entry* stranger = nullptr;
    for (; last < entries_.size() && key(entries_[last]) == key(entries_[first]); ++last) {
      const Entry& e = entries_[last];
      cnames += e.type == rrtype::CNAME ? 1 : 0;
      dnames += e.type == rrtype::DNAME ? 1 : 0;
      if (!may_join_cname(e.group)) stranger = &e;
    }
    const auto problem = [&](uint32_t line, const std::string& reason) {
      return Problem{line, (*this)[first].owner.to_text() + reason};
    };
    if (cnames > 1) return problem(entries_[last - 1].line, " has more than one CNAME");
    if (dnames > 1) return problem(entries_[last - 1].line, " has more than one DNAME");
    if (cnames > 0 && stranger != nullptr)
      return problem(stranger->line, " has a CNAME and other data (" + type_to_text(stranger->type) + ")");
    first = last;
  }
  for (size_t first = 0; first < entries_.size();) {
    size_t last = first, octets = kHeaderSize + entries_[first].owner_size + 4U + kRoomForSignature;
    for (; last < entries_.size() && entries_[last].group == entries_[first].group &&
           key(entries_[last]) == key(entries_[first]);
         ++last) {
      octets += 2U + kRrFixed + entries_[last].rdata_size;
    }
    if (octets > kMaxMessage) {
      return Problem{entries_[last - 1].line,
                     (*this)[first].owner.to_text() + " " + type_to_text(entries_[first].group) +
                         ": the RRset is larger than any DNS message; no query could be answered with it"};
    }
    first = last;
  }
  return std::nullopt;
}

std::optional<RecordSet::Problem> RecordSet::finish_part(Warnings* warnings) {
  const auto order = [this](const Entry& a, const Entry& b) { return before(a, b); };
  if (!std::is_sorted(entries_.begin(), entries_.end(), order))
    std::stable_sort(entries_.begin(), entries_.end(), order);
  remove_duplicates(warnings);
  level_ttls(warnings);
  return check_names();
}

std::optional<RecordSet::Problem> RecordSet::finish(Warnings* warnings) {
  auto problem = finish_part(warnings);
  return problem ? problem : check_soa();
}

}  // namespace axfrd::zones
