// Responder: the answering core. Zone data and a parsed query in, the octets of a response out.
//
// The same code answers UDP in the packet path, UDP that came through the kernel, and TCP. It is pure: no clock, no
// socket, no allocation, no exception. The time that cookies need comes with the query. Transfers are not its business
// (transfer.h).
//
// Threads. A Responder is immutable; calls are made inside a read section of the readers of ZoneTable and CookieJar.
//
// The packet path first calls prepare() for a whole burst: it brings what the answers will read into the cache, one
// dependent step at a time for all queries, so that they wait for memory together and not one after the other.
#pragma once

#include <cstdint>
#include <string>

#include "zones/answer/cookie.h"
#include "zones/answer/query.h"
#include "zones/data/zone_table.h"

namespace axfrd::zones {

struct ResponderOptions {
  uint16_t udp_payload = 1232;   // largest UDP response, at least 512, and the size we announce (DNS flag day 2020)
  uint16_t tcp_keepalive = 300;  // how long an idle TCP session is kept, in units of 100 ms (RFC 7828)
  std::string nsid;              // sent when asked for; empty: not sent (RFC 5001)
  std::string id_server;         // CH TXT id.server and hostname.bind (RFC 4892); empty: REFUSED
  std::string version;           // CH TXT version.server and version.bind; empty: REFUSED
};

class Responder {
 public:
  Responder(const ZoneTable& zones, const CookieJar& cookies, ResponderOptions options)
      : zones_(zones), cookies_(cookies), options_(std::move(options)) {}

  // Finds the zone of each query of a burst and prefetches what write() reads. `each` calls its argument with every
  // Query of the burst. @pre query.parse() said `answer` for all of them.
  template <class Each>
  void prepare(Each&& each) const {
    each([this](Query& q) { prefetch_slot(q); });
    each([this](Query& q) { prefetch_zone(q); });
    each([](Query& q) { prefetch_version(q); });
    each([this](Query& q) { prefetch_index(q); });
    each([](Query& q) { prefetch_page(q); });
    each([](Query& q) {
      if (q.lookup.page != nullptr) q.lookup.page->prefetch_slot(q.lookup.sought);
    });
    each([](Query& q) {
      if (q.lookup.page != nullptr) q.lookup.node = q.lookup.page->guess(q.lookup.sought);
    });
    each([](Query& q) {
      if (q.lookup.node != nullptr) q.lookup.page->prefetch_rrsets(*q.lookup.node);
    });
    each([](Query& q) { prefetch_answer(q); });
  }
  // Looks up and writes the response over the request; its octets, at most query.capacity. @pre prepare() was called
  // for it.
  unsigned write(Query& query) const;

  // Both for one query.
  unsigned respond(Query& query) const {
    find_zone(query);
    return write(query);
  }

  // A response without records: header, question where there is one, OPT with `ede` where the request had EDNS.
  unsigned refuse(Query& query, Rcode rcode, Ede ede = Ede::none, std::string_view ede_text = {}) const;

  // What a query gets for a zone that is not served (origin.h). @pre it is not
  unsigned refuse_unserved(Query& query, const ZoneVersion& version) const;

  // In place of a response of `size` octets that was written and is not to be sent: one without records, and with TC,
  // so that the requester asks by TCP; or, if he sent a cookie, with BADCOOKIE, so that he asks with the right one (RFC
  // 7873 §5.2.3). An error has no records, and stays.
  unsigned slip(Query& query, unsigned size) const;

  // The OPT record of a transfer (transfer.h) of `version`; empty if the request had none.
  std::string opt(Query& query, const ZoneVersion& version) const;

  const ZoneTable& zones() const { return zones_; }

 private:
  void prefetch_slot(Query& query) const;
  void prefetch_zone(Query& query) const;
  static void prefetch_version(const Query& query);
  void find_zone(Query& query) const;
  void prefetch_index(Query& query) const;
  static void prefetch_page(Query& query);
  static void prefetch_answer(const Query& query);
  unsigned chaos(Query& query) const;

  const ZoneTable& zones_;
  const CookieJar& cookies_;
  const ResponderOptions options_;
};

}  // namespace axfrd::zones
