// TSIG (RFC 8945): checks the TSIG record of a message, and makes one.
//
//   const TsigCheck check = check_request(message, ring, tsig_now());
//   formerr             answer FORMERR without TSIG
//   noerror, notauth    answer, with this RCODE if it is notauth; TsigSigner(check) makes the TSIG of the answer,
//                       whatever it has to be: signed, signed with an error, or unsigned with an error
//
// ARCOUNT must count the TSIG record, but the MAC covers the message without it (RFC 8945 §4.3.2). So sign() takes the
// message with an ARCOUNT that does not count the record, and the caller calls count_tsig() afterwards. append() does
// both.
//
// Choices. A MAC must have its full length, because truncation gains the owner of the key nothing: a truncated MAC that
// is correct is BADTRUNC (§5.2.4). Times that run backwards between requests are no error. §5.2.3 advises against such
// a check, because datagrams overtake each other. Each kind of request must itself be safe from replays.
//
// Threads. check_*() are pure; a TsigSigner belongs to one message or one transfer. Both may allocate.
// Errors. std::runtime_error when OpenSSL fails, which it does when it is out of memory. No input throws.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "control/access/key.h"
#include "zones/wire/wire.h"

namespace axfrd::control {

// Extended RCODEs that only TSIG records carry (RFC 8945 §3).
enum class TsigError : uint16_t { none = 0, badsig = 16, badkey = 17, badtime = 18, badtrunc = 22 };
// "BADSIG" and so on; "NOERROR"; "TSIG error 99" for other values.
std::string to_text(TsigError error);

// Seconds since 1970, 48 bits on the wire (RFC 8945 §4.2).
using TsigTime = uint64_t;
TsigTime tsig_now();

// A TSIG record as it stands in a message (RFC 8945 §4.2).
struct TsigRecord {
  zones::Name key, algorithm;  // in the sender's spelling
  TsigTime time_signed = 0;
  uint16_t fudge = 0;
  Octets mac;
  uint16_t original_id = 0;
  TsigError error = TsigError::none;
  Octets other;
};

// ---- checking ----

struct TsigCheck {
  // noerror: authentic. formerr: there is no well-formed TSIG record at the end. notauth: `error` says why not.
  zones::Rcode rcode = zones::Rcode::formerr;
  TsigError error = TsigError::none;
  TsigKeyRef key;     // set if the MAC is correct, also for BADTIME and BADTRUNC; null otherwise
  TsigRecord record;  // empty if there is none

  bool authentic() const { return rcode == zones::Rcode::noerror; }
};

// Checks a request as received (RFC 8945 §5.2).
TsigCheck check_request(zones::Bytes message, const KeyRing& ring, TsigTime now);

// Checks the response to a request that was signed with `key` and has `request_mac` (RFC 8945 §5.3, §5.4). The error
// that the server reports is in `record.error`. It is authentic only if the response is. The caller checks that the ID
// is that of the request.
TsigCheck check_response(zones::Bytes message, const TsigKeyRef& key, zones::Bytes request_mac, TsigTime now);

// ---- signing ----

// Makes the TSIG record of one request, or of the messages that answer one request, in the order in which they are
// sent. In an answer of several messages, each is signed (RFC 8945 §5.3.1).
class TsigSigner {
 public:
  // Answers to a checked request. @pre check.rcode is noerror or notauth
  explicit TsigSigner(const TsigCheck& check);
  // For one request that axfrd sends.
  explicit TsigSigner(TsigKeyRef key);

  // Octets that the next record needs. A writer that keeps them free always has room for it: RFC 8945 §5.3 requires TC
  // rather than an answer without the record.
  unsigned max_size() const;

  // Returns the TSIG record for the message whose octets are `pieces`, one after the other. They must not include the
  // length prefix of TCP, and their ARCOUNT must not count this record. The caller then calls count_tsig(), and sends
  // the record behind the pieces. @pre the first piece holds the header
  std::string sign(std::span<const zones::Bytes> pieces, TsigTime now);

  // Signs the message of `size` octets at `message`, appends the record and counts it. Returns the new size. If
  // `capacity` has no room for the record, does nothing and returns `size`.
  unsigned append(uint8_t* message, unsigned size, unsigned capacity, TsigTime now);

  // The MAC of the last message; empty if it was not signed. The answer to a request is checked with the MAC of the
  // request.
  const Octets& mac() const { return record_.mac; }
  std::string key_name() const { return record_.key.to_text(); }

 private:
  void set_times(TsigTime now);

  TsigKeyRef key_;            // null: records without a MAC
  std::optional<Hmac> hmac_;  // from the first message on
  TsigRecord record_;         // the last one: the request's, then ours
  enum class Next : uint8_t { request, first_answer, later_answer } next_;
};

// Adds one to the ARCOUNT of the message that begins with `header`.
void count_tsig(uint8_t* header);

}  // namespace axfrd::control
