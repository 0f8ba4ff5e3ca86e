// Numbers in DNS wire order, and the constants of the message format (RFC 1035 §4).
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace axfrd::zones {

using Bytes = std::span<const uint8_t>;
using MutableBytes = std::span<uint8_t>;

// Octets that a library keeps as text. Views, both.
inline Bytes bytes_of(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }
inline std::string_view text_of(Bytes bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

// Unaligned big-endian loads and stores. @pre the bytes are there; callers check lengths first.
inline uint16_t load16(const uint8_t* p) {
  uint16_t v;
  std::memcpy(&v, p, sizeof v);
  return std::endian::native == std::endian::little ? __builtin_bswap16(v) : v;
}
inline uint32_t load32(const uint8_t* p) {
  uint32_t v;
  std::memcpy(&v, p, sizeof v);
  return std::endian::native == std::endian::little ? __builtin_bswap32(v) : v;
}
inline void store16(uint8_t* p, unsigned value) {
  auto v = static_cast<uint16_t>(value);
  if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap16(v);
  std::memcpy(p, &v, sizeof v);
}
inline void store32(uint8_t* p, uint32_t v) {
  if constexpr (std::endian::native == std::endian::little) v = __builtin_bswap32(v);
  std::memcpy(p, &v, sizeof v);
}

constexpr unsigned kHeaderSize = 12;     // RFC 1035 §4.1.1
constexpr unsigned kMaxName = 255;       // RFC 1035 §2.3.4, root label included
constexpr unsigned kMaxLabel = 63;       // RFC 1035 §2.3.4
constexpr unsigned kMaxLabels = 128;     // 127 one-octet labels and the root fit 255 octets
constexpr unsigned kMaxMessage = 65535;  // the TCP length prefix, RFC 1035 §4.2.2
// What a message keeps free for a TSIG record (RFC 8945) behind it: two names of 255 octets at most, a MAC of 64.
constexpr unsigned kRoomForSignature = 512;
constexpr unsigned kPointerReach = 0x4000;  // offsets a compression pointer can hold, RFC 1035 §4.1.4
constexpr unsigned kRrFixed = 10;           // TYPE, CLASS, TTL, RDLENGTH
constexpr unsigned kSoaNumbers = 20;        // SERIAL and four more, RFC 1035 §3.3.13
constexpr unsigned kMinUdp = 512;           // RFC 1035 §4.2.1

// A compression pointer to `offset`. @pre offset < kPointerReach
constexpr uint16_t pointer_to(unsigned offset) { return static_cast<uint16_t>(0xC000 | offset); }
constexpr bool is_pointer(uint8_t length_octet) { return (length_octet & 0xC0) == 0xC0; }
// Follows pointers from `at` to where a label (or the root) begins. Each step goes back (RFC 1035 §4.1.4), so it ends.
// @pre the message is our own: its pointers are sound
inline unsigned settle(const uint8_t* message, unsigned at) {
  while (is_pointer(message[at])) {
    const unsigned target = load16(message + at) & (kPointerReach - 1);
    if (target >= at) break;
    at = target;
  }
  return at;
}

// Header flag bits within the 16-bit word at offset 2.
namespace flag {
constexpr uint16_t QR = 0x8000, AA = 0x0400, TC = 0x0200, RD = 0x0100, CD = 0x0010;
constexpr uint16_t OPCODE_MASK = 0x7800;
constexpr unsigned OPCODE_SHIFT = 11;
}  // namespace flag

enum class Opcode : uint8_t { query = 0, iquery = 1, status = 2, notify = 4, update = 5 };

// RCODEs; those above 15 need the OPT record's upper bits (RFC 6891 §6.1.3).
enum class Rcode : uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  yxdomain = 6,
  yxrrset = 7,
  nxrrset = 8,
  notauth = 9,
  notzone = 10,
  badvers = 16,
  badcookie = 23
};

// Extended DNS Error codes that we send (RFC 8914 §4).
enum class Ede : uint16_t { none = 0xFFFF, not_ready = 14, prohibited = 18, not_authoritative = 20 };

namespace rrtype {
constexpr uint16_t A = 1, NS = 2, MD = 3, MF = 4, CNAME = 5, SOA = 6, MB = 7, MG = 8, MR = 9, WKS = 11, PTR = 12,
                   HINFO = 13, MINFO = 14, MX = 15, TXT = 16, RP = 17, AFSDB = 18, X25 = 19, ISDN = 20, RT = 21,
                   NSAP = 22, NSAP_PTR = 23, SIG = 24, KEY = 25, PX = 26, GPOS = 27, AAAA = 28, LOC = 29, NXT = 30,
                   EID = 31, NIMLOC = 32, SRV = 33, ATMA = 34, NAPTR = 35, KX = 36, CERT = 37, A6 = 38, DNAME = 39,
                   SINK = 40, OPT = 41, APL = 42, DS = 43, SSHFP = 44, IPSECKEY = 45, RRSIG = 46, NSEC = 47,
                   DNSKEY = 48, DHCID = 49, NSEC3 = 50, NSEC3PARAM = 51, TLSA = 52, SMIMEA = 53, HIP = 55, NINFO = 56,
                   RKEY = 57, TALINK = 58, CDS = 59, CDNSKEY = 60, OPENPGPKEY = 61, CSYNC = 62, ZONEMD = 63, SVCB = 64,
                   HTTPS = 65, DSYNC = 66, HHIT = 67, BRID = 68, SPF = 99, UINFO = 100, UID = 101, GID = 102,
                   UNSPEC = 103, NID = 104, L32 = 105, L64 = 106, LP = 107, EUI48 = 108, EUI64 = 109, TSIG = 250,
                   IXFR = 251, AXFR = 252, MAILB = 253, MAILA = 254, ANY = 255, URI = 256, CAA = 257, AVC = 258,
                   DOA = 259, AMTRELAY = 260, RESINFO = 261, WALLET = 262, CLA = 263, IPN = 264, TA = 32768,
                   DLV = 32769;
// Query-only and meta types (RFC 6895 §3.1) never stand in a zone.
constexpr bool is_meta(uint16_t type) { return type == 0 || type == OPT || (type >= 128 && type <= 255); }
}  // namespace rrtype

// EDNS option codes.
namespace option {
constexpr uint16_t NSID = 3, EXPIRE = 9, COOKIE = 10, TCP_KEEPALIVE = 11, EDE = 15, ZONEVERSION = 19;
}

namespace rrclass {
constexpr uint16_t IN = 1, CH = 3, NONE = 254, ANY = 255;
}

}  // namespace axfrd::zones
