#include "zones/wire/canonical.h"

#include <algorithm>

#include "zones/wire/name.h"
#include "zones/wire/rdata_form.h"

namespace axfrd::zones {
namespace {

// Where the names stand whose case does not count, one behind the other. Empty for most types.
struct NamesPlace {
  size_t first = 0, end = 0;
  bool holds(size_t at) const { return first <= at && at < end; }
};

// Where the name that begins at `at` ends; the end of `rdata`, if the name is cut short.
size_t end_of_name(Bytes rdata, size_t at) {
  while (at < rdata.size() && rdata[at] != 0) at += rdata[at] + 1U;
  return std::min(at + 1, rdata.size());
}

// Behind the length of a prefix and the octets of an IPv6 address that are not the prefix' (RFC 2874 §3.1).
size_t prefix_name_of_a6(Bytes rdata) {
  constexpr unsigned bits = 128;
  return rdata.empty() || rdata[0] > bits ? rdata.size() : 1 + (bits - rdata[0] + 7U) / 8;
}

NamesPlace names_place(uint16_t type, Bytes rdata) {
  if (type == rrtype::A6) return {prefix_name_of_a6(rdata), rdata.size()};
  const NamesForm& form = names_form(type);
  if (form.folded == 0) return {};
  size_t first = form.prefix;
  for (unsigned texts = form.texts; texts > 0 && first < rdata.size(); --texts) first += rdata[first] + 1U;
  if (form.is_last) return {first, rdata.size()};
  size_t end = first;
  for (unsigned names = form.folded; names > 0; --names) end = end_of_name(rdata, end);
  return {first, end};
}

uint8_t canonical_octet(Bytes rdata, const NamesPlace& names, size_t at) {
  return names.holds(at) ? fold(rdata[at]) : rdata[at];
}

}  // namespace

std::strong_ordering rdata_order(uint16_t type, Bytes a, Bytes b) {
  const NamesPlace names_a = names_place(type, a), names_b = names_place(type, b);
  if (names_a.first == names_a.end && names_b.first == names_b.end)
    return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
  const size_t both = std::min(a.size(), b.size());
  for (size_t at = 0; at < both; ++at) {
    if (a[at] == b[at] && names_a.holds(at) == names_b.holds(at)) continue;
    const auto order = canonical_octet(a, names_a, at) <=> canonical_octet(b, names_b, at);
    if (order != 0) return order;
  }
  return a.size() <=> b.size();
}

bool same_rdata(uint16_t type, Bytes a, Bytes b) {
  return a.size() == b.size() && (std::ranges::equal(a, b) || rdata_order(type, a, b) == 0);
}

void append_canonical_rdata(std::string& out, uint16_t type, Bytes rdata) {
  const NamesPlace names = names_place(type, rdata);
  out.append(text_of(rdata));
  for (size_t at = names.first; at < std::min(names.end, rdata.size()); ++at) {
    char& octet = out[out.size() - rdata.size() + at];
    octet = static_cast<char>(fold(static_cast<uint8_t>(octet)));
  }
}

}  // namespace axfrd::zones
