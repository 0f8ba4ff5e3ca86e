// For test_rdata.py: reads records, a line each as in a zone file, and says of each what its RDATA is.
//
// stdin: OWNER TYPE DATA, below example.com.
// stdout: a line for each of them: "+ TYPE OCTETS", type and RDATA in numbers, if it is taken; "- REASON" if it is
// refused; "! TEXT" if it is taken, and its text TEXT is not read back as the same record.
#include <iostream>

#include "zones/text/zonefile.h"

using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

Result<Edit> read(const std::string& line) {
  static const Name apex = *Name::from_text("example.com");
  return parse_addition(line, apex, [](NameView, uint16_t) { return 60U; });
}

std::string digits_of(const std::string& octets) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (const char c : octets) {
    const auto octet = static_cast<uint8_t>(c);
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

std::string verdict(const std::string& line) {
  const auto edit = read(line);
  if (const auto* reason = std::get_if<std::string>(&edit)) return "- " + *reason;
  const OwnedRecord& record = std::get<Edit>(edit).record;
  const std::string text = record_to_text(record.view());
  const auto again = read(text);
  const auto* same = std::get_if<Edit>(&again);
  if (same == nullptr || !same_data(same->record.view(), record.view())) return "! " + text;
  return "+ " + std::to_string(record.type) + " " + digits_of(record.rdata);
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) std::cout << verdict(line) << "\n";
  return 0;
}
