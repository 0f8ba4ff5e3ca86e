// Zone files. What is read, and exported, reads back as the same zone.
#include "tests/fuzz/fuzz.h"
#include "zones/zonefile.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

VersionRef read(std::string_view text) {
  auto parsed = parse_zone(text, *Name::from_text("example"), "fuzz.zone");
  auto* zone = std::get_if<ZoneText>(&parsed);
  if (zone == nullptr) return nullptr;
  Attributes attributes;
  attributes.pseudo = std::make_shared<const std::vector<PseudoRecord>>(std::move(zone->pseudo));
  return ZoneVersion::build(zone->records, std::move(attributes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const VersionRef version = read({reinterpret_cast<const char*>(data), size});
  if (!version) return 0;
  const auto lines = fuzz::lines_of(*version);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const VersionRef again = read(text);
  fuzz::require(again != nullptr, "an exported zone can be imported");
  fuzz::require(fuzz::lines_of(*again) == lines, "an exported zone is imported as it was");
  return 0;
}
