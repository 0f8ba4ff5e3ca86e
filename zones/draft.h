// Draft: a version with changes on it that are not made yet.
//
// Changes have the meaning of DNS UPDATE (RFC 2136 §2.5), which is that of an operator's `set` and `unset` too: adding
// what is there, or removing what is not, changes nothing. So a list of edits can be written against one version and
// committed to the next.
//
// The A and AAAA at the owner of an ALIAS or URL are derived (zones/derived.h): they follow at once what edits do to
// that; adding to them is refused, and removing them changes nothing.
//
// Threads. A Draft belongs to one thread; the version it holds is shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "zones/version.h"

namespace axfrd::zones {

struct Edit {
  enum class Kind : uint8_t {
    add,            // the record; its TTL becomes the RRset's
    remove_record,  // this record, whatever its TTL
    remove_rrset,   // all of its type (type ANY: all at the name, ALIAS and URL included)
    add_pseudo,
    remove_pseudo  // ALIAS or URL records of the owner; target empty: all of that kind
  };
  Edit(Kind k, OwnedRecord r) : kind(k), record(std::move(r)) {}
  Edit(Kind k, PseudoRecord p) : kind(k), record(Record{p.owner, 0, 0, {}}), pseudo(std::move(p)) {}

  Kind kind;
  OwnedRecord record;
  std::optional<PseudoRecord> pseudo;
};

class Draft {
 public:
  explicit Draft(VersionRef base);

  // Makes one change; a sentence if it cannot be, and then nothing is changed.
  std::optional<std::string> apply(const Edit& edit);
  // Whether apply() would change anything: the record is not there yet, or there is something to remove.
  bool would_change(const Edit& edit);

  // Gives the ALIAS records with these targets (by folded_target), or all URL records, the addresses they stand for.
  void set_alias_addresses(const std::map<std::string, Addresses>& by_target);
  void set_url_addresses(const Addresses& addresses);

  // What the zone would hold (RFC 2136 §2.4); the SOA counts as data of the apex.
  std::vector<OwnedRecord> records_at(NameView name);
  std::vector<OwnedRecord> rrset(NameView name, uint16_t type);
  // The SOA as edited, serial included; the version's own if no edit touched it.
  const OwnedRecord& soa() const { return soa_; }

  struct Result {
    Delta delta;
    OwnedRecord soa;
    PseudoRecords pseudo;
    bool soa_edited, pseudo_edited;
    bool empty() const { return delta.empty() && !soa_edited && !pseudo_edited; }
  };
  // What the edits come to; or why the zone would not be sound.
  std::variant<Result, std::string> finish() const;

  const VersionRef& base() const { return base_; }

 private:
  using Records = std::vector<OwnedRecord>;
  struct Touched {
    Records before, after;
  };

  Touched& touch(NameView name);
  std::optional<std::string> add(const OwnedRecord& record);
  void remove_rrset(const Record& record);
  std::optional<std::string> add_pseudo(PseudoRecord pseudo);
  void remove_pseudo(const PseudoRecord& pseudo);
  bool has_pseudo(NameView owner) const;
  template <class Find>
  void set_addresses(Find&& find);
  void derive(std::span<const PseudoRecord* const> of_one_owner);
  void derive(NameView owner);

  VersionRef base_;
  OwnedRecord soa_;
  bool soa_edited_ = false;
  std::map<std::string, Touched> touched_;  // by sort key of the owner
  std::vector<PseudoRecord> pseudo_;
  bool pseudo_edited_ = false;
};

}  // namespace axfrd::zones
