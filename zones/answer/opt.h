// Opt: the OPT record of one response (RFC 6891), with the answers to the options of its request.
//
// Room for it is set aside before anything is written, so that no answer pushes it out; an Extended DNS Error goes into
// what is left.
#pragma once

#include <algorithm>
#include <string_view>

#include "zones/answer/query.h"
#include "zones/answer/respond.h"
#include "zones/data/version.h"

namespace axfrd::zones {

class Opt {
 public:
  Opt(Query& query, const ResponderOptions& options, const CookieJar& cookies)
      : query_(query), options_(options), cookies_(cookies) {}

  // What the record takes, without an Extended DNS Error.
  unsigned size() const {
    const unsigned asked = query_.options;
    if (asked == 0) return kFixed;
    return kFixed + (sends_nsid() ? kOptionHead + static_cast<unsigned>(options_.nsid.size()) : 0U) +
           ((asked & kHasCookie) != 0 ? kOptionHead + kCookie : 0U) +
           ((asked & kWantsExpire) != 0 ? kOptionHead + 4U : 0U) +
           ((asked & kWantsKeepalive) != 0 ? kOptionHead + 2U : 0U) +
           ((asked & kWantsZoneVersion) != 0 ? kOptionHead + 6U : 0U);
  }

  // The response is about a name of this zone.
  void set_zone(const ZoneVersion& version) { zone_ = &version; }
  // Gives an Extended DNS Error (RFC 8914), if there is room.
  void explain(Ede code, std::string_view text) {
    ede_ = code;
    ede_text_ = text.substr(0, kMaxEdeText);
  }

  // Writes the record to `out`; its octets. @pre size() <= room
  unsigned write(uint8_t* out, unsigned room, Rcode rcode) {
    out[0] = 0;
    store16(out + 1, rrtype::OPT);
    store16(out + 3, options_.udp_payload);
    out[5] = static_cast<uint8_t>(static_cast<unsigned>(rcode) >> 4);
    out[6] = 0;
    store16(out + 7, query_.dnssec_ok ? 0x8000 : 0);
    at_ = out + kFixed;
    if (query_.options != 0) answer_options();
    if (ede_ != Ede::none && static_cast<unsigned>(at_ - out) + kOptionHead + 2 + ede_text_.size() <= room) {
      store16(begin(option::EDE, static_cast<unsigned>(2 + ede_text_.size())), static_cast<unsigned>(ede_));
      std::ranges::copy(ede_text_, at_ - ede_text_.size());
    }
    const auto size = static_cast<unsigned>(at_ - out);
    store16(out + 9, size - kFixed);
    return size;
  }

 private:
  static constexpr unsigned kFixed = 11;  // root owner, TYPE, CLASS, TTL, RDLENGTH (RFC 6891 §6.1.2)
  static constexpr unsigned kOptionHead = 4;
  static constexpr unsigned kMaxEdeText = 128;

  bool asked(unsigned what) const { return (query_.options & what) != 0; }
  bool sends_nsid() const { return asked(kWantsNsid) && !options_.nsid.empty(); }

  // Writes the head of an option; where its data are to be written.
  uint8_t* begin(uint16_t code, unsigned size) {
    store16(at_, code);
    store16(at_ + 2, size);
    at_ += kOptionHead + size;
    return at_ - size;
  }

  void answer_options() {
    if (sends_nsid())
      std::ranges::copy(options_.nsid, begin(option::NSID, static_cast<unsigned>(options_.nsid.size())));
    if (asked(kHasCookie)) {
      auto cookie = query_.cookie;
      query_.reply.valid_cookie =
          renew_cookie(cookie, query_.cookie_size, query_.client, query_.now, cookies_.current());
      std::ranges::copy(cookie, begin(option::COOKIE, kCookie));
    }
    // RFC 7828 §3.1: in units of 100 ms; over UDP it means nothing.
    if (asked(kWantsKeepalive) && query_.transport == Transport::tcp)
      store16(begin(option::TCP_KEEPALIVE, 2), options_.tcp_keepalive);
    if (zone_ == nullptr) return;
    // RFC 7314 §2: in answers about the SOA, and in transfers, which parse() knows to be such.
    if (asked(kWantsExpire) && query_.qname.labels() == zone_->apex().labels &&
        (query_.qtype == rrtype::SOA || query_.qtype == rrtype::AXFR || query_.qtype == rrtype::IXFR))
      store32(begin(option::EXPIRE, 4), zone_->expire_at(query_.now));
    if (asked(kWantsZoneVersion)) {
      uint8_t* data = begin(option::ZONEVERSION, 6);
      data[0] = static_cast<uint8_t>(zone_->apex().labels);
      data[1] = 0;  // SOA-SERIAL (RFC 9660 §2.1)
      store32(data + 2, zone_->serial());
    }
  }

  Query& query_;
  const ResponderOptions& options_;
  const CookieJar& cookies_;
  const ZoneVersion* zone_ = nullptr;
  uint8_t* at_ = nullptr;
  Ede ede_ = Ede::none;
  std::string_view ede_text_;
};

}  // namespace axfrd::zones
