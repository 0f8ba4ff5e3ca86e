#include "zones/answer/query.h"

#include <algorithm>

#include "zones/wire/record_walk.h"

namespace axfrd::zones {
namespace {

// False if the option is malformed. What a requester says in an option that is a mere wish is nobody's business, but
// for ZONEVERSION (RFC 9660 §3.1).
bool read_option(Request& q, uint16_t code, Bytes data) {
  switch (code) {
    case option::NSID:
      q.options |= kWantsNsid;
      return true;
    case option::EXPIRE:
      q.options |= kWantsExpire;
      return true;
    case option::TCP_KEEPALIVE:
      q.options |= kWantsKeepalive;
      return true;
    case option::ZONEVERSION:
      q.options |= kWantsZoneVersion;
      return data.empty();
    case option::COOKIE:
      if ((q.options & kHasCookie) != 0) return true;  // RFC 7873 §5.2: the first one counts
      if (data.size() != kClientCookie && (data.size() < 2 * kClientCookie || data.size() > kMaxCookie)) return false;
      q.options |= kHasCookie;
      q.cookie_size = static_cast<uint8_t>(data.size());
      std::copy_n(data.begin(), std::min<size_t>(data.size(), kCookie), q.cookie.begin());
      return true;
    default:
      return true;  // RFC 6891 §6.1.2
  }
}

// False if an option is malformed, or they do not add up to the RDATA.
bool read_options(Request& q, Bytes rest) {
  while (rest.size() >= 4) {
    const uint16_t code = load16(rest.data()), size = load16(&rest[2]);
    rest = rest.subspan(4);
    if (size > rest.size() || !read_option(q, code, rest.first(size))) return false;
    rest = rest.subspan(size);
  }
  return rest.empty();
}

// RFC 6891 §6.1.3. Of a version that we do not know nothing else can be read.
bool read_opt(Request& q, const RecordWalk& record) {
  q.edns = true;
  q.payload = std::max<uint16_t>(record.rr_class(), kMinUdp);
  q.dnssec_ok = (record.ttl() & 0x8000) != 0;
  if (((record.ttl() >> 16) & 0xFF) == 0) return read_options(q, record.rdata());
  q.refusal = Rcode::badvers;
  return true;
}

// False if the message is malformed. OPT stands in the additional section, once, under the root (RFC 6891 §6.1.1); TSIG
// stands last (RFC 8945 §5.1).
bool read_records(Request& q) {
  const unsigned before = load16(q.message + 6) + load16(q.message + 8);
  const unsigned additional = load16(q.message + 10);
  RecordWalk record(q.message, q.size, q.question_end);
  for (unsigned i = 0; i < before + additional; ++i) {
    if (!record.next()) return false;
    if (record.type() == rrtype::OPT) {
      if (i < before || q.edns || !record.owner_is_root()) return false;
      if (!read_opt(q, record)) return false;
    } else if (record.type() == rrtype::TSIG) {
      if (i + 1 != before + additional || i < before) return false;
      q.signed_request = true;
    }
  }
  return record.end() == q.size;
}

// The name of a question cannot be compressed, for nothing stands before it.
bool read_question(Request& q) {
  if (!q.qname.read(q.message + kHeaderSize, q.message + q.size)) return false;
  const unsigned at = kHeaderSize + q.qname.size();
  if (at + 4 > q.size) return false;
  q.qtype = load16(q.message + at);
  q.qclass = load16(q.message + at + 2);
  q.question_end = at + 4;
  return true;
}

}  // namespace

Disposition Request::parse() {
  refusal = Rcode::noerror;
  has_question = edns = dnssec_ok = signed_request = false;
  options = 0;
  payload = kMinUdp;
  qtype = qclass = 0;
  question_end = kHeaderSize;

  if (size < kHeaderSize) return Disposition::drop;
  const uint16_t flags = load16(message + 2);
  if ((flags & flag::QR) != 0) return Disposition::drop;
  opcode = static_cast<Opcode>((flags & flag::OPCODE_MASK) >> flag::OPCODE_SHIFT);
  const bool changes_something = opcode == Opcode::notify || opcode == Opcode::update;

  const auto fail = [this](Rcode why) {
    refusal = why;
    return Disposition::answer;
  };
  if (opcode != Opcode::query && !changes_something) return fail(Rcode::notimp);
  const unsigned questions = load16(message + 4);
  if (questions > 1) return fail(Rcode::formerr);  // RFC 9619; RFC 1996 §3.7; RFC 2136 §2.3
  has_question = questions == 1 && read_question(*this);
  if (has_question != (questions == 1) || !read_records(*this)) return fail(Rcode::formerr);
  if (!has_question) {  // RFC 7873 §5.4: a request for a cookie has none
    const bool asks_for_cookie = !changes_something && !signed_request && (options & kHasCookie) != 0;
    return asks_for_cookie ? Disposition::answer : fail(Rcode::formerr);
  }
  if (signed_request || changes_something) return Disposition::privileged;
  return asks_for_transfer() ? Disposition::transfer : Disposition::answer;
}

bool Request::asks_for_transfer() const {
  const bool transfer = qtype == rrtype::AXFR || (qtype == rrtype::IXFR && transport == Transport::tcp);
  return transfer && refusal == Rcode::noerror && qclass == rrclass::IN;
}

}  // namespace axfrd::zones
