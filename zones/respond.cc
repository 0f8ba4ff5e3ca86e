#include "zones/respond.h"

#include <algorithm>
#include <optional>

namespace axfrd::zones {
namespace {

constexpr unsigned kMaxChain = 16;  // CNAMEs and DNAMEs followed for one query
// Where a chain ends for want of room: what is added behind still has to be in reach of pointers.
constexpr unsigned kChainReach = kPointerReach / 2;
constexpr unsigned kOptFixed = 11;   // root owner, TYPE, CLASS, TTL, RDLENGTH (RFC 6891 §6.1.2)
constexpr uint16_t kOptionNsid = 3;  // RFC 5001
constexpr uint16_t kOptionEde = 15;  // RFC 8914
constexpr unsigned kMaxEdeText = 128;

// A name of the message being written: where it begins, and its text hashed for looking it up.
struct PlacedName {
  unsigned at;
  const HashedName* name;
};

// Follows pointers from `at` to where a label (or the root) begins. The message is our own: pointers are sound.
unsigned settle(const uint8_t* message, unsigned at) {
  while (is_pointer(message[at])) at = load16(message + at) & 0x3FFFU;
  return at;
}

// Where the name at `at` goes on after `labels` labels.
unsigned skip_labels(const uint8_t* message, unsigned at, unsigned labels) {
  for (at = settle(message, at); labels > 0; --labels) at = settle(message, at + message[at] + 1);
  return at;
}

// Copies the name at `at`, uncompressed, to `out`; returns its octets.
unsigned copy_name(const uint8_t* message, unsigned at, uint8_t* out) {
  unsigned size = 0;
  for (;;) {
    at = settle(message, at);
    const unsigned length = message[at];
    std::memcpy(out + size, message + at, length + 1);
    size += length + 1;
    if (length == 0) return size;
    at += length + 1;
  }
}

enum class Section : uint8_t { answer, authority, additional };

// Writes one response over its request, behind the question.
class Response {
 public:
  Response(Query& query, const ResponderOptions& options)
      : query_(query), options_(options), message_(query.message), at_(query.question_end) {
    unsigned limit = kMaxMessage;
    if (query.transport == Transport::udp) {
      const unsigned asked = query.edns ? query.payload : kMinUdp;
      limit = std::max<unsigned>(kMinUdp, std::min<unsigned>(asked, options.udp_payload));
    }
    limit_ = std::min(limit, query.capacity);
    if (query.edns) limit_ -= std::min(limit_, opt_size());
  }

  bool truncated() const { return truncated_; }
  uint8_t* message() const { return message_; }
  unsigned position() const { return at_; }

  void set_authoritative() { flags_ |= flag::AA; }
  void set_rcode(Rcode rcode) { rcode_ = rcode; }
  // The response is too large for its transport: the requester has to ask by TCP. What was written goes (RFC 2181 §9).
  void truncate() {
    truncated_ = true;
    at_ = query_.question_end;
    counts_ = {};
  }
  // Gives an Extended DNS Error, if there is room and the requester speaks EDNS.
  void explain(Ede code, std::string_view text) {
    ede_ = code;
    ede_text_ = text.substr(0, kMaxEdeText);
  }

  // Adds an RRset; false, and nothing added, if there is no room.
  bool add(Section section, const Answer& answer, const Apex& apex, Placement place) {
    const Answer::Head head = answer.head();
    const bool signatures = query_.dnssec_ok;
    if (at_ + head.rr_size + (signatures ? head.sig_size : 0U) > limit_) return false;
    at_ += answer.write(message_ + at_, at_, apex, place, signatures);
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
  // The CNAME that a DNAME stands for (RFC 6672 §3.1). False, and nothing added, if there is no room.
  bool add_synthesised_cname(unsigned owner_at, uint32_t ttl, NameView target) {
    if (at_ + 2 + kRrFixed + target.size() > limit_) return false;
    uint8_t* p = message_ + at_;
    store16(p, pointer_to(owner_at));
    store16(p + 2, rrtype::CNAME);
    store16(p + 4, rrclass::IN);
    store32(p + 6, ttl);
    store16(p + 10, target.size());
    std::memcpy(p + 12, target.data(), target.size());
    at_ += 2 + kRrFixed + target.size();
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
    if (query_.edns) write_opt();
    store16(message_ + 2, flags);
    store16(message_ + 4, query_.has_question ? 1 : 0);
    for (unsigned i = 0; i < 3; ++i) store16(message_ + 6 + 2 * i, counts_[i]);
    return at_;
  }

 private:
  void count(Section section, unsigned n) { counts_[static_cast<unsigned>(section)] += n; }

  unsigned opt_size() const {
    return kOptFixed + (sends_nsid() ? 4U + static_cast<unsigned>(options_.nsid.size()) : 0U);
  }
  bool sends_nsid() const { return query_.wants_nsid && !options_.nsid.empty(); }

  void write_opt() {
    const unsigned room = std::min(limit_ + opt_size(), query_.capacity);
    if (at_ + opt_size() > room) return;
    uint8_t* opt = message_ + at_;
    opt[0] = 0;
    store16(opt + 1, rrtype::OPT);
    store16(opt + 3, options_.udp_payload);
    opt[5] = static_cast<uint8_t>(static_cast<unsigned>(rcode_) >> 4);
    opt[6] = 0;
    store16(opt + 7, query_.dnssec_ok ? 0x8000 : 0);
    at_ += kOptFixed;
    if (sends_nsid()) write_option(kOptionNsid, nullptr, 0, options_.nsid);
    if (ede_ != Ede::none && at_ + 6 + ede_text_.size() <= room) {
      uint8_t code[2];
      store16(code, static_cast<unsigned>(ede_));
      write_option(kOptionEde, code, sizeof code, ede_text_);
    }
    store16(opt + 9, static_cast<unsigned>(message_ + at_ - opt) - kOptFixed);
    count(Section::additional, 1);
  }
  void write_option(uint16_t code, const uint8_t* head, unsigned head_size, std::string_view text) {
    uint8_t* p = message_ + at_;
    store16(p, code);
    store16(p + 2, static_cast<unsigned>(head_size + text.size()));
    std::copy_n(head, head_size, p + 4);
    std::ranges::copy(text, p + 4 + head_size);
    at_ += static_cast<unsigned>(4 + head_size + text.size());
  }

  Query& query_;
  const ResponderOptions& options_;
  uint8_t* const message_;
  unsigned at_, limit_;
  std::array<unsigned, 3> counts_{};
  uint16_t flags_ = 0;
  Rcode rcode_ = Rcode::noerror;
  bool truncated_ = false;
  Ede ede_ = Ede::none;
  std::string_view ede_text_;
};

// The closest zone of ours at or above `name`. The DS of a zone cut is data of the parent (RFC 4035 §3.1.4.1), so for
// DS a zone strictly above is preferred.
const ZoneVersion* closest_zone(const ZoneTable& zones, const HashedName& name, uint16_t qtype) {
  const ZoneVersion* own = nullptr;
  for (unsigned n = name.labels() + 1; n-- > 0;) {
    if (!zones.has_apex_of(n)) continue;
    const Zone* zone = zones.find(name.hash(n), name.suffix(n));
    if (zone == nullptr) continue;
    if (qtype != rrtype::DS || n < name.labels()) return zone->current();
    own = zone->current();
  }
  return own;
}

// What a zone has for a name.
struct Match {
  enum class Kind : uint8_t { exact, wildcard, referral, dname, none };
  Kind kind;
  ZoneVersion::Found found;  // exact, wildcard: may be without a node at the apex
  unsigned labels;           // of the matching name; dname: of its owner; none: of the closest encloser
};

// Looks for `name` from the apex downwards, because a delegation or a DNAME hides what is below it. A miss ends the
// search: names that have descendants are nodes themselves.
Match descend(const ZoneVersion& version, const HashedName& name, uint16_t qtype) {
  unsigned n = version.apex().labels;
  ZoneVersion::Found found = version.apex_node();
  while (n < name.labels()) {
    if (found && (found.node->flags & Page::kDname) != 0) return {Match::Kind::dname, found, n};
    found = version.find(name.hash(n + 1), name.suffix(n + 1));
    if (!found) return {Match::Kind::none, {}, n};
    ++n;
    const bool asks_parent = n == name.labels() && qtype == rrtype::DS;
    if ((found.node->flags & Page::kCut) != 0 && !asks_parent) return {Match::Kind::referral, found, n};
  }
  return {Match::Kind::exact, found, n};
}

// The same without delegations in the zone: most often the first look is the last.
Match ascend(const ZoneVersion& version, const HashedName& name) {
  unsigned n = name.labels();
  if (const auto found = version.find(name.hash(n), name.view())) return {Match::Kind::exact, found, n};
  while (--n > version.apex().labels) {
    if (version.find(name.hash(n), name.suffix(n))) break;
  }
  return {Match::Kind::none, {}, n};
}

Match match(const ZoneVersion& version, const HashedName& name, uint16_t qtype) {
  if (name.labels() == version.apex().labels) return {Match::Kind::exact, version.apex_node(), name.labels()};
  Match m = version.counts().barriers != 0 ? descend(version, name, qtype) : ascend(version, name);
  if (m.kind != Match::Kind::none || version.counts().wildcards == 0) return m;
  // RFC 4592 §3.3.1: the source of synthesis is "*" below the closest encloser.
  std::array<uint8_t, kMaxName + 2> wildcard{1, '*'};
  const NameView encloser = name.suffix(m.labels);
  if (encloser.size() + 2 > kMaxName) return m;
  std::memcpy(wildcard.data() + 2, encloser.data(), encloser.size());
  const uint64_t hash = NameHash::process().extend(name.hash(m.labels), wildcard.data());
  if (const auto found = version.find(hash, NameView(wildcard.data(), encloser.size() + 2))) {
    return {Match::Kind::wildcard, found, m.labels};
  }
  return m;
}

// Answers one query from zone data: follows CNAMEs from name to name, and from zone to zone.
class Lookup {
 public:
  Lookup(const ZoneTable& zones, const Query& query, Response& response)
      : zones_(zones), query_(query), response_(response), version_(query.version) {}

  void run() {
    PlacedName name{kHeaderSize, &query_.qname};
    while (step(name) && go_on(name)) {
    }
  }

 private:
  // Adds what the zone has for `name`; true if that is a CNAME to be followed, whose RDATA begins at target_at_. The
  // CNAME may have been made from a DNAME.
  bool step(PlacedName name) {
    const Match m = match(*version_, *name.name, query_.qtype);
    apex_at_ = apex_of(name.at, *name.name);
    if (m.kind == Match::Kind::referral) {
      refer(name, m);
      return false;
    }
    response_.set_authoritative();
    if (m.kind == Match::Kind::dname) return add_dname(name, m);
    if (m.kind == Match::Kind::none) {
      response_.set_rcode(Rcode::nxdomain);
      add_negative_soa();
      return false;
    }
    const unsigned owner_size =
        m.kind == Match::Kind::wildcard ? 2 + name.name->suffix(m.labels).size() : name.name->size();
    const Placement place{name.at, owner_size, apex_at_};
    const bool at_apex = name.name->labels() == version_->apex().labels;
    if (at_apex && (query_.qtype == rrtype::SOA || query_.qtype == rrtype::ANY)) {
      add_soa(place, m.found);
      return false;
    }
    return m.found ? add_node(m.found, place) : add_nodata();
  }

  bool add_node(ZoneVersion::Found found, Placement place) {
    const uint16_t qtype = query_.qtype;
    if ((found.node->flags & Page::kCname) != 0 && qtype != rrtype::ANY && !found.page->rrset(*found.node, qtype)) {
      const unsigned start = response_.position();
      if (!add(Section::answer, *found.page, *found.page->rrset(*found.node, rrtype::CNAME), place)) return false;
      target_at_ = start + 2 + kRrFixed;
      return true;
    }
    if (qtype == rrtype::RRSIG) return add_all_signatures(found, place);
    for (const Page::RRset& set : found.page->rrsets(*found.node)) {
      if (set.rr_count == 0 || (set.type != qtype && qtype != rrtype::ANY)) continue;
      add(Section::answer, *found.page, set, place);  // one RRset is enough for ANY (RFC 8482 §4.1)
      return false;
    }
    return add_nodata();
  }

  // RFC 6672 §3.2: the DNAME, and the CNAME from `name` to what it stands for.
  bool add_dname(PlacedName name, const Match& m) {
    const unsigned owner_at = skip_labels(response_.message(), name.at, name.name->labels() - m.labels);
    const NameView owner = name.name->suffix(m.labels);
    const auto start = place_dname(m.found, {owner_at, owner.size(), apex_at_});
    if (!start) return false;
    std::array<uint8_t, 2 * kMaxName> bytes;
    const unsigned prefix = name.name->size() - owner.size();
    std::memcpy(bytes.data(), name.name->view().data(), prefix);
    const unsigned size = prefix + copy_name(response_.message(), *start + 2 + kRrFixed, bytes.data() + prefix);
    if (size > kMaxName) {
      response_.set_rcode(Rcode::yxdomain);
      return false;
    }
    const NameView target(bytes.data(), size);
    const uint32_t ttl = load32(response_.message() + *start + 6);
    target_at_ = response_.position() + 2 + kRrFixed;
    if (!response_.add_synthesised_cname(name.at, ttl, target)) {
      response_.truncate();
      return false;
    }
    // A DNAME to itself or to below itself would go on for ever.
    const bool grows = NameView(bytes.data() + prefix, size - prefix).is_at_or_below(owner);
    return query_.qtype != rrtype::CNAME && query_.qtype != rrtype::ANY && !grows;
  }

  // Adds the DNAME unless the chain came by it before; where it stands, or nothing if there is no room.
  std::optional<unsigned> place_dname(ZoneVersion::Found found, Placement place) {
    for (unsigned i = 0; i < dname_count_; ++i) {
      if (dnames_[i].node == found.node) return dnames_[i].at;
    }
    const unsigned at = response_.position();
    if (!add(Section::answer, *found.page, *found.page->rrset(*found.node, rrtype::DNAME), place)) return std::nullopt;
    dnames_[dname_count_++] = {found.node, at};
    return at;
  }

  bool add_all_signatures(ZoneVersion::Found found, Placement place) {
    bool any = false;
    for (const Page::RRset& set : found.page->rrsets(*found.node)) {
      const Answer answer = found.page->answer(set);
      if (answer.head().sig_count == 0) continue;
      any = true;
      if (!response_.add_signatures(Section::answer, answer, place)) {
        response_.truncate();
        return false;
      }
    }
    return any ? false : add_nodata();
  }

  bool add_nodata() {
    add_negative_soa();
    return false;
  }

  bool add(Section section, const Page& page, const Page::RRset& set, Placement place) {
    if (response_.add(section, page.answer(set), version_->apex(), place)) return true;
    response_.truncate();
    return false;
  }

  void add_soa(Placement place, ZoneVersion::Found apex_node, Section section = Section::answer) {
    if (!response_.add(section, version_->soa(), version_->apex(), place)) return response_.truncate();
    if (!query_.dnssec_ok || !apex_node) return;
    const Page::RRset* set = apex_node.page->rrset(*apex_node.node, rrtype::SOA);
    if (set == nullptr) return;
    if (!response_.add_signatures(section, apex_node.page->answer(*set), place)) response_.truncate();
  }

  // RFC 2308 §3: the SOA, with the TTL for which the denial holds.
  void add_negative_soa() {
    const unsigned at = response_.position();
    add_soa({apex_at_, version_->apex().size, apex_at_}, version_->apex_node(), Section::authority);
    if (!response_.truncated()) store32(response_.message() + at + 6, version_->negative_ttl());
  }

  // RFC 1034 §4.3.2 step 3b: the NS RRset of the cut, with the addresses that we have of its servers.
  void refer(PlacedName name, const Match& m) {
    const unsigned cut_at = skip_labels(response_.message(), name.at, name.name->labels() - m.labels);
    const NameView cut = name.name->suffix(m.labels);
    const Placement place{cut_at, cut.size(), apex_at_};
    const Page::RRset& ns = *m.found.page->rrset(*m.found.node, rrtype::NS);
    const unsigned start = response_.position();
    if (!add(Section::authority, *m.found.page, ns, place)) return;
    unsigned at = start;
    if (query_.dnssec_ok && !add_signed_ds(m.found, place)) return;
    for (unsigned i = 0; i < ns.rr_count && !response_.truncated(); ++i) {
      const unsigned rdata_at = at + 2 + kRrFixed;
      at = rdata_at + load16(response_.message() + rdata_at - 2);
      add_glue(rdata_at, cut);
    }
  }

  // RFC 4035 §3.1.4. A DS without signature, in a zone that is not signed, proves nothing. False if there is no room.
  bool add_signed_ds(ZoneVersion::Found cut, Placement place) {
    const Page::RRset* ds = cut.page->rrset(*cut.node, rrtype::DS);
    if (ds == nullptr || cut.page->answer(*ds).head().sig_count == 0) return true;
    return add(Section::authority, *cut.page, *ds, place);
  }

  void add_glue(unsigned server_at, NameView cut) {
    std::array<uint8_t, kMaxName> bytes;
    const unsigned size = copy_name(response_.message(), server_at, bytes.data());
    const NameView server(bytes.data(), size);
    if (!server.is_at_or_below(version_->apex().name)) return;
    HashedName hashed;
    hashed.read(bytes.data(), bytes.data() + size);
    const auto found = version_->find(hashed.hash(hashed.labels()), server);
    if (!found) return;
    const Placement place{settle(response_.message(), server_at), size, apex_of(server_at, hashed)};
    for (const uint16_t type : {rrtype::A, rrtype::AAAA}) {
      const Page::RRset* set = found.page->rrset(*found.node, type);
      if (set == nullptr || set->rr_count == 0 || place.owner_at >= kPointerReach) continue;
      if (response_.add(Section::additional, found.page->answer(*set), version_->apex(), place)) continue;
      // RFC 9471 §3.1: a referral without all its in-domain glue must say that it is truncated.
      if (server.is_at_or_below(cut)) return response_.truncate();
    }
  }

  unsigned apex_of(unsigned name_at, const HashedName& name) const {
    return skip_labels(response_.message(), name_at, name.labels() - version_->apex().labels);
  }

  // Turns to the target of the CNAME just added; false if it is in none of our zones, or the chain is a loop or long.
  bool go_on(PlacedName& name) {
    if (response_.position() > kChainReach) return false;
    visited_[hops_++] = name.name->hash(name.name->labels());
    const unsigned size = copy_name(response_.message(), target_at_, target_bytes_.data());
    target_.read(target_bytes_.data(), target_bytes_.data() + size);
    const ZoneVersion* next = closest_zone(zones_, target_, query_.qtype);
    if (next == nullptr) return false;
    const uint64_t* visited = visited_.data();
    if (hops_ == kMaxChain || std::find(visited, visited + hops_, target_.hash(target_.labels())) != visited + hops_)
      return false;
    version_ = next;
    name = {settle(response_.message(), target_at_), &target_};
    return true;
  }

  const ZoneTable& zones_;
  const Query& query_;
  Response& response_;
  const ZoneVersion* version_;
  unsigned apex_at_ = 0;    // of version_, in the message
  unsigned target_at_ = 0;  // the RDATA of the CNAME added last
  std::array<uint8_t, kMaxName> target_bytes_;
  HashedName target_;
  std::array<uint64_t, kMaxChain> visited_;  // hashes of the names in the chain
  unsigned hops_ = 0;
  struct PlacedDname {
    const Page::Node* node;
    unsigned at;
  };
  std::array<PlacedDname, kMaxChain> dnames_;  // those in the answer
  unsigned dname_count_ = 0;
};

}  // namespace

void Responder::prefetch_slot(const Query& query) const {
  if (!query.has_question) return;
  for (unsigned n = query.qname.labels() + 1; n-- > 0;) {
    if (zones_.has_apex_of(n)) zones_.prefetch(query.qname.hash(n));
  }
}

void Responder::prefetch_zone(Query& query) const {
  if (!query.has_question) return;
  for (unsigned n = query.qname.labels() + 1; n-- > 0 && query.zone == nullptr;) {
    if (zones_.has_apex_of(n)) query.zone = zones_.guess(query.qname.hash(n));
  }
  __builtin_prefetch(query.zone);
}

void Responder::prefetch_version(const Query& query) {
  if (query.zone == nullptr) return;
  const auto* version = reinterpret_cast<const uint8_t*>(query.zone->current());
  for (unsigned line = 0; line < 4; ++line) __builtin_prefetch(version + line * 64);
}

void Responder::find_zone(Query& query) const {
  if (!query.has_question) return;
  query.version = closest_zone(zones_, query.qname, query.qtype);
  if (query.version != nullptr) query.version->prefetch_first(own_hash(query));
}

void Responder::prefetch_page(Query& query) {
  if (query.version != nullptr) query.page = query.version->prefetch_second(own_hash(query));
}

unsigned Responder::refuse(Query& query, Rcode rcode, Ede ede, std::string_view ede_text) const {
  Response response(query, options_);
  response.set_rcode(rcode);
  response.explain(ede, ede_text);
  return response.finish();
}

unsigned Responder::chaos(Query& query) const {
  const NameView qname = query.qname.view();
  const auto is = [&](const char* wire, unsigned size) {
    return qname.equals({reinterpret_cast<const uint8_t*>(wire), size});
  };
  std::string_view text;
  if (is("\2id\6server", 11) || is("\10hostname\4bind", 15)) text = options_.id_server;
  if (is("\7version\6server", 16) || is("\7version\4bind", 14)) text = options_.version;
  if (text.empty() || (query.qtype != rrtype::TXT && query.qtype != rrtype::ANY)) return refuse(query, Rcode::refused);
  Response response(query, options_);
  response.set_authoritative();
  response.add_chaos_text(text);
  return response.finish();
}

unsigned Responder::write(Query& query) const {
  if (query.rcode != Rcode::noerror) return refuse(query, query.rcode);
  if (query.qclass == rrclass::CH) return chaos(query);
  if (query.qclass != rrclass::IN) return refuse(query, Rcode::refused);
  // Of the types that exist only in questions, ANY and (over UDP) IXFR have an answer.
  uint16_t qtype = query.qtype;
  if (qtype == rrtype::IXFR)
    query.qtype = rrtype::SOA;  // RFC 1995 §4: what does not fit a datagram is answered by the SOA alone
  if (rrtype::is_meta(query.qtype) && qtype != rrtype::ANY) return refuse(query, Rcode::notimp);
  if (query.version == nullptr) return refuse(query, Rcode::refused, Ede::not_authoritative);
  Response response(query, options_);
  Lookup lookup(zones_, query, response);
  lookup.run();
  return response.finish();
}

}  // namespace axfrd::zones
