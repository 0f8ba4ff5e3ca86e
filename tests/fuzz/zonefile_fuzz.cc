// Zone files, with those that they include. What is read, and exported, reads back as the same zone. Input: the files,
// with a line "%%" between two; the n-th $INCLUDE of them all stands for the n-th file behind the first.
#include "tests/fuzz/fuzz.h"
#include "zones/text/entry_reader.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

ZoneSource source_of(std::string_view input) {
  constexpr std::string_view between = "\n%%\n";
  ZoneSource source;
  for (size_t at = 0; at <= input.size();) {
    const size_t end = std::min(input.find(between, at), input.size());
    source.parts.push_back({"part" + std::to_string(source.parts.size()), std::string(input.substr(at, end - at))});
    at = end + between.size();
  }
  size_t next = 1;
  for (ZoneSource::Part& part : source.parts) {
    EntryReader reader(part.text);
    for (Entry entry; reader.next(entry);) {
      if (!equals_ignoring_case(Tokens(entry.text).peek(), "$INCLUDE")) continue;
      if (next < source.parts.size()) {
        part.includes.push_back({entry.line, next++, ""});
      } else {
        part.includes.push_back({entry.line, 0, "there is no such file"});
      }
    }
  }
  return source;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const VersionRef version = fuzz::read_zone(source_of(input), *Name::from_text("example"));
  if (version) fuzz::check_lines(*version);
  return 0;
}
