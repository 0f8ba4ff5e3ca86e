// Proposal: the next version of one zone, made from its current version and a request.
//
// Every request passes the same stages, and each rule has one place (proposal.cc):
//
//   role         whether such a change may be made to such a zone at all
//   content      edits, whole content, or a given delta
//   secondaries  the NS names of secondaries stay in the zone, or out of it if they are leaving, or follow new settings
//   derived      the addresses of ALIAS and URL
//   serial       the one that was stated, if it is newer, or else the next one
//   step         of history
//   version      refused if it would leave a signed zone with something bogus
//
// A replica takes serial, delta and attributes as they are given, and derives nothing. Its stages are role and step.
//
// Threads. Pure: uses neither the store nor the zone table. Any thread may make a proposal on a version that it holds.
// The proposal can be committed while that version is still the current one. Otherwise it is made again.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "control/base/outcome.h"
#include "control/store/store.h"
#include "zones/data/draft.h"
#include "zones/data/warnings.h"
#include "zones/text/zonefile.h"

namespace axfrd::control {

// What a proposal depends on besides the zone.
struct ProposalRules {
  zones::Addresses url_addresses;  // for URL records; empty: they keep theirs
  size_t history_octets = 0;       // memory limit of a zone's history
  int64_t now = 0;                 // Unix seconds
  std::string by = {};             // who made the change, for the history
};

struct Proposal {
  zones::VersionRef base;   // null: the zone is new
  zones::VersionRef next;   // equal to `base`: there is nothing to do
  zones::Delta delta = {};  // from `base` to `next`, without the SOA; empty for a new zone
  zones::Warnings warnings = {};
  bool changes() const { return next != base; }
  bool changes_content() const { return !base || next->serial() != base->serial(); }  // what a secondary sees
  // Numbers of records removed and added, without the SOA. An ALIAS or URL counts as one, and so does each of its
  // addresses.
  size_t removed() const;
  size_t added() const;
};

// Writes the edits of a zone to a draft of its current version. May be called more than once. A Failure leaves the zone
// as it is.
using Compose = std::function<std::optional<Failure>(zones::Draft&)>;
Outcome<Proposal> propose_edits(const zones::VersionRef& base, const Compose& compose, const ProposalRules& rules);

// New content of a zone, from a zone file.
struct NewContent {
  zones::ZoneText text;
  zones::VersionRef fresh;     // built from `text`; used if the zone is new
  bool only_if_newer = false;  // change nothing if the file's serial is not newer
  bool strict = false;         // fail if there is a warning
};
// Changes an existing zone by the difference, so that secondaries can get it by IXFR.
Outcome<Proposal> propose_content(const zones::VersionRef& base, const NewContent& content, const ProposalRules& rules);
// For a new zone. `gone`: the tombstone of an earlier zone of that name; null if there is none.
Outcome<Proposal> propose_new(const NewContent& content, const Tombstone* gone, const ProposalRules& rules);

// Sets the secondary DNS of the zone to what edit(current version) returns.
using SecondaryEdit = std::function<Outcome<zones::SecondaryDns>(const zones::ZoneVersion& current)>;
Outcome<Proposal> propose_secondary(const zones::VersionRef& base, const SecondaryEdit& edit,
                                    const ProposalRules& rules);

Outcome<Proposal> propose_policy(const zones::VersionRef& base, zones::SerialPolicy policy);

// A change that another axfrd has made to this zone.
struct GivenChange {
  zones::Delta delta;
  zones::OwnedRecord soa;        // with its serial
  zones::Attributes attributes;  // except for the history, which gets one more step
};
Outcome<Proposal> propose_given(const zones::VersionRef& base, const GivenChange& change, const ProposalRules& rules);

// The same content with a serial above `floor` and above the zone's own, without a history, because secondaries may
// have other content under its serials. A Failure if its serials are chosen elsewhere (`keep`, or a signed zone).
Outcome<Proposal> propose_higher_serial(const zones::VersionRef& base, uint32_t floor, const ProposalRules& rules);

Failure no_such_zone(const zones::Name& apex);
// The failure of an edit of something that has tags of a later axfrd (zones/disk/tagged.h).
Failure not_known(const std::string& what);

}  // namespace axfrd::control
