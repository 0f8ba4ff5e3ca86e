#include "zones/canonical.h"

#include <algorithm>

#include "zones/name.h"

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

// Behind two numbers and three strings (RFC 3403 §4.1).
size_t replacement_of_naptr(Bytes rdata) {
  size_t at = 4;
  for (unsigned strings = 3; strings > 0 && at < rdata.size(); --strings) at += rdata[at] + 1U;
  return at;
}

// Behind the length of a prefix and the octets of an IPv6 address that are not the prefix' (RFC 2874 §3.1).
size_t prefix_name_of_a6(Bytes rdata) {
  constexpr unsigned bits = 128;
  return rdata.empty() || rdata[0] > bits ? rdata.size() : 1 + (bits - rdata[0] + 7U) / 8;
}

// The types are those of RFC 4034 §6.2, less NSEC and HINFO (RFC 6840 §5.1).
NamesPlace names_place(uint16_t type, Bytes rdata) {
  constexpr uint16_t RP = 17, AFSDB = 18, RT = 21, SIG = 24, PX = 26, NXT = 30, NAPTR = 35, KX = 36, A6 = 38;
  const size_t size = rdata.size();
  switch (type) {
    case rrtype::NS:
    case rrtype::MD:
    case rrtype::MF:
    case rrtype::CNAME:
    case rrtype::MB:
    case rrtype::MG:
    case rrtype::MR:
    case rrtype::PTR:
    case rrtype::MINFO:
    case rrtype::DNAME:
    case RP:
      return {0, size};
    case rrtype::SOA:
      return {0, size - std::min<size_t>(size, kSoaNumbers)};
    case rrtype::MX:
    case AFSDB:
    case RT:
    case PX:
    case KX:
      return {2, size};
    case rrtype::SRV:
      return {6, size};
    case NAPTR:
      return {replacement_of_naptr(rdata), size};
    case A6:
      return {prefix_name_of_a6(rdata), size};
    case SIG:
    case rrtype::RRSIG:  // the signer's name stands before the signature
      return {18, end_of_name(rdata, 18)};
    case NXT:  // the next name stands before the bitmap
      return {0, end_of_name(rdata, 0)};
    default:
      return {};
  }
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
