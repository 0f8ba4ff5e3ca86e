// The hashed names of NSEC3 (RFC 5155 §5), without allocation, and the chains that its records make.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

struct Nsec3Parameters {
  unsigned iterations = 0;
  Bytes salt;
};

// More iterations are not computed: their proofs are of no use to today's resolvers, and the work is the asker's to
// order (RFC 9276 §3.2).
constexpr unsigned kMaxNsec3Iterations = 150;

// A chain of the records that deny names. While a signer changes the parameters, a zone has several chains of NSEC3;
// those records belong together that have the same hash algorithm, iterations and salt (RFC 5155 §7.1). The number is
// made of these.
using ChainId = uint64_t;
constexpr ChainId kNsecChain = 1;

// The chain of an NSEC3 record, or the one that an NSEC3PARAM record names; nothing if `rdata` is cut short.
std::optional<ChainId> nsec3_chain(Bytes rdata);
// The parameters in the RDATA of an NSEC3PARAM, as a view of it. Nothing if names cannot be hashed so, or if the record
// must be ignored because of its flags (RFC 5155 §4.1.2).
std::optional<Nsec3Parameters> nsec3_parameters(Bytes rdata);

constexpr unsigned kSha1Size = 20;
using Sha1 = std::array<uint8_t, kSha1Size>;
Sha1 sha1(Bytes first, Bytes second);  // of both, one behind the other

// The label that `name` has in the chain of NSEC3 records: its length octet, and base32hex.
constexpr unsigned kNsec3Label = 32;
using Nsec3Label = std::array<uint8_t, 1 + kNsec3Label>;
Nsec3Label nsec3_label(NameView name, const Nsec3Parameters& parameters);
// The hash that a label stands for, as octets. @pre the label is one of nsec3_label()
std::string nsec3_octets(const Nsec3Label& label);

}  // namespace axfrd::zones
