// Response: one response being written over its request, behind the question; header and OPT come last.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "zones/answer/opt.h"
#include "zones/answer/query.h"
#include "zones/answer/respond.h"
#include "zones/data/page.h"

namespace axfrd::zones {

enum class Section : uint8_t { answer, authority, additional };

// Writes one response over its request, behind the question.
class Response {
 public:
  Response(Query& query, const ResponderOptions& options, const CookieJar& cookies)
      : query_(query), opt_(query, options, cookies), message_(query.message), at_(query.question_end) {
    const bool udp = query.transport == Transport::udp;
    const unsigned limit = udp ? std::min(query.payload, options.udp_payload) : kMaxMessage;
    room_ = std::min(limit, query.capacity);
    if (query.edns) opt_size_ = opt_.size();
    limit_ = room_ - std::min(room_, opt_size_);
  }

  bool truncated() const { return truncated_; }
  uint8_t* message() const { return message_; }
  unsigned position() const { return at_; }

  // RFC 1035 §6.2: for all classes nobody can speak.
  void set_authoritative() {
    if (query_.qclass != rrclass::ANY) flags_ |= flag::AA;
  }
  void set_rcode(Rcode rcode) { rcode_ = rcode; }
  // The response is too large for its transport: the requester has to ask by TCP. What was written goes (RFC 2181 §9).
  void truncate() {
    truncated_ = true;
    at_ = query_.question_end;
    counts_ = {};
  }
  Opt& opt() { return opt_; }

  // Adds an RRset; false, and nothing added, if there is no room.
  bool add(Section section, const Answer& answer, const Apex& apex, Placement place) {
    const Answer::Head head = answer.head();
    const bool signatures = query_.dnssec_ok;
    if (at_ + head.rr_size + (signatures ? head.sig_size : 0U) > limit_) return false;
    at_ += answer.write(message_ + at_, at_, written(), apex, place, signatures);
    count(section, head.rr_count + (signatures ? head.sig_count : 0U));
    return true;
  }
  bool add_signatures(Section section, const Answer& answer, Placement place) {
    const Answer::Head head = answer.head();
    if (at_ + head.sig_size > limit_) return false;
    at_ += answer.write_signatures(message_ + at_, place);
    count(section, head.sig_count);
    return true;
  }
  // Adds an RRset and its signatures under an owner that stands nowhere in the message yet, but for its apex. False,
  // and nothing added, if there is no room. @pre the RDATA has no compressed names
  bool add_stranger(Section section, const Answer& answer, NameView owner, const Apex& apex, unsigned apex_at) {
    const Answer::Head head = answer.head();
    const unsigned records = head.rr_count + head.sig_count;
    const Bytes labels = owner.bytes().first(owner.size() - apex.size);  // in front of the apex
    // What is out of reach of pointers cannot be pointed at: there, each record has the labels of its owner.
    const bool in_reach = at_ < kPointerReach;
    const size_t labels_size = labels.size() * (in_reach ? 1 : records);
    if (at_ + labels_size + head.rr_size + head.sig_size > limit_) return false;
    // Of the apex itself, too: no pointer leads to another one.
    const unsigned owner_at = labels.empty() ? apex_at : at_;
    const uint8_t* record = answer.bytes();
    for (unsigned i = 0; i < records; ++i) {
      const unsigned size = 2 + kRrFixed + load16(record + kRrFixed);
      uint8_t* out = message_ + at_;
      if (i == 0 || !in_reach) {
        out = std::ranges::copy(labels, out).out;
        store16(out, pointer_to(apex_at));
      } else {
        store16(out, pointer_to(owner_at));
      }
      std::memcpy(out + 2, record + 2, size - 2);
      at_ = static_cast<unsigned>(out - message_) + size;
      record += size;
    }
    count(section, records);
    return true;
  }
  // The CNAME that a DNAME stands for (RFC 6672 §3.1): `labels`, then the name at `rest_at`. False, and nothing added,
  // if there is no room.
  bool add_synthesised_cname(unsigned owner_at, uint32_t ttl, Bytes labels, unsigned rest_at) {
    const auto size = static_cast<unsigned>(labels.size()) + 2;
    if (at_ + 2 + kRrFixed + size > limit_) return false;
    uint8_t* p = message_ + at_;
    store16(p, pointer_to(owner_at));
    store16(p + 2, rrtype::CNAME);
    store16(p + 4, rrclass::IN);
    store32(p + 6, ttl);
    store16(p + 10, size);
    std::ranges::copy(labels, p + 12);
    store16(p + 10 + size, pointer_to(rest_at));
    at_ += 2 + kRrFixed + size;
    count(Section::answer, 1);
    return true;
  }
  // One CH TXT record owned by the QNAME (RFC 4892).
  void add_chaos_text(std::string_view text) {
    text = text.substr(0, 255);
    if (at_ + 2 + kRrFixed + 1 + text.size() > limit_) return truncate();
    uint8_t* p = message_ + at_;
    store16(p, pointer_to(kHeaderSize));
    store16(p + 2, rrtype::TXT);
    store16(p + 4, rrclass::CH);
    store32(p + 6, 0);
    store16(p + 10, static_cast<unsigned>(text.size() + 1));
    p[12] = static_cast<uint8_t>(text.size());
    std::memcpy(p + 13, text.data(), text.size());
    at_ += static_cast<unsigned>(13 + text.size());
    count(Section::answer, 1);
  }

  // Writes header and OPT; the octets of the whole response.
  unsigned finish() {
    const uint16_t request = load16(message_ + 2);
    const auto low_rcode = static_cast<uint16_t>(static_cast<unsigned>(rcode_) & 0xF);
    const unsigned flags =
        flag::QR | (request & (flag::OPCODE_MASK | flag::RD)) | flags_ | (truncated_ ? flag::TC : 0U) | low_rcode;
    query_.reply.rcode = rcode_;
    if (query_.edns) write_opt();
    store16(message_ + 2, flags);
    store16(message_ + 4, query_.has_question ? 1 : 0);
    for (unsigned i = 0; i < 3; ++i) store16(message_ + 6 + 2 * i, counts_[i]);
    return at_;
  }

 private:
  // What names may point into: all that stands before the answer that comes next.
  MessageHead written() const { return MessageHead({message_, at_}); }
  void count(Section section, unsigned n) { counts_[static_cast<unsigned>(section)] += n; }

  void write_opt() {
    if (at_ + opt_size_ > room_) return;
    at_ += opt_.write(message_ + at_, room_ - at_, rcode_);
    count(Section::additional, 1);
  }

  Query& query_;
  Opt opt_;
  uint8_t* const message_;
  unsigned at_;
  unsigned opt_size_ = 0;
  unsigned room_, limit_;  // where the response must end at the latest: with OPT, without
  std::array<unsigned, 3> counts_{};
  uint16_t flags_ = 0;
  Rcode rcode_ = Rcode::noerror;
  bool truncated_ = false;
};

}  // namespace axfrd::zones
