// AxfrReader: what a secondary must look at to know that a zone has arrived whole: one response to AXFR (RFC 5936
// §2.2), message by message.
//
// Errors. std::runtime_error with a sentence, for anything that is no part of such a response.
#pragma once

#include <string>
#include <vector>

#include "control/access/tsig.h"

namespace axfrd::bench {

// The request, framed for TCP. With a key it is signed, and `check` is set to what its server will make of it.
std::string axfr_request(const zones::Name& apex, uint16_t id, const control::TsigKeyRef& key,
                         control::TsigCheck* check = nullptr);

// Verifies the TSIG of a response's messages (RFC 8945 §5.3.1): each must be signed as we would sign it in the server's
// place. Up to 99 messages in a row may come unsigned, but neither the first nor the last.
class TsigVerifier {
 public:
  // `request`: our own request, checked.
  explicit TsigVerifier(const control::TsigCheck& request) : key_(request.key), signer_(request) {}

  void take(zones::Bytes message, bool last);

 private:
  static constexpr unsigned kMaxUnsigned = 99;

  control::TsigKeyRef key_;
  control::TsigSigner signer_;
  std::vector<std::string> unsigned_;  // since the last signature
  bool first_ = true;
};

class AxfrReader {
 public:
  // `every`: each record is walked over. Otherwise only the first message is, and any that may be the last; the records
  // of the others are those that their headers count, which keeps the reader faster than any server.
  explicit AxfrReader(bool every) : every_(every) {}

  void take(zones::Bytes message);
  // The closing SOA has come.
  bool done() const { return soas_ == 2; }

  uint64_t messages() const { return messages_; }
  uint64_t records() const { return records_ - soas_ / 2; }  // of the zone: its SOA counts once
  uint64_t octets() const { return octets_; }                // of messages, without their lengths

 private:
  // Refresh, retry, expire, minimum and serial: what an SOA's RDATA ends in.
  static constexpr size_t kSoaTail = 20;

  bool may_close(zones::Bytes message) const;
  void walk(zones::Bytes message);

  const bool every_;
  unsigned soas_ = 0;
  uint64_t messages_ = 0, records_ = 0, octets_ = 0;
  std::string soa_tail_;
};

}  // namespace axfrd::bench
