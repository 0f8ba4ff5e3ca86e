#include "zones/answer/dns_update.h"

#include <algorithm>

#include "zones/data/history.h"
#include "zones/wire/rdata_check.h"
#include "zones/wire/rdata_form.h"
#include "zones/wire/record_walk.h"
#include "zones/wire/serial.h"

namespace axfrd::zones {
namespace {

using Prerequisite = UpdateRequest::Prerequisite;

// ---- reading ----

// RDATA with its names uncompressed; nothing if they are malformed. `at` is where it stands in the message.
std::optional<std::string> uncompressed(Bytes message, size_t at, const RecordWalk& record) {
  const NamesForm& form = names_form(record.type());
  const size_t end = at + record.rdata().size();
  if (form.compressible == 0) return std::string(text_of(record.rdata()));
  if (at + form.prefix > end) return std::nullopt;
  std::string rdata(text_of(message.subspan(at, form.prefix)));
  at += form.prefix;
  for (unsigned i = 0; i < form.compressible; ++i) {
    const auto name = Name::read(message.first(end), at);
    if (!name) return std::nullopt;
    rdata += text_of(name->view().bytes());
  }
  return rdata.append(text_of(message.subspan(at, end - at)));
}

class Reader {
 public:
  explicit Reader(const Request& request)
      : message_(request.message, request.size),
        zone_(request.qname.view()),
        walk_(request.message, request.size, request.question_end) {}

  Result<UpdateRequest, Rcode> read() {
    for (unsigned left = load16(&message_[6]); left > 0; --left) {
      if (const Rcode rcode = read_prerequisite(); rcode != Rcode::noerror) return rcode;
    }
    for (unsigned left = load16(&message_[8]); left > 0; --left) {
      if (const Rcode rcode = read_edit(); rcode != Rcode::noerror) return rcode;
    }
    return std::move(request_);
  }

 private:
  // The next record's owner.
  Rcode next() {
    if (!walk_.next()) return Rcode::formerr;
    size_t at = walk_.owner_at();
    auto owner = Name::read(message_, at);
    if (!owner) return Rcode::formerr;
    owner_ = std::move(*owner);
    return owner_.view().is_at_or_below(zone_) ? Rcode::noerror : Rcode::notzone;
  }

  // The record as data, with class IN or NONE; nothing if it is malformed.
  std::optional<OwnedRecord> data() const {
    const auto at = static_cast<size_t>(walk_.rdata().data() - message_.data());
    const auto rdata = uncompressed(message_, at, walk_);
    if (!rdata) return std::nullopt;
    const Bytes octets = bytes_of(*rdata);
    const Record record{owner_, walk_.type(), walk_.ttl(), octets};
    if (rrtype::is_meta(record.type) || check_rdata(record.type, octets)) return std::nullopt;
    return OwnedRecord(record);
  }

  OwnedRecord without_data() const { return OwnedRecord(Record{owner_, walk_.type(), 0, {}}); }

  Rcode read_prerequisite() {
    if (const Rcode rcode = next(); rcode != Rcode::noerror) return rcode;
    if (walk_.ttl() != 0) return Rcode::formerr;
    if (walk_.rr_class() == rrclass::IN) return read_equality();
    if (!walk_.rdata().empty()) return Rcode::formerr;
    using Kind = Prerequisite::Kind;
    const bool whole_name = walk_.type() == rrtype::ANY;
    if (!whole_name && rrtype::is_meta(walk_.type())) return Rcode::formerr;
    if (walk_.rr_class() == rrclass::ANY) {
      add(whole_name ? Kind::name_in_use : Kind::rrset_exists);
    } else if (walk_.rr_class() == rrclass::NONE) {
      add(whole_name ? Kind::name_free : Kind::rrset_free);
    } else {
      return Rcode::formerr;
    }
    return Rcode::noerror;
  }

  void add(Prerequisite::Kind kind) { request_.prerequisites.push_back({kind, owner_, walk_.type(), {}}); }

  // One record of an RRset that must be just so; its others may stand anywhere in the section.
  Rcode read_equality() {
    const auto record = data();
    if (!record) return Rcode::formerr;
    auto& all = request_.prerequisites;
    auto same = std::ranges::find_if(all, [&](const Prerequisite& p) {
      return p.kind == Prerequisite::Kind::rrset_equals && p.type == record->type && p.name == owner_;
    });
    if (same == all.end()) {
      add(Prerequisite::Kind::rrset_equals);
      same = all.end() - 1;
    }
    const bool twice =
        std::ranges::any_of(same->records, [&](const OwnedRecord& r) { return same_data(r.view(), record->view()); });
    if (!twice) same->records.push_back(*record);
    return Rcode::noerror;
  }

  Rcode read_edit() {
    if (const Rcode rcode = next(); rcode != Rcode::noerror) return rcode;
    const bool empty = walk_.rdata().empty();
    if (walk_.rr_class() == rrclass::ANY) {
      const bool data_type = walk_.type() == rrtype::ANY || !rrtype::is_meta(walk_.type());
      if (walk_.ttl() != 0 || !empty || !data_type) return Rcode::formerr;
      request_.edits.emplace_back(Edit::Kind::remove_rrset, without_data());
      return Rcode::noerror;
    }
    const bool removes = walk_.rr_class() == rrclass::NONE;
    if ((!removes && walk_.rr_class() != rrclass::IN) || (removes && walk_.ttl() != 0)) return Rcode::formerr;
    auto record = data();
    if (!record) return Rcode::formerr;
    request_.edits.emplace_back(removes ? Edit::Kind::remove_record : Edit::Kind::add, std::move(*record));
    return Rcode::noerror;
  }

  Bytes message_;
  NameView zone_;
  RecordWalk walk_;
  Name owner_;
  UpdateRequest request_;
};

// ---- prerequisites ----

bool holds_equality(const Prerequisite& wanted, const std::vector<OwnedRecord>& have) {
  return have.size() == wanted.records.size() && std::ranges::all_of(wanted.records, [&](const OwnedRecord& w) {
           return std::ranges::any_of(have, [&](const OwnedRecord& h) { return same_data(h.view(), w.view()); });
         });
}

Rcode check_one(const Prerequisite& wanted, Draft& draft) {
  using Kind = Prerequisite::Kind;
  const auto otherwise = [](bool holds, Rcode rcode) { return holds ? Rcode::noerror : rcode; };
  switch (wanted.kind) {
    case Kind::name_in_use:
      return otherwise(!draft.records_at(wanted.name).empty(), Rcode::nxdomain);
    case Kind::name_free:
      return otherwise(draft.records_at(wanted.name).empty(), Rcode::yxdomain);
    case Kind::rrset_exists:
      return otherwise(!draft.rrset(wanted.name, wanted.type).empty(), Rcode::nxrrset);
    case Kind::rrset_free:
      return otherwise(draft.rrset(wanted.name, wanted.type).empty(), Rcode::yxrrset);
    case Kind::rrset_equals:
      break;
  }
  return otherwise(holds_equality(wanted, draft.rrset(wanted.name, wanted.type)), Rcode::nxrrset);
}

// ---- changes ----

// Types that stand beside a CNAME (RFC 4034 §3, §4).
bool stands_beside_cname(uint16_t type) {
  return type == rrtype::RRSIG || type == rrtype::NSEC || type == rrtype::DNSKEY;
}

class Maker {
 public:
  explicit Maker(Draft& draft) : draft_(draft), apex_(draft.base()->apex().name) {}

  std::optional<std::string> make(const Edit& edit) {
    switch (edit.kind) {
      case Edit::Kind::add:
        return is_ignored_addition(edit.record) ? std::nullopt : add(edit);
      case Edit::Kind::remove_record:
        return is_ignored_removal(edit.record) ? std::nullopt : draft_.apply(edit);
      default:
        return remove_rrset(edit);
    }
  }

 private:
  bool is_apex(const OwnedRecord& record) const { return record.owner.view().equals(apex_); }

  // RFC 2136 §3.4.2.2: a SOA that is not newer, a CNAME beside other data, other data beside a CNAME.
  bool is_ignored_addition(const OwnedRecord& record) {
    if (record.type == rrtype::SOA)
      return !is_apex(record) || !serial_newer(soa_serial(record), soa_serial(draft_.soa()));
    if (stands_beside_cname(record.type)) return false;
    const auto others = draft_.records_at(record.owner);
    return std::ranges::any_of(others, [&](const OwnedRecord& other) -> bool {
      if (stands_beside_cname(other.type)) return false;
      return (other.type == rrtype::CNAME) != (record.type == rrtype::CNAME);
    });
  }

  // There is one CNAME at a name, and the new one takes its place.
  std::optional<std::string> add(const Edit& edit) {
    if (edit.record.type == rrtype::CNAME)
      draft_.apply(Edit(Edit::Kind::remove_rrset, OwnedRecord(Record{edit.record.owner, rrtype::CNAME, 0, {}})));
    return draft_.apply(edit);
  }

  // RFC 2136 §3.4.2.4: the SOA stays, and the last NS of the apex.
  bool is_ignored_removal(const OwnedRecord& record) {
    if (record.type == rrtype::SOA) return true;
    if (record.type != rrtype::NS || !is_apex(record)) return false;
    const auto servers = draft_.rrset(apex_, rrtype::NS);
    return servers.size() == 1 && same_data(servers.front().view(), record.view());
  }

  // RFC 2136 §3.4.2.3: SOA and NS of the apex stay.
  std::optional<std::string> remove_rrset(const Edit& edit) {
    if (!is_apex(edit.record)) return draft_.apply(edit);
    for (const OwnedRecord& r : draft_.records_at(apex_)) {
      if (r.type == rrtype::SOA || r.type == rrtype::NS) continue;
      if (edit.record.type != rrtype::ANY && edit.record.type != r.type) continue;
      if (auto reason = draft_.apply(Edit(Edit::Kind::remove_record, r))) return reason;
    }
    if (edit.record.type != rrtype::ANY) return std::nullopt;
    for (const auto kind : {PseudoRecord::Kind::alias, PseudoRecord::Kind::url})
      draft_.apply(Edit(Edit::Kind::remove_pseudo, PseudoRecord{kind, Name(apex_), 0, {}, {}}));
    return std::nullopt;
  }

  Draft& draft_;
  NameView apex_;
};

}  // namespace

Result<UpdateRequest, Rcode> read_update(const Request& request) {
  if (request.qtype != rrtype::SOA || request.qclass != rrclass::IN) return Rcode::formerr;  // RFC 2136 §3.1.1
  return Reader(request).read();
}

Rcode check_prerequisites(const UpdateRequest& request, Draft& draft) {
  for (const Prerequisite& wanted : request.prerequisites) {
    if (const Rcode rcode = check_one(wanted, draft); rcode != Rcode::noerror) return rcode;
  }
  return Rcode::noerror;
}

std::optional<std::string> make_update(const UpdateRequest& request, Draft& draft) {
  Maker maker(draft);
  for (const Edit& edit : request.edits) {
    if (auto reason = maker.make(edit)) return reason;
  }
  return std::nullopt;
}

}  // namespace axfrd::zones
