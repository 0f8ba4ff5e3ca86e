// Transfers: octets that choose a zone, its history and what is asked for, to what a client of TCP gets.
//
// Input: the choices of tests/model/transfer_oracle.h, one after the other.
#include "tests/fuzz/fuzz.h"
#include "tests/model/transfer_oracle.h"

using namespace axfrd;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  model::OctetChoices choices(data, size);
  model::TransferTally tally;
  // Small: what is large says nothing that the oracle's own test does not.
  model::check_transfers(choices, {.records = 60, .steps = 3, .requests = 2}, tally);
  return 0;
}
