#include "control/commit/proofs.h"

#include <sstream>
#include <stdexcept>
#include <utility>

#include "zones/disk/tagged.h"

namespace axfrd::control {

namespace {

enum class LedgerTag : uint16_t { line = 1 };
enum class LineTag : uint16_t { place = 1, serial, time };

KeptProof proof_of(zones::Bytes value) {
  KeptProof proof{};
  zones::TagReader in(value);
  while (in.next()) {
    switch (in.tag<LineTag>()) {
      case LineTag::place:
        proof.place = in.text();
        break;
      case LineTag::serial:
        proof.serial = in.number32();
        break;
      case LineTag::time:
        proof.time = static_cast<int64_t>(in.number64());
        break;
      default:
        break;
    }
  }
  return proof;
}

}  // namespace

std::string proofs_to_stored(std::span<const KeptProof> proofs) {
  zones::TagWriter out;
  for (const KeptProof& proof : proofs) {
    zones::TagWriter line;
    line.put(LineTag::place, proof.place);
    line.put32(LineTag::serial, proof.serial);
    line.put64(LineTag::time, static_cast<uint64_t>(proof.time));
    out.put(LedgerTag::line, std::move(line).finish());
  }
  return std::move(out).finish();
}

std::vector<KeptProof> proofs_from_stored(const std::string& stored) {
  std::vector<KeptProof> proofs;
  if (!stored.empty() && stored.front() != '\0') {  // format 6
    std::istringstream in(stored);
    for (KeptProof proof; in >> proof.place >> proof.serial >> proof.time;) proofs.push_back(proof);
    return proofs;
  }
  try {
    zones::TagReader in(zones::bytes_of(stored));
    while (in.next()) {
      if (in.tag<LedgerTag>() == LedgerTag::line) proofs.push_back(proof_of(in.value()));
    }
  } catch (const std::invalid_argument&) {
  }
  return proofs;
}

}  // namespace axfrd::control
