// Draft: a version with changes on it that are not made yet.
//
// Changes have the meaning of DNS UPDATE (RFC 2136 §2.5), which is that of an operator's `set` and `unset` too: adding
// what is there, or removing what is not, changes nothing. So a list of edits can be written against one version and
// committed to the next.
//
// The A and AAAA at the owner of an ALIAS or URL are derived (zones/data/derived.h): they follow at once what edits do
// to that; adding to them is refused, and removing them changes nothing.
//
// Threads. A Draft belongs to one thread; the version it holds is shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <variant>
#include <vector>

#include "zones/data/version.h"

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
  // As many edits as anybody makes one by one: each costs half a kilobyte for as long as the transaction is open.
  static constexpr size_t kMostByHand = 100'000;

  // `most_edits`: more are refused. What is made of a whole difference (a rollback) needs no limit.
  explicit Draft(VersionRef base, size_t most_edits = SIZE_MAX);

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
  bool has_pseudo(NameView owner) { return !pseudo_at(owner).empty(); }
  std::span<const size_t> pseudo_at(NameView owner);
  template <class Find>
  void set_addresses(Find&& find);
  void derive(std::span<const PseudoRecord* const> of_one_owner);
  void derive(NameView owner);

  VersionRef base_;
  OwnedRecord soa_;
  bool soa_edited_ = false;
  std::map<std::string, Touched> touched_;  // by sort key of the owner
  // In their order; what was removed leaves its place empty, so that the others keep theirs.
  std::vector<std::optional<PseudoRecord>> pseudo_;
  // Their places by sort key of the owner, ascending. Made when first asked for: most zones have none to look for, and
  // without it many edits would each go through all of them.
  std::optional<std::unordered_map<std::string, std::vector<size_t>>> pseudo_places_;
  bool pseudo_edited_ = false;
  size_t edits_left_;
};

}  // namespace axfrd::zones
