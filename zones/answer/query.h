// Query: one DNS request being answered, from received octets to the response in the same buffer.
//
//   Request   what was received, and what parse() read from it; the response does not change it
//   Lookup    where the Responder expects the data, step by step
//   Reply     what is known of the response once it is written
//
// The request is parsed where it lies. Its header and question stay there and become those of the response. Whatever
// the response must know of the rest (EDNS and its options) is read before it is overwritten.
//
// parse() reads the message alone. It never allocates, throws or reads beyond `size`.
#pragma once

#include <array>
#include <cstdint>

#include "zones/answer/cookie.h"
#include "zones/data/page.h"
#include "zones/data/zone_table.h"
#include "zones/wire/name.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

enum class Transport : uint8_t { udp, tcp };

// EDNS options that a request had and that a response may answer, as a set of bits.
enum : uint8_t { kWantsNsid = 1, kWantsExpire = 2, kHasCookie = 4, kWantsKeepalive = 8, kWantsZoneVersion = 16 };

// What to do with a received message.
enum class Disposition : uint8_t {
  answer,      // Responder::respond writes the response
  transfer,    // AXFR, or IXFR over TCP, of class IN: the session decides (transfer.h)
  privileged,  // NOTIFY, UPDATE or TSIG-signed: needs the control plane
  drop         // no DNS request (too short, or a response): answering would feed a loop
};

struct Request {
  // ---- set by the caller ----
  uint8_t* message = nullptr;  // the request; the response overwrites it
  unsigned size = 0;           // octets received
  unsigned capacity = 0;       // octets that may be written at `message`, at least size
  Transport transport = Transport::udp;
  Bytes client;      // the requester's address, 4 or 16 octets
  uint32_t now = 0;  // seconds since 1970, in 32 bits, for the cookie of the response

  // ---- set by parse() ----
  Rcode refusal = Rcode::noerror;  // other than noerror: no lookup is needed, the response has this RCODE
  Opcode opcode = Opcode::query;
  bool has_question = false;  // the question is well-formed and stands in the response
  bool edns = false, dnssec_ok = false;
  bool signed_request = false;  // a TSIG record ends the message
  uint8_t options = 0;          // kWantsNsid and so on
  uint8_t cookie_size = 0;      // octets of the COOKIE option
  uint16_t payload = kMinUdp;   // the requester's UDP payload size, at least 512; that without EDNS
  uint16_t qtype = 0, qclass = 0;
  HashedName qname;  // in `message`, behind the header
  unsigned question_end = kHeaderSize;
  std::array<uint8_t, kCookie> cookie;  // with kHasCookie: the first octets of the option

  // Fills the second part from the first. Returns what to do next.
  Disposition parse();

  // A question for AXFR, or IXFR over TCP, of class IN, signed or not. @pre parse() found it well-formed
  bool asks_for_transfer() const;
};

// Set by the Responder, valid within the read section.
struct Lookup {
  ZoneTable::Guess guess;                // at the closest zone
  const ZoneVersion* version = nullptr;  // current version of the closest zone; null: not ours
  uint64_t sought = 0;                   // by prepare(): hash of the name that is looked for first,
  ZoneVersion::IndexPlace place;         // where the version's index has it,
  const Page* page = nullptr;            // probably its page; null: there is no such name
  const Page::Node* node = nullptr;      // probably its node
};

// Set when the response is written.
struct Reply {
  Rcode rcode = Rcode::noerror;
  bool valid_cookie = false;  // the requester has proven that it receives what is sent to its address
  // Hash of the name whose data are the answer: the owner, the parent of a wildcard, the cut, or the apex of the zone
  // that has no such name. 0: there is none. A rate limit counts answers of one hash and one kind together.
  uint64_t answered_at = 0;
};

struct Query : Request {
  Lookup lookup;
  Reply reply;

  Disposition parse() {
    lookup = {};
    reply = {};
    return Request::parse();
  }
};

}  // namespace axfrd::zones
