// Zone files. What is read, and exported, reads back as the same zone.
#include "tests/fuzz/fuzz.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const VersionRef version = fuzz::read_zone({reinterpret_cast<const char*>(data), size}, *Name::from_text("example"));
  if (version) fuzz::check_lines(*version);
  return 0;
}
