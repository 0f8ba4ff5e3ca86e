// Proofs: the stored form of a zone's ledger (notify/ledger.h), which says which secondary has proven which serial, and
// when.
//
// Tagged values; until format 6, lines of text. Proofs are observations that come again by themselves. So an unknown
// tag is ignored, and the next proof drops it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace axfrd::control {

struct KeptProof {
  std::string place;  // a secondary as in access/secondary.h, without keys
  uint32_t serial;
  int64_t time;
};
std::string proofs_to_stored(std::span<const KeptProof> proofs);
// Leaves out what cannot be read: that secondary will be asked again.
std::vector<KeptProof> proofs_from_stored(const std::string& stored);

}  // namespace axfrd::control
