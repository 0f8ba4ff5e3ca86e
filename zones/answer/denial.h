// Denial: the NSEC or NSEC3 records that prove what an answer leaves out (RFC 4035 §3.1.3, RFC 5155 §7.2).
//
// For zones that came signed, and for who set DO: for others nothing here is called. In any other zone it adds nothing.
// A name is found in its chain by binary search, so that the work is bounded whatever the name is.
#pragma once

#include <array>
#include <optional>

#include "zones/answer/response.h"
#include "zones/data/version.h"
#include "zones/wire/name.h"
#include "zones/wire/nsec3.h"

namespace axfrd::zones {

class Denial {
 public:
  // Adds to `response`, for as many zones as the answer comes from.
  explicit Denial(Response& response) : response_(response) {}

  // The zone, whose apex stands at `apex_at` of the message.
  struct Place {
    const ZoneVersion& version;
    unsigned apex_at;
  };

  // `name` is there (at `found`, unless it is the apex of a zone without apex data), but not the type asked for. Also
  // for a delegation without DS.
  void no_data(Place place, const HashedName& name, ZoneVersion::Found found);
  // Nothing is there, below the closest encloser of `encloser` labels.
  void no_name(Place place, const HashedName& name, unsigned encloser);
  // The wildcard below the closest encloser stood in for `name`: there is nothing nearer.
  void expanded(Place place, const HashedName& name, unsigned encloser);
  // The same, and the wildcard at `found` has not the type.
  void expanded_no_data(Place place, const HashedName& name, unsigned encloser, ZoneVersion::Found found);

 private:
  enum class Kind : uint8_t { unsigned_zone, nsec, nsec3 };
  Kind kind(Place place);
  void add(Place place, ZoneVersion::Found found);
  void cover(Place place, NameView name);
  void cover_hashed(Place place, NameView name);
  bool match_hashed(Place place, NameView name);
  unsigned prove_encloser(Place place, const HashedName& name, unsigned labels);

  Response& response_;
  Nsec3Parameters parameters_;
  // What is in the response by now: the proofs of a chain may share records.
  std::array<const Page::Node*, 24> added_;
  unsigned count_ = 0;
};

}  // namespace axfrd::zones
