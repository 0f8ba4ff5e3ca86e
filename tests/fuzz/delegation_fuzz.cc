// What a name server of the parent zone says of a zone. Input: the message.
#include "tests/fuzz/fuzz.h"
#include "zones/answer/delegation.h"

using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Delegation delegation = read_delegation(Bytes(data, size), axfrd::fuzz::small_zone()->apex().name);
  if (delegation.problem != nullptr && !delegation.servers.empty()) __builtin_trap();
  return 0;
}
