// What secondaries say to NOTIFY and to queries for the SOA. Input: the message.
#include "tests/fuzz/fuzz.h"
#include "zones/answer/notify.h"

using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes message(data, size);
  if (read_response(message)) (void)is_about(message, axfrd::fuzz::small_zone()->apex().name);
  return 0;
}
