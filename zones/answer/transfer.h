// Transfer: the response to AXFR or IXFR as a list of ready messages, and the progress of one session through it.
//
// Every session sends the same record bytes, by reference, from the pages of a version; what is its own is an index,
// the header with its ID and the copied question. Only the first message carries the SOA before its records, and the
// last one behind (RFC 5936 §2.2). A difference comes rendered with its SOAs (ixfr.h).
//
// Threads. A Transfer belongs to one session; the version it holds is shared and immutable. The hold keeps the
// version's pages alive for as long as the transfer lasts; nothing else is locked or copied.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "zones/answer/ixfr.h"
#include "zones/answer/query.h"
#include "zones/data/version.h"

namespace axfrd::zones {

class Transfer {
 public:
  // An AXFR of `version`, in answer to `request` (AXFR, or IXFR answered in full), whose ID, RD flag and question are
  // copied. `opt`: the OPT record of the first message; empty when the request had none.
  Transfer(VersionRef version, const Request& request, std::string opt);

  // The answer to an IXFR: what leads to `version`.
  Transfer(VersionRef version, std::shared_ptr<const Difference> difference, const Request& request, std::string opt);

  // One DNS message in three pieces that follow each other. `prefix` and `suffix` are valid until the next call of
  // next(); `records` lives as long as the version is held.
  struct Message {
    Bytes prefix;   // TCP length, header, question; in the first message also the SOA
    Bytes records;  // of a page, shared
    Bytes suffix;   // in the last message of AXFR the closing SOA; in the first message, OPT
    size_t size() const { return prefix.size() + records.size() + suffix.size(); }
  };
  bool done() const { return finished_; }
  // The next message. @pre !done()
  Message next();

  const VersionRef& version() const { return version_; }
  // Null: the whole zone.
  const Difference* difference() const { return difference_.get(); }

 private:
  Message next_of_difference();
  Message finish(Bytes records);
  bool takes_opt(size_t message_size) const;
  void begin(uint16_t ancount, bool opt);
  void append_soa(std::string& out, size_t message_size) const;
  // Moves to the next message of the pages; false when there is none.
  bool advance();
  void prefetch() const;
  bool closes_after(size_t message_size) const;

  VersionRef version_;
  std::shared_ptr<const Difference> difference_;
  unsigned page_ = 0, message_ = 0;  // the next to send
  bool more_ = false;                // [page_][message_] exists
  bool first_ = true, finished_ = false;
  std::string opt_;
  std::string prefix_, suffix_;
  size_t question_end_;  // in prefix_, what is alike in all messages
};

}  // namespace axfrd::zones
