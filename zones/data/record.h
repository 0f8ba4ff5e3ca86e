// Records: one RR as a view, and the sorted set of records that becomes a zone.
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zones/wire/canonical.h"
#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

class Warnings;

// One RR of class IN. RDATA is wire format with every name uncompressed. A view: the bytes belong to somebody else.
struct Record {
  NameView owner;
  uint16_t type = 0;
  uint32_t ttl = 0;
  Bytes rdata;
};

// The same type and data (zones/wire/canonical.h); the owner and the TTL may differ.
inline bool same_data(const Record& a, const Record& b) {
  return a.type == b.type && same_rdata(a.type, a.rdata, b.rdata);
}
// The same record: owner, type, TTL and data. The case of owners does not count (RFC 4343 §3).
inline bool same_record(const Record& a, const Record& b) {
  return a.ttl == b.ttl && a.owner.equals(b.owner) && same_data(a, b);
}

// The SERIAL of a SOA; nothing if it is no SOA, or too short for two names, each at least one octet, and the numbers.
inline std::optional<uint32_t> serial_in(uint16_t type, Bytes rdata) {
  if (type != rrtype::SOA || rdata.size() < kSoaNumbers + 2) return std::nullopt;
  return load32(rdata.data() + rdata.size() - kSoaNumbers);
}

// A record that owns its bytes.
struct OwnedRecord {
  explicit OwnedRecord(const Record& r)
      : owner(r.owner),
        type(r.type),
        ttl(r.ttl),
        rdata(reinterpret_cast<const char*>(r.rdata.data()), r.rdata.size()) {}
  Record view() const { return {owner, type, ttl, bytes_of(rdata)}; }
  Name owner;
  uint16_t type;
  uint32_t ttl;
  std::string rdata;
};

// Appends `record` to `out`, class IN, uncompressed.
void append_record(std::string& out, const Record& record);
// Reads what append_record() wrote at `at` of `bytes`, and moves `at` behind it. A view of `bytes`. Throws
// std::invalid_argument if it is malformed.
Record read_record(Bytes bytes, size_t& at);

// The order of a version's records: canonical by owner, then by RRset with its RRSIGs behind it, then by RDATA. Records
// that are equal in it are the same but for their TTLs, and for case.
std::strong_ordering record_order(const Record& a, const Record& b);
// Octets that are equal for two records if, and only if, these are the same_record().
std::string record_key(const Record& record);

// Whether `rdata` has the form that `type` promises, as far as we index it or answer from it; types without names in
// their RDATA are opaque.
bool rdata_is_sound(uint16_t type, Bytes rdata);

constexpr uint32_t kMaxTtl = 0x7FFFFFFF;  // RFC 2181 §8

// The type that `record`'s RRset stands with: the covered type for an RRSIG, its own type otherwise.
uint16_t grouping_type(uint16_t type, Bytes rdata);

std::string type_to_text(uint16_t type);
// As in zone files, "A" or "TYPE65280"; 0 if there is no such type.
uint16_t type_from_text(const std::string& text);

// The addresses of one family that a name has.
struct AddressSet {
  bool known = false;  // false: never found out; true and no addresses: it has none
  uint32_t ttl = 0;
  std::string octets;  // the RDATA of the A or AAAA records, one behind the other, ascending
  bool operator==(const AddressSet&) const = default;
};
struct Addresses {
  AddressSet a, aaaa;
  int64_t time = 0;  // when they were found to be so; Unix seconds
  bool empty() const { return a.octets.empty() && aaaa.octets.empty(); }
  bool same_as(const Addresses& other) const { return a == other.a && aaaa == other.aaaa; }
};

// ALIAS and URL: what the customer wrote, and the addresses that it stands for. No query and no transfer shows the
// record; they show the addresses, which are records of the zone (zones/data/derived.h).
struct PseudoRecord {
  enum class Kind : uint8_t { alias, url };
  Kind kind;
  Name owner;
  uint32_t ttl;
  std::string target;        // ALIAS: a name in presentation format with final dot; URL: the URL
  Addresses addresses = {};  // as last found; what a failing lookup leaves as it is
};
using PseudoRecords = std::shared_ptr<const std::vector<PseudoRecord>>;  // null: none

// All records of a zone being built. Owns the bytes.
class RecordSet {
 public:
  explicit RecordSet(Name apex) : apex_(std::move(apex)), apex_labels_(apex_.view().label_count()) {}

  // What is wrong with a record, and the line it came from (0 when it came from no file).
  struct Problem {
    uint32_t line;
    std::string reason;
  };

  // Enters one record; `line` is kept for error messages. Refuses data outside the zone, meta types and what no message
  // can hold.
  std::optional<Problem> add(const Record& record, uint32_t line = 0);
  // Puts the records in order: canonical by owner, then by RRset with its RRSIGs behind it, then by RDATA. Duplicates
  // fall together (RFC 2181 §5) and each RRset takes its lowest TTL (RFC 2181 §5.2). Then checks what a zone must be:
  // exactly one SOA, at the apex; a CNAME or DNAME beside nothing that may not stand there; no RRset larger than a
  // message. `warnings` hears of what was changed.
  std::optional<Problem> finish(Warnings* warnings = nullptr);
  // The same for a part of a zone that has no SOA in it.
  std::optional<Problem> finish_part(Warnings* warnings = nullptr);

  // Whether finish() found RRsets with more than one TTL, and lowered some.
  bool leveled() const { return leveled_; }

  size_t size() const { return entries_.size(); }
  Record operator[](size_t i) const;
  uint32_t line(size_t i) const { return entries_[i].line; }  // where it came from
  const Name& apex() const { return apex_; }

 private:
  struct Entry {
    uint64_t at;  // in arena_: sort key without the apex' part, owner, RDATA
    uint32_t ttl, line;
    uint16_t type, group;
    uint16_t key_size, owner_size, rdata_size;
  };
  std::string_view key(const Entry& e) const { return {arena_.data() + e.at, e.key_size}; }
  Bytes rdata(const Entry& e) const;
  std::string rrset_name(const Entry& e) const;
  bool before(const Entry& a, const Entry& b) const;
  bool same_rrset(const Entry& a, const Entry& b) const;
  void remove_duplicates(Warnings* warnings);
  void level_ttls(Warnings* warnings);
  std::optional<Problem> check_soa() const;
  std::optional<Problem> check_names() const;

  Name apex_;
  unsigned apex_labels_;
  std::string arena_;
  std::vector<Entry> entries_;
  bool leveled_ = false;
};

}  // namespace axfrd::zones
