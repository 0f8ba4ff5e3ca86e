#include "zones/wire/rdata_check.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "zones/wire/name.h"
#include "zones/wire/rdata_form.h"
#include "zones/wire/service_parameters.h"
#include "zones/wire/substitution.h"

namespace axfrd::zones {
namespace {

using Reason = std::optional<std::string>;

std::string octets_text(size_t octets) { return std::to_string(octets) + (octets == 1 ? " octet" : " octets"); }

Reason cut_short(std::string_view what) { return "the data ends before the end of " + std::string(what); }

// ---- the form ----

// Windows in ascending order, each of 1 to 32 octets of which the last is not 0 (RFC 4034 §4.1.2).
Reason check_types(Bytes bitmap, bool may_be_empty) {
  if (bitmap.empty() && !may_be_empty) return "a list of record types that names none (RFC 4034 section 4.1.2)";
  constexpr size_t most = 32;
  FieldReader reader(bitmap);
  int last_window = -1;
  while (!reader.left().empty()) {
    const auto head = reader.take(2);
    if (!head) return cut_short("the list of record types");
    const int window = (*head)[0];
    const size_t size = (*head)[1];
    if (window <= last_window) return "the windows of a list of record types do not ascend (RFC 4034 section 4.1.2)";
    if (size == 0 || size > most)
      return "a window of a list of record types has 1 to 32 octets (RFC 4034 section 4.1.2)";
    const auto bits = reader.take(size);
    if (!bits) return cut_short("the list of record types");
    if (bits->back() == 0) return "a list of record types ends in an octet 0 (RFC 4034 section 4.1.2)";
    last_window = window;
  }
  return std::nullopt;
}

// Moves `reader` behind the field.
Reason check_field(Field field, FieldReader& reader) {
  if (const size_t octets = octets_in(field); octets != 0)
    return reader.take(octets) ? std::nullopt : cut_short("a field of " + octets_text(octets));
  const Bytes left = reader.left();
  const auto take_rest = [&] { reader.take(left.size()); };
  switch (field) {
    case Field::name:
    case Field::folded_name:
    case Field::old_name:
      return reader.take_name() ? std::nullopt : Reason("a name is malformed, compressed or cut short");
    case Field::text:
      return reader.take_text() ? std::nullopt : cut_short("a string");
    case Field::maybe_text:
      return left.empty() || reader.take_text() ? std::nullopt : cut_short("a string");
    case Field::texts:
      do {
        if (!reader.take_text()) return cut_short("a string");
      } while (!reader.left().empty());
      return std::nullopt;
    case Field::names:
      while (!reader.left().empty()) {
        if (!reader.take_name()) return "a name is malformed, compressed or cut short";
      }
      return std::nullopt;
    case Field::types:
    case Field::maybe_types:
      take_rest();
      return check_types(left, field == Field::maybe_types);
    case Field::base64:
    case Field::hex:
      take_rest();
      return left.empty() ? Reason("the last field is empty") : std::nullopt;
    default:
      take_rest();
      return std::nullopt;
  }
}

// ---- what the fields say of each other ----

// `what` has always so many octets; `rfc` says so.
Reason check_size(std::string_view what, Bytes data, size_t size, std::string_view rfc) {
  if (data.size() == size) return std::nullopt;
  return std::string(what) + " has " + octets_text(size) + ", not " + std::to_string(data.size()) + " (" +
         std::string(rfc) + ")";
}

// DS and what has its form: the digest behind tag, algorithm and digest type.
Reason check_digest(Bytes rdata) {
  const Bytes digest = rdata.subspan(4);
  switch (rdata[3]) {
    case 1:
      return check_size("a SHA-1 digest", digest, 20, "RFC 3658 section 2.4");
    case 2:
      return check_size("a SHA-256 digest", digest, 32, "RFC 4509 section 2.1");
    case 4:
      return check_size("a SHA-384 digest", digest, 48, "RFC 6605 section 2");
    default:
      return std::nullopt;
  }
}

Reason check_zone_digest(Bytes rdata) {
  constexpr size_t head = 6, least = 12;  // RFC 8976 §2.2.4
  const Bytes digest = rdata.subspan(head);
  if (rdata[5] == 1) return check_size("a SHA-384 digest", digest, 48, "RFC 8976 section 2.2.3");
  if (rdata[5] == 2) return check_size("a SHA-512 digest", digest, 64, "RFC 8976 section 2.2.3");
  if (digest.size() >= least) return std::nullopt;
  return "a digest of a zone has 12 octets or more (RFC 8976 section 2.2.4)";
}

Reason check_fingerprint(Bytes rdata) {
  const Bytes fingerprint = rdata.subspan(2);
  if (rdata[1] == 1) return check_size("a SHA-1 fingerprint", fingerprint, 20, "RFC 4255 section 3.1.3");
  if (rdata[1] == 2) return check_size("a SHA-256 fingerprint", fingerprint, 32, "RFC 6594 section 4");
  return std::nullopt;
}

// The key behind flags, protocol and algorithm. A KEY may say that there is none (RFC 2535 §3.1.2).
Reason check_key(uint16_t type, Bytes rdata) {
  constexpr uint16_t no_key = 0xC000;
  constexpr uint8_t private_name = 253;  // the key begins with a name (RFC 4034 appendix A.1.1)
  FieldReader reader(rdata.subspan(4));
  const uint16_t flags = load16(rdata.data());
  if (type == rrtype::KEY && (flags & no_key) == no_key)
    return reader.left().empty() ? std::nullopt : Reason("a key, and flags that say there is none (RFC 2535 3.1.2)");
  if (reader.left().empty()) return "there is no key";
  if (type == rrtype::RKEY && flags != 0) return "the flags of an RKEY are 0";
  if (rdata[3] == private_name && !reader.take_name())
    return "a key of algorithm 253 begins with a name (RFC 4034 appendix A.1.1)";
  return std::nullopt;
}

Reason check_place(Bytes rdata) {
  if (rdata[0] != 0) return std::nullopt;  // RFC 1876 §2 says nothing of other versions
  constexpr size_t size = 16;
  constexpr uint32_t middle = 1U << 31, degree = 3'600'000;
  if (rdata.size() != size) return check_size("a place", rdata, size, "RFC 1876 section 2");
  for (const uint8_t octet : rdata.subspan(1, 3)) {  // a digit, and of which power of ten
    const unsigned digit = octet >> 4, power = octet & 15;
    if (digit > 9 || power > 9 || (digit == 0 && power != 0))
      return "sizes and precisions have two digits from 0 to 9 (RFC 1876 section 2)";
  }
  const auto is_beyond = [](uint32_t angle, uint32_t degrees) {
    return angle > middle + degrees * degree || angle < middle - degrees * degree;
  };
  if (is_beyond(load32(&rdata[4]), 90)) return "a latitude beyond 90 degrees";
  if (is_beyond(load32(&rdata[8]), 180)) return "a longitude beyond 180 degrees";
  return std::nullopt;
}

// RFC 3123 §4.
Reason check_prefixes(Bytes rdata) {
  FieldReader reader(rdata);
  while (!reader.left().empty()) {
    const auto head = reader.take(4);
    if (!head) return cut_short("a prefix");
    const uint16_t family = load16(head->data());
    const unsigned bits = (*head)[2];
    const size_t size = (*head)[3] & 0x7FU;
    const auto address = reader.take(size);
    if (!address) return cut_short("a prefix");
    const size_t whole = family == 1 ? 4 : 16;
    if ((family == 1 || family == 2) && (bits > 8 * whole || size > whole))
      return "a prefix is longer than an address of its family (RFC 3123 section 4)";
    if (size != 0 && address->back() == 0) return "the address of a prefix ends in an octet 0 (RFC 3123 section 4)";
  }
  return std::nullopt;
}

// The tag is letters and digits, the value anything (RFC 8659 §4.1).
Reason check_authorization(Bytes rdata) {
  const Bytes tag = rdata.subspan(2, rdata[1]);
  const auto is_good = [](uint8_t octet) { return octet < 0x80 && std::isalnum(octet) != 0; };
  if (!tag.empty() && std::ranges::all_of(tag, is_good)) return std::nullopt;
  return "a tag of CAA is letters and digits, at least one (RFC 8659 section 4.1)";
}

Reason check_rewriting(Bytes rdata) {
  FieldReader reader(rdata.subspan(4));
  reader.take_text();  // flags
  reader.take_text();  // services
  return check_substitution(*reader.take_text());
}

// What `type` of gateway stands in front of: nothing, an address, or a name. Nothing if it is well.
Reason check_gateway(unsigned type, FieldReader& reader) {
  const bool there =
      type == 0 || (type == 1 && reader.take(4)) || (type == 2 && reader.take(16)) || (type == 3 && reader.take_name());
  if (there) return std::nullopt;
  return "there is no gateway of type " + std::to_string(type) + " (0: none, 1: IPv4, 2: IPv6, 3: a name)";
}

// RFC 4025 §2. Algorithm 0 says that there is no key (§2.4), but BIND 9.18 cannot transfer a record without one.
Reason check_ipsec(Bytes rdata) {
  FieldReader reader(rdata.subspan(3));
  if (auto reason = check_gateway(rdata[1], reader)) return reason;
  return reader.left().empty() ? Reason("there is no key, and BIND takes no IPSECKEY without one") : std::nullopt;
}

// RFC 8777 §4.2; the first bit is another field, and what types to come mean is not known.
Reason check_relay(Bytes rdata) {
  const unsigned type = rdata[1] & 0x7FU;
  FieldReader reader(rdata.subspan(2));
  if (type > 3) return std::nullopt;
  if (auto reason = check_gateway(type, reader)) return reason;
  return reader.left().empty() ? std::nullopt : Reason("something stands behind the relay (RFC 8777 section 4.2)");
}

// HIT length, algorithm, key length, HIT, key, names of servers (RFC 8005 §5).
Reason check_host_identity(Bytes rdata) {
  FieldReader reader(rdata);
  const auto head = reader.take(4);
  if (!head) return cut_short("the lengths");
  const size_t tag = (*head)[0], key = load16(&(*head)[2]);
  if (tag == 0 || key == 0) return "a HIP record has a HIT and a key (RFC 8005 section 5)";
  if (!reader.take(tag + key)) return cut_short("HIT and key");
  return check_field(Field::names, reader);
}

// RFC 2874 §3.1: bits of the prefix, the other bits of the address, the name that has the prefix.
Reason check_a6(Bytes rdata) {
  constexpr unsigned most = 128;
  const unsigned prefix = rdata[0];
  FieldReader reader(rdata.subspan(1));
  if (prefix > most) return "a prefix has 0 to 128 bits (RFC 2874 section 3.1)";
  const auto suffix = reader.take(16 - prefix / 8);
  if (!suffix) return cut_short("the address");
  if (prefix % 8 != 0 && ((*suffix)[0] >> (8 - prefix % 8)) != 0)
    return "bits of the prefix are not 0 in the rest of the address (RFC 2874 section 3.1.1)";
  if (prefix != 0 && !reader.take_name()) return "the name of the prefix is malformed or missing";
  return reader.left().empty() ? std::nullopt : Reason("something stands behind the address");
}

// The bitmap of RFC 2535 §5.2: of types below 128, whose bit for type 0 says that it is something else.
Reason check_next(Bytes rdata) {
  constexpr size_t most = 16;
  const Bytes bitmap = rdata.subspan(NameView::read(rdata)->size());
  if (bitmap.empty() || (bitmap[0] & 0x80) != 0) return std::nullopt;
  if (bitmap.size() <= most && bitmap.back() != 0) return std::nullopt;
  return "the list of record types has up to 16 octets, and does not end in an octet 0 (RFC 2535 section 5.2)";
}

Reason check_services(Bytes rdata) {
  constexpr size_t head = 5, most = 8192;  // a bit for each port
  if (rdata.size() > head + most) return "there are no ports above 65535";
  if (rdata.size() == head || rdata.back() != 0) return std::nullopt;
  return "the list of ports ends in an octet 0";
}

bool is_digits(Bytes text) {
  return std::ranges::all_of(text, [](uint8_t octet) { return octet >= '0' && octet <= '9'; });
}

Reason check_x25(Bytes rdata) {
  constexpr size_t least = 4;
  const Bytes address = rdata.subspan(1);
  if (address.size() >= least && is_digits(address)) return std::nullopt;
  return "an address of X.25 is four digits or more (RFC 1183 section 3.1)";
}

Reason check_atma(Bytes rdata) {
  if (rdata[0] != 1) return std::nullopt;  // E.164
  return is_digits(rdata.subspan(1)) ? std::nullopt : Reason("a number of E.164 is digits");
}

// ALGORITHM FLAGS ITERATIONS SALT NEXT TYPES.
Reason check_hash(Bytes rdata) {
  const size_t salt = 4, hash = salt + 1 + rdata[salt];
  if (rdata[hash] == 0) return "the next hashed owner has 1 to 255 octets (RFC 5155 section 3.2)";
  return std::nullopt;
}

// TYPE ALGORITHM LABELS TTL EXPIRATION INCEPTION TAG SIGNER SIGNATURE. The owner is at or below the signer's zone, so
// its labels, which a wildcard's star is none of, are no fewer than the signer's.
Reason check_signature(Bytes rdata) {
  constexpr size_t labels = 3, signer = 18;
  FieldReader reader(rdata);
  reader.take(signer);
  const auto name = reader.take_name();
  if (!name || rdata[labels] >= NameView::read(*name)->label_count()) return std::nullopt;
  return "a signature's owner has no fewer labels than its signer (RFC 4034 section 3.1.3)";
}

Reason check_meaning(uint16_t type, Bytes rdata) {
  using namespace rrtype;
  switch (type) {
    case DS:
    case CDS:
    case TA:
    case DLV:
      return check_digest(rdata);
    case ZONEMD:
      return check_zone_digest(rdata);
    case SSHFP:
      return check_fingerprint(rdata);
    case KEY:
    case DNSKEY:
    case CDNSKEY:
    case RKEY:
      return check_key(type, rdata);
    case RRSIG:
      return check_signature(rdata);
    case LOC:
      return check_place(rdata);
    case APL:
      return check_prefixes(rdata);
    case CAA:
      return check_authorization(rdata);
    case NAPTR:
      return check_rewriting(rdata);
    case NSEC3:
      return check_hash(rdata);
    case IPSECKEY:
      return check_ipsec(rdata);
    case AMTRELAY:
      return check_relay(rdata);
    case HIP:
      return check_host_identity(rdata);
    case A6:
      return check_a6(rdata);
    case NXT:
      return check_next(rdata);
    case WKS:
      return check_services(rdata);
    case X25:
      return check_x25(rdata);
    case ATMA:
      return check_atma(rdata);
    case SVCB:
    case HTTPS:
      return check_service_parameters(rdata);
    default:
      return std::nullopt;
  }
}

}  // namespace

Reason check_rdata(uint16_t type, Bytes rdata) {
  const Form* form = form_of(type);
  if (form == nullptr) return std::nullopt;
  FieldReader reader(rdata);
  for (const Field field : form->fields) {
    if (field == Field::none) break;
    if (auto reason = check_field(field, reader)) return reason;
  }
  if (!reader.left().empty()) return octets_text(reader.left().size()) + " too many at the end of the data";
  return check_meaning(type, rdata);
}

}  // namespace axfrd::zones
