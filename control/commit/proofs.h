// Proofs: what the store keeps of a zone's ledger (notify/ledger.h): who has proven which serial when.
//
// Tagged values; lines of text until format 6. These are observations, which come again by themselves: a tag that is
// not known is passed over, and is gone with the next proof.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axfrd::control {

struct KeptProof {
  std::string place;  // as in access/secondary.h, without keys
  uint32_t serial;
  int64_t time;
};
std::string proofs_to_stored(std::span<const KeptProof> proofs);
// What cannot be read is left out: the secondary is asked anew.
std::vector<KeptProof> proofs_from_stored(const std::string& stored);

}  // namespace axfrd::control
