// A decoder of DNS messages, written from the RFCs without a look at the real one, and stricter than a client would be:
// it is for what a server sends.
//
// A name is sound if each pointer in it goes back to where a label of an earlier name begins (RFC 1035 §4.1.4: "a prior
// occurrence of the same name"). Names in RDATA may be compressed in the types of RFC 1035 alone (RFC 3597 §4), so that
// of all other types RDATA is taken as it stands.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/model/provider_zone.h"

namespace axfrd::model {

// Says what is wrong with a message, and where.
struct MalformedMessage : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// RFC 6891 §6.1.2
struct ReadOpt {
  unsigned payload = 0, extended_rcode = 0, version = 0, flags = 0;
  std::string options;
};

// RFC 8945 §4.2
struct ReadTsig {
  WireName key, algorithm;
  uint64_t time_signed = 0;
  unsigned fudge = 0, original_id = 0, error = 0;
  std::string mac, other;
  size_t at = 0;  // of the record in the message
};

struct ReadMessage {
  unsigned id = 0, flags = 0, questions = 0;
  std::string question;  // octets of the section, which must not be compressed
  WireName qname;
  unsigned qtype = 0, qclass = 0;
  std::vector<WireRecord> answer, authority, additional;  // names uncompressed; without OPT and TSIG
  std::optional<ReadOpt> opt;
  std::optional<ReadTsig> tsig;
  size_t size = 0;

  bool response() const { return (flags & 0x8000) != 0; }
  unsigned opcode() const { return flags >> 11 & 0xF; }
  bool authoritative() const { return (flags & 0x0400) != 0; }
  bool truncated() const { return (flags & 0x0200) != 0; }
  bool recursion_desired() const { return (flags & 0x0100) != 0; }
  unsigned rcode() const { return flags & 0xF; }
};

// Throws MalformedMessage.
ReadMessage read_message(std::string_view octets);

// The messages of a TCP stream, without their lengths. Throws MalformedMessage if the last one is cut short.
std::vector<std::string_view> messages_of_stream(std::string_view stream);

// Where names stand in the RDATA of `type` that may be compressed: octets before them, and how many. {0, 0}: none.
struct CompressedNames {
  unsigned prefix, names;
};
CompressedNames compressed_names(uint16_t type);

}  // namespace axfrd::model
