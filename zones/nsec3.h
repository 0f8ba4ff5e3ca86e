// The hashed names of NSEC3 (RFC 5155 §5), without allocation.
#pragma once

#include <array>
#include <cstdint>

#include "zones/name.h"
#include "zones/wire.h"

namespace axfrd::zones {

struct Nsec3Parameters {
  unsigned iterations = 0;
  Bytes salt;
};

// More iterations are not computed: their proofs are of no use to today's resolvers, and the work is the asker's to
// order (RFC 9276 §3.2).
constexpr unsigned kMaxNsec3Iterations = 150;

constexpr unsigned kSha1Size = 20;
using Sha1 = std::array<uint8_t, kSha1Size>;
Sha1 sha1(Bytes first, Bytes second);  // of both, one behind the other

// The label that `name` has in the chain of NSEC3 records: its length octet, and base32hex.
constexpr unsigned kNsec3Label = 32;
using Nsec3Label = std::array<uint8_t, 1 + kNsec3Label>;
Nsec3Label nsec3_label(NameView name, const Nsec3Parameters& parameters);

}  // namespace axfrd::zones
