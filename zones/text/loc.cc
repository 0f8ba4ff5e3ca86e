#include "zones/text/loc.h"

#include <array>

#include "zones/wire/number.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {
namespace {

// Thousandths of a second.
constexpr uint64_t kSecond = 1000, kMinute = 60 * kSecond, kDegree = 60 * kMinute;
constexpr uint64_t kMiddle = uint64_t{1} << 31;  // the equator, and Greenwich

// Centimetres.
constexpr int64_t kDeepest = -100'000'00;  // what altitude 0 stands for
constexpr uint64_t kLargestSize = 90'000'000'00;
constexpr std::array<uint64_t, 3> kUsualSizes{1'00, 10'000'00, 10'00};  // of the place; how far it may be off

// A decimal number, counted in parts of which `parts`, a power of ten, are one.
std::optional<uint64_t> parse_decimal(std::string_view text, uint64_t parts) {
  const size_t point = std::min(text.find('.'), text.size());
  const auto whole = number_in<uint32_t>(text.substr(0, point));
  if (!whole) return std::nullopt;
  uint64_t number = *whole * parts;
  for (size_t i = point + 1; i < text.size(); ++i) {
    const auto digit = number_in<uint64_t>(text.substr(i, 1));
    parts /= 10;
    if (!digit || parts == 0) return std::nullopt;
    number += *digit * parts;
  }
  return number;
}

bool takes(Tokens& fields, std::string_view word) {
  if (!equals_ignoring_case(fields.peek(), word)) return false;
  fields.next();
  return true;
}

// DEGREES [MINUTES [SECONDS]], and the letter of a half of the globe.
std::optional<uint32_t> read_angle(Tokens& fields, uint64_t most, std::string_view above, std::string_view below) {
  uint64_t angle = 0;
  for (const uint64_t unit : {kDegree, kMinute, kSecond}) {
    const uint64_t parts = unit == kSecond ? kSecond : 1;
    const auto number = parse_decimal(fields.next(), parts);
    if (!number || (unit != kDegree && *number >= 60 * parts)) return std::nullopt;
    angle += *number * (unit / parts);
    if (angle > most) return std::nullopt;
    if (takes(fields, above)) return static_cast<uint32_t>(kMiddle + angle);
    if (takes(fields, below)) return static_cast<uint32_t>(kMiddle - angle);
  }
  return std::nullopt;
}

// In centimetres.
std::optional<uint64_t> parse_metres(std::string_view token) {
  if (token.ends_with('m') || token.ends_with('M')) token.remove_suffix(1);
  return parse_decimal(token, 100);
}

std::optional<uint32_t> parse_altitude(std::string_view token) {
  const bool below = token.starts_with('-');
  const auto metres = parse_metres(token.substr(below ? 1 : 0));
  if (!metres) return std::nullopt;
  const int64_t altitude = static_cast<int64_t>(*metres) * (below ? -1 : 1) - kDeepest;
  if (altitude < 0 || altitude > UINT32_MAX) return std::nullopt;
  return static_cast<uint32_t>(altitude);
}

// A digit, and of which power of ten.
uint8_t rounded(uint64_t centimetres) {
  uint8_t power = 0;
  for (; centimetres >= 10; centimetres /= 10) ++power;
  return static_cast<uint8_t>(centimetres << 4 | power);
}

}  // namespace

std::optional<std::string> read_loc(Tokens fields, std::string& octets) {
  const auto latitude = read_angle(fields, 90 * kDegree, "N", "S");
  if (!latitude) return "a latitude is DEGREES [MINUTES [SECONDS]] N or S, up to 90 degrees";
  const auto longitude = read_angle(fields, 180 * kDegree, "E", "W");
  if (!longitude) return "a longitude is DEGREES [MINUTES [SECONDS]] E or W, up to 180 degrees";
  const auto altitude = parse_altitude(fields.next());
  if (!altitude) return "an altitude is in metres, from -100000.00 to 42849672.95";
  std::array<uint8_t, 16> rdata{};  // version 0
  for (size_t i = 0; i < kUsualSizes.size(); ++i) {
    const auto size = fields.rest().empty() ? kUsualSizes.at(i) : parse_metres(fields.next());
    if (!size || *size > kLargestSize) return "sizes are in metres, up to 90000000";
    rdata.at(1 + i) = rounded(*size);
  }
  if (!fields.rest().empty()) return "nothing stands behind size and two precisions";
  store32(&rdata[4], *latitude);
  store32(&rdata[8], *longitude);
  store32(&rdata[12], *altitude);
  octets = text_of(rdata);
  return std::nullopt;
}

}  // namespace axfrd::zones
