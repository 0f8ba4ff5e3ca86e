// Answer: an RRset that is ready for a message, and how it is moved to where it stands there.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "zones/data/apex.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

// Where an answer's names stand in the message being written.
struct Placement {
  unsigned owner_at;    // the owner of the RRset
  unsigned owner_size;  // octets of the owner it was prepared for (of the wildcard itself, when it is expanded)
  unsigned apex_at;     // the apex of the zone
};

// The message that an answer is written into, from its header on, as far as its names may be followed. Offsets of
// compression pointers count from its first octet. A response owns one buffer, so it hands over all of it; a transfer
// message is sent in pieces, so it hands over the piece with the question, where the apex stands.
class MessageHead {
 public:
  explicit MessageHead(Bytes octets) : octets_(octets) {}

  // The offset at which the part of the name at `name_at` begins that is `octets` octets behind the name's own begin.
  // The name may go on behind pointers. Takes at most one step a label, whatever stands in the message.
  unsigned part_of_name(unsigned name_at, unsigned octets) const {
    unsigned at = label_at(name_at);
    for (unsigned label = 0; octets > 0 && label < kMaxLabels; ++label) {
      const unsigned size = octet(at) + 1U;
      if (size > octets) break;  // not the begin of a label: no prepared answer says so
      octets -= size;
      at = label_at(at + size);
    }
    check(octets == 0);
    return at;
  }

 private:
  // Where the label (or the root) at `at` stands, behind pointers or not.
  unsigned label_at(unsigned at) const {
    for (unsigned hop = 0; hop < kMaxLabels && is_pointer(octet(at)); ++hop) {
      const unsigned target = static_cast<unsigned>(octet(at) << 8 | octet(at + 1)) & (kPointerReach - 1);
      check(target < at);  // RFC 1035 §4.1.4: a prior occurrence
      at = target;
    }
    return at;
  }
  uint8_t octet(unsigned at) const {
    check(at < octets_.size());
    return at < octets_.size() ? octets_[at] : 0;
  }
  // Builds for tests stop at an offset that lies in no message; in others such an offset reads as the root.
  static void check([[maybe_unused]] bool holds) {
#if defined(__SANITIZE_ADDRESS__) || !defined(__OPTIMIZE__)
    if (!holds) std::abort();
#endif
  }

  Bytes octets_;
};

// One RRset ready for a message, followed by its RRSIGs.
//
// The bytes are those of a message whose question is the owner's own name: owner fields are pointers to offset 12,
// RDATA names point at the apex inside the question, or into it, or back into these very bytes. Placed elsewhere,
// owners and the bytes' own pointers move by a delta each, and the apex is followed label by label.
class Answer {
 public:
  struct Head {
    uint16_t rr_count, sig_count;
    uint16_t rr_size, sig_size;  // octets of the records and of the signatures behind them
    uint16_t fixup_count;        // pointers in RDATA, a list of uint16_t positions behind the head
  };
  // @pre a head stands at `at`, which need not be aligned.
  explicit Answer(const uint8_t* at) : fixups_(at + sizeof(Head)) { std::memcpy(&head_, at, sizeof head_); }

  const Head& head() const { return head_; }
  // The records, as they were prepared.
  const uint8_t* bytes() const { return fixups_ + 2U * head_.fixup_count; }
  // Copies the records (and signatures) to `out`, which is offset `at` of `message`, and moves pointers to fit.
  // Returns the octets written. @pre there is room for rr_size (+ sig_size); the name at place.apex_at stands in
  // `message`, which need not contain `out`.
  unsigned write(uint8_t* out, unsigned at, MessageHead message, const Apex& apex, Placement place,
                 bool with_signatures) const {
    const unsigned size = head_.rr_size + (with_signatures ? head_.sig_size : 0U);
    std::memcpy(out, bytes(), size);
    const unsigned prepared_at = kHeaderSize + place.owner_size + 4;
    const unsigned prepared_apex = kHeaderSize + place.owner_size - apex.size;
    if (at != prepared_at || place.owner_at != kHeaderSize || place.apex_at != prepared_apex) {
      set_owners(out, size, place.owner_at);
      move_pointers(out, at, prepared_at, prepared_apex, message, place.apex_at);
    }
    return size;
  }
  // Calls visit(RDATA) for each record, signatures left out. Names in the RDATA are as they were prepared.
  template <class Visitor>
  void for_each_rdata(Visitor&& visit) const {
    const uint8_t* record = bytes();
    for (unsigned left = head_.rr_count; left > 0; --left) {
      const uint8_t* rdata = record + 2 + kRrFixed;
      const unsigned size = load16(rdata - 2);
      visit(Bytes(rdata, size));
      record = rdata + size;
    }
  }
  // Only the signatures; the same rules.
  unsigned write_signatures(uint8_t* out, Placement place) const {
    std::memcpy(out, bytes() + head_.rr_size, head_.sig_size);
    set_owners(out, head_.sig_size, place.owner_at);
    return head_.sig_size;
  }

 private:
  static void set_owners(uint8_t* records, unsigned size, unsigned owner_at) {
    for (unsigned o = 0; o < size; o += 2 + kRrFixed + load16(records + o + kRrFixed))
      store16(records + o, pointer_to(owner_at));
  }
  // Corrects the pointers in RDATA that was prepared for other offsets of itself and of the apex.
  void move_pointers(uint8_t* out, unsigned at, unsigned prepared_at, unsigned prepared_apex, MessageHead message,
                     unsigned apex_at) const;

  const uint8_t* fixups_;
  Head head_;
};

}  // namespace axfrd::zones
