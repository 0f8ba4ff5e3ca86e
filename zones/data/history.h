// History: how a zone came to its current version, as far back as IXFR can go.
//
// Each commit leaves one step, in the form of the store: the SOA before it, the removed records, the added records.
// Neighbouring steps share a serial, so that any run of steps adds up to the difference between its ends.
//
// Threads. Immutable; shared by versions, read by any thread that holds one.
#pragma once

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zones/data/delta.h"

namespace axfrd::zones {

uint32_t soa_serial(const OwnedRecord& soa);
void set_soa_serial(OwnedRecord& soa, uint32_t serial);

class Step;
using StepRef = boost::intrusive_ptr<const Step>;

class Step : public boost::intrusive_ref_counter<Step> {
 public:
  // The ALIAS and URL records before a step that added or removed some; nothing if it did not.
  using PseudoBefore = std::optional<PseudoRecords>;

  // From the version with the SOA `before`, by `delta`, to the serial `to`. `time`: of the commit, Unix seconds. `by`:
  // what made the change, for people; kept to kMostBy octets.
  Step(const OwnedRecord& before, uint32_t to, int64_t time, const Delta& delta, PseudoBefore pseudo = {},
       std::string_view by = {});
  // What records() gave. Throws std::invalid_argument if it is malformed.
  Step(uint32_t to, int64_t time, uint32_t removed, uint32_t added, std::string records, PseudoBefore pseudo = {},
       std::string by = {});
  static constexpr size_t kMostBy = 200;

  uint32_t from() const { return from_; }  // serials
  uint32_t to() const { return to_; }
  int64_t time() const { return time_; }
  uint32_t removed() const { return removed_; }  // records
  uint32_t added() const { return added_; }
  // The SOA before, the removed and the added records, uncompressed (append_record).
  const std::string& records() const { return records_; }
  const PseudoBefore& pseudo_before() const { return pseudo_before_; }
  // "transaction by root", "ALIAS"; empty: an earlier axfrd made the step, and did not say.
  const std::string& by() const { return by_; }
  size_t memory() const;

  OwnedRecord soa_before() const;
  // Calls visit(record, is_added) for every record but the SOA.
  template <class Visitor>
  void for_each(Visitor&& visit) const {
    const Bytes bytes = bytes_of(records_);
    size_t at = 0;
    read_record(bytes, at);
    for (uint32_t i = 0; i < removed_ + added_; ++i) visit(read_record(bytes, at), i >= removed_);
  }

 private:
  uint32_t from_, to_;
  int64_t time_;
  uint32_t removed_, added_;
  std::string records_;
  PseudoBefore pseudo_before_;
  std::string by_;
};

class History;
using HistoryRef = boost::intrusive_ptr<const History>;  // null: none

class History : public boost::intrusive_ref_counter<History> {
 public:
  // Steps that follow each other, the oldest first. @pre not empty
  explicit History(std::vector<StepRef> steps);

  // `before` (which may be null) and `step` behind it, less the oldest steps beyond kMaxSteps and beyond `octets` of
  // memory. Null if not even the step alone has room. @pre step goes on where `before` ends
  static HistoryRef extend(const HistoryRef& before, StepRef step, size_t octets);
  // `history` without its oldest step.
  static HistoryRef trim(const HistoryRef& history);

  const std::vector<StepRef>& steps() const { return steps_; }
  size_t memory() const { return memory_; }

  // The version that had `serial`, and what leads from it to the end, condensed: what is added and removed again does
  // not show. Nothing if history does not go back so far, or is not sound.
  struct Since {
    OwnedRecord soa;
    Delta delta;                // in the order of a version
    Step::PseudoBefore pseudo;  // the ALIAS and URL records that there were, if not those of today
  };
  std::optional<Since> since(uint32_t serial) const;

  static constexpr size_t kMaxSteps = 500;

 private:
  std::vector<StepRef> steps_;
  size_t memory_ = 0;
};

}  // namespace axfrd::zones
