// Draft: a version, and edits of it that are not committed yet.
//
// Edits mean what DNS UPDATE means (RFC 2136 §2.5), as do an operator's `set` and `unset`: to add a record that exists,
// or to remove one that does not, changes nothing. So edits that were written against one version can be committed to a
// later one.
//
// The A and AAAA records at the owner of an ALIAS or URL are derived (zones/data/derived.h). They follow edits of the
// ALIAS or URL at once. An edit that adds such a record is refused, and one that removes it changes nothing.
//
// Threads. A Draft belongs to one thread; the version it holds is shared.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "zones/data/version.h"
#include "zones/wire/result.h"

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
  // The limit for edits that are made one by one: each takes half a kilobyte while the transaction is open.
  static constexpr size_t kMostByHand = 100'000;

  // `most_edits`: further edits are refused. A rollback, which is made of a whole difference, needs no limit.
  explicit Draft(VersionRef base, size_t most_edits = SIZE_MAX);

  // Makes one change. Returns a sentence if that is impossible; then nothing is changed.
  std::optional<std::string> apply(const Edit& edit);
  // Whether apply() would change anything: the record is not there yet, or there is something to remove.
  bool would_change(const Edit& edit);

  // Sets the addresses of the ALIAS records with these targets (by folded_target), or of all URL records.
  void set_alias_addresses(const std::map<std::string, Addresses>& by_target);
  void set_url_addresses(const Addresses& addresses);

  // Returns the records that the zone would have there (RFC 2136 §2.4); the SOA is among those of the apex.
  std::vector<OwnedRecord> records_at(NameView name);
  std::vector<OwnedRecord> rrset(NameView name, uint16_t type);
  // The SOA after all edits, serial included; that of the version if no edit touched it.
  const OwnedRecord& soa() const { return soa_; }

  struct Changes {
    Delta delta;
    OwnedRecord soa;
    PseudoRecords pseudo;
    bool soa_edited, pseudo_edited;
    bool empty() const { return delta.empty() && !soa_edited && !pseudo_edited; }
  };
  // Returns the result of all edits, or a sentence that says why the zone would not be sound.
  Result<Changes> finish() const;

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
  // In their order. A removed one leaves its place empty, so that the others keep their places.
  std::vector<std::optional<PseudoRecord>> pseudo_;
  // Their places by sort key of the owner, ascending. Made when it is first needed, because most zones have none.
  // Without it, each of many edits would go through all of them.
  std::optional<std::unordered_map<std::string, std::vector<size_t>>> pseudo_places_;
  bool pseudo_edited_ = false;
  size_t edits_left_;
};

}  // namespace axfrd::zones
