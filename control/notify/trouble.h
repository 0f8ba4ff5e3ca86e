// Trouble: the observed reason why a secondary is not in step.
//
// Observations by TCP, and answers to our own questions, are facts. Those of other datagrams, which can be forged, are
// kept apart: they never replace or end a fact.
//
// Threads. The service thread.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "control/base/address.h"
#include "control/base/json.h"
#include "zones/wire/name.h"

namespace axfrd::control {

enum class Reason : uint8_t {
  badsig,  // its request has a wrong TSIG (RFC 8945 §5.2); also the next three
  badkey,
  badtime,
  badtrunc,
  not_allowed,         // no rule allows it to transfer the zone
  notify_refused,      // it answers NOTIFY with an error
  notify_unsigned,     // its answer to a signed NOTIFY is not signed, or wrongly
  no_answer,           // it does not answer NOTIFY
  connection_refused,  // the same, and its host refuses the connection
  unsendable,          // the same, and nothing can be sent there
  broken_off           // a transfer to it was not completed
};
constexpr size_t kReasons = 11;

// "BADSIG", "not allowed", …
const char* to_text(Reason reason);

// The kind of success that ends a trouble.
enum class TroubleKind : uint8_t { request, notify, transfer };
constexpr size_t kTroubleKinds = 3;
TroubleKind kind_of(Reason reason);

// Times are seconds since 1970.
struct Trouble {
  Reason reason;
  std::string text;  // a sentence for operators, without protocol details
  int64_t first_at, last_at;
  uint64_t count = 1;
  int64_t over_at = 0;  // 0: it lasts

  bool lasts() const { return over_at == 0; }
};

// Of one secondary of one zone: the last trouble of each kind, and the last one that may be forged.
class Troubles {
 public:
  void note(Reason reason, std::string text, int64_t now);
  void note_unverified(Reason reason, std::string text, int64_t now);
  void end(TroubleKind kind, int64_t now);

  const Trouble* find(TroubleKind kind) const;
  // The most significant one that lasts; null: none does.
  const Trouble* worst() const;

  // [{"reason", "text", "first_at", "last_at", "count", "over_at", "unverified"}…]
  Json to_json() const;

 private:
  std::vector<Trouble> facts_;  // at most one of each kind
  std::optional<Trouble> unverified_;
};

// Refused requests for a zone by peers that are not its secondaries. At most kMost are kept; the peer with the oldest
// last request is forgotten first.
class Strangers {
 public:
  static constexpr size_t kMost = 512;

  struct Attempt {
    zones::Name apex;
    IpAddress peer;
    bool listed;  // a prefix among the zone's secondaries covers it
    Reason reason;
    std::string text;
    bool by_tcp;
    int64_t first_at, last_at;
    uint64_t count = 1;
  };

  void note(Attempt attempt);
  // [{"zone", "peer", "listed", "reason", "text", "first_at", "last_at", "count", "unverified"}…] of a zone, the latest
  // first.
  Json of(zones::NameView apex) const;
  // The same for all zones.
  Json all() const;
  // The latest of that peer for that zone.
  const Attempt* find(zones::NameView apex, const IpAddress& peer) const;
  size_t size() const { return attempts_.size(); }
  uint64_t forgotten() const { return forgotten_; }

 private:
  using Key = std::pair<std::string, IpAddress>;  // with the sort key of the apex
  std::list<Attempt> attempts_;                   // the latest first
  std::map<Key, std::list<Attempt>::iterator> places_;
  uint64_t forgotten_ = 0;
};

}  // namespace axfrd::control
