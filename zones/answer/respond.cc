#include "zones/answer/respond.h"

#include <algorithm>
#include <optional>

#include "zones/answer/denial.h"
#include "zones/answer/response.h"
#include "zones/wire/prefetch.h"

namespace axfrd::zones {
namespace {

constexpr unsigned kMaxChain = 16;  // CNAMEs and DNAMEs followed for one query
// Where a chain ends for want of room: what is added behind still has to be in reach of pointers.
constexpr unsigned kChainReach = kPointerReach / 2;

// A name of the message being written: where it begins, and its text hashed for looking it up.
struct PlacedName {
  unsigned at;
  const HashedName* name;
};

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

// The closest zone of ours at or above `name`. The DS of a zone cut is data of the parent (RFC 4035 §3.1.4.1), so for
// DS a zone strictly above is preferred.
const ZoneVersion* closest_zone(const ZoneTable& zones, const HashedName& name, uint16_t qtype) {
  const Zone* zone = nullptr;
  if (qtype == rrtype::DS && name.labels() > 0) zone = zones.closest(name, name.labels() - 1);
  if (zone == nullptr) zone = zones.closest(name, name.labels());
  return zone != nullptr ? zone->current() : nullptr;
}

// Whether the guess at the closest zone was right. No zone is nearer: it would have been the guess.
bool is_closest_zone(const Query& query) {
  const auto& [place, labels, zone] = query.lookup.guess;
  if (zone == nullptr || query.qtype == rrtype::DS) return false;
  const HashedName& qname = query.qname;
  return zone->hash() == qname.hash(labels) && zone->current()->apex().name.equals(qname.suffix(labels));
}

// Labels of the suffix that match() looks for first.
unsigned first_sought(const ZoneVersion& version, const HashedName& name) {
  return version.counts().barriers != 0 ? std::min(name.labels(), version.apex().labels + 1) : name.labels();
}

// What a zone has for a name.
struct Match {
  enum class Kind : uint8_t { exact, wildcard, referral, dname, none };
  Kind kind;
  ZoneVersion::Found found;  // exact, wildcard: may be without a node at the apex
  unsigned labels;           // of the matching name; dname: of its owner; none: of the closest encloser
};

// The node of the suffix of `n` labels of a name, which need not be the query's: but what prepare() found for that is
// not sought again.
ZoneVersion::Found find_node(const Query& query, const ZoneVersion& version, const HashedName& name, unsigned n) {
  const uint64_t hash = name.hash(n);
  if (hash == query.lookup.sought && &version == query.lookup.version) {
    if (query.lookup.page == nullptr) return {};
    if (query.lookup.node != nullptr && query.lookup.page->is_named(*query.lookup.node, name.suffix(n), version.apex()))
      return {query.lookup.page, query.lookup.node};
  }
  return version.find(hash, name.suffix(n));
}

// The same, but the hashed names of NSEC3 are none (RFC 5155 §7.2.8).
ZoneVersion::Found find_suffix(const Query& query, const ZoneVersion& version, const HashedName& name, unsigned n) {
  const auto found = find_node(query, version, name, n);
  return found && (found.node->flags & Page::kHashed) != 0 ? ZoneVersion::Found{} : found;
}

// Looks for `name` from the apex downwards, because a delegation or a DNAME hides what is below it. A miss ends the
// search: names that have descendants are nodes themselves.
Match descend(const Query& query, const ZoneVersion& version, const HashedName& name) {
  unsigned n = version.apex().labels;
  ZoneVersion::Found found = version.apex_node();
  while (n < name.labels()) {
    if (found && (found.node->flags & Page::kDname) != 0) return {Match::Kind::dname, found, n};
    found = find_suffix(query, version, name, n + 1);
    if (!found) return {Match::Kind::none, {}, n};
    ++n;
    const bool asks_parent = n == name.labels() && query.qtype == rrtype::DS;
    if ((found.node->flags & Page::kCut) != 0 && !asks_parent) return {Match::Kind::referral, found, n};
  }
  return {Match::Kind::exact, found, n};
}

// The same without delegations in the zone: most often the first look is the last.
Match ascend(const Query& query, const ZoneVersion& version, const HashedName& name) {
  unsigned n = name.labels();
  if (const auto found = find_suffix(query, version, name, n)) return {Match::Kind::exact, found, n};
  while (--n > version.apex().labels) {
    if (find_suffix(query, version, name, n)) break;
  }
  return {Match::Kind::none, {}, n};
}

// Turns a match of nothing into that of the source of synthesis, if there is one: "*" below the closest encloser (RFC
// 4592 §3.3.1).
void match_wildcard(Match& m, const ZoneVersion& version, const HashedName& name) {
  std::array<uint8_t, kMaxName + 2> wildcard{1, '*'};
  const NameView encloser = name.suffix(m.labels);
  if (encloser.size() + 2 > kMaxName) return;
  std::memcpy(wildcard.data() + 2, encloser.data(), encloser.size());
  const uint64_t hash = NameHash::process().extend(name.hash(m.labels), wildcard.data());
  if (const auto found = version.find(hash, NameView(wildcard.data(), encloser.size() + 2)))
    m = {Match::Kind::wildcard, found, m.labels};
}

Match match(const Query& query, const ZoneVersion& version, const HashedName& name) {
  if (name.labels() == version.apex().labels) return {Match::Kind::exact, version.apex_node(), name.labels()};
  Match m = version.counts().barriers != 0 ? descend(query, version, name) : ascend(query, version, name);
  if (m.kind == Match::Kind::none && version.counts().wildcards != 0) match_wildcard(m, version, name);
  return m;
}

// Answers one query from zone data: follows CNAMEs from name to name, and from zone to zone.
class AnswerBuilder {
 public:
  AnswerBuilder(const ZoneTable& zones, Query& query, Response& response)
      : zones_(zones),
        query_(query),
        // RFC 1995 §4: what does not fit a datagram is answered by the SOA alone.
        qtype_(query.qtype == rrtype::IXFR ? rrtype::SOA : query.qtype),
        response_(response),
        denial_(response),
        version_(query.lookup.version) {}

  void run() {
    PlacedName name{kHeaderSize, &query_.qname};
    while (step(name) && go_on(name)) {
    }
    prove_expansions();
  }

 private:
  // Adds what the zone has for `name`; true if that is a CNAME to be followed, whose RDATA begins at target_at_. The
  // CNAME may have been made from a DNAME.
  bool step(PlacedName name) {
    const Match m = match(query_, *version_, *name.name);
    apex_at_ = apex_of(name.at, *name.name);
    if (hops_ == 0)
      query_.reply.answered_at = m.kind == Match::Kind::none ? version_->apex().hash : name.name->hash(m.labels);
    if (m.kind == Match::Kind::referral) {
      refer(name, m);
      return false;
    }
    response_.set_authoritative();
    if (m.kind == Match::Kind::dname) return add_dname(name, m);
    if (m.kind == Match::Kind::none) {
      response_.set_rcode(Rcode::nxdomain);
      add_negative_soa();
      if (query_.dnssec_ok) denial_.no_name(here(), *name.name, m.labels);
      return false;
    }
    if (m.kind == Match::Kind::wildcard) return expand(name, m);
    const Placement place{name.at, name.name->size(), apex_at_};
    const bool at_apex = name.name->labels() == version_->apex().labels;
    if (at_apex && (qtype_ == rrtype::SOA || qtype_ == rrtype::ANY)) {
      add_soa(place, Section::answer);
      return false;
    }
    if (m.found) {
      const Added added = add_node(m, place);
      if (added != Added::nothing) return added == Added::cname;
    }
    add_negative_soa();
    if (query_.dnssec_ok) denial_.no_data(here(), *name.name, m.found);
    return false;
  }

  // The wildcard's records under the name itself (RFC 4592 §3.3.1), and the proof that nothing nearer is there.
  bool expand(PlacedName name, const Match& m) {
    const unsigned owner_size = 2 + name.name->suffix(m.labels).size();
    const Added added = add_node(m, {name.at, owner_size, apex_at_});
    if (added == Added::nothing) {
      add_negative_soa();
      if (query_.dnssec_ok) denial_.expanded_no_data(here(), *name.name, m.labels, m.found);
    } else if (query_.dnssec_ok) {
      expansions_[expansion_count_++] = {version_, apex_at_, name.at, m.labels};
    }
    return added == Added::cname;
  }

  // The proofs stand in the authority section, so they come when all answers are there; and behind a SOA or NS, whose
  // names are compressed, so that these stay in reach of pointers (kChainReach) however long the proofs are.
  void prove_expansions() {
    if (expansion_count_ != 0) prove_some_expansions();
  }
  void prove_some_expansions() {
    for (unsigned i = 0; i < expansion_count_; ++i) {
      const Expansion& e = expansions_[i];
      std::array<uint8_t, kMaxName> bytes;
      const unsigned size = copy_name(response_.message(), e.name_at, bytes.data());
      HashedName name;
      name.read(bytes.data(), bytes.data() + size);
      denial_.expanded({*e.version, e.apex_at}, name, e.encloser);
    }
    expansion_count_ = 0;
  }

  Denial::Place here() const { return {*version_, apex_at_}; }

  enum class Added : uint8_t { nothing, records, cname };

  // Adds what the node has for the question; also `records` if there was no room for it.
  Added add_node(const Match& m, Placement place) {
    const ZoneVersion::Found found = m.found;
    // Signatures stand beside a CNAME, which is not followed then (RFC 4034 §3).
    if (qtype_ == rrtype::RRSIG && add_all_signatures(m, place)) return Added::records;
    if ((found.node->flags & Page::kCname) != 0 && qtype_ != rrtype::ANY && !found.page->rrset(*found.node, qtype_)) {
      const unsigned start = response_.position();
      if (!add(Section::answer, *found.page, *found.page->rrset(*found.node, rrtype::CNAME), place))
        return Added::records;
      target_at_ = start + 2 + kRrFixed;
      return Added::cname;
    }
    for (const Page::RRset& set : found.page->rrsets(*found.node)) {
      if (set.rr_count == 0 || (set.type != qtype_ && qtype_ != rrtype::ANY)) continue;
      // One RRset is enough for ANY (RFC 8482 §4.1).
      if (!is_repeated(m, set)) add(Section::answer, *found.page, set, place);
      return Added::records;
    }
    return Added::nothing;
  }

  // RFC 6672 §3.2: the DNAME, and the CNAME from `name` to what it stands for.
  bool add_dname(PlacedName name, const Match& m) {
    const unsigned owner_at = skip_labels(response_.message(), name.at, name.name->labels() - m.labels);
    const NameView owner = name.name->suffix(m.labels);
    const auto start = place_dname(m.found, {owner_at, owner.size(), apex_at_});
    if (!start) return false;
    const unsigned rest_at = *start + 2 + kRrFixed;
    std::array<uint8_t, kMaxName> bytes;
    const NameView rest(bytes.data(), copy_name(response_.message(), rest_at, bytes.data()));
    const Bytes labels = name.name->view().bytes().first(name.name->size() - owner.size());
    if (labels.size() + rest.size() > kMaxName) {
      response_.set_rcode(Rcode::yxdomain);
      return false;
    }
    const uint32_t ttl = load32(response_.message() + *start + 6);
    target_at_ = response_.position() + 2 + kRrFixed;
    if (!response_.add_synthesised_cname(name.at, ttl, labels, rest_at)) {
      response_.truncate();
      return false;
    }
    // A DNAME to itself or to below itself would go on for ever.
    return qtype_ != rrtype::CNAME && qtype_ != rrtype::ANY && !rest.is_at_or_below(owner);
  }

  struct PlacedDname {
    const Page::Node* node;
    unsigned at;
  };
  const PlacedDname* placed_dname(const Page::Node* node) const {
    const PlacedDname* end = dnames_.data() + dname_count_;
    const PlacedDname* found = std::find_if(dnames_.data(), end, [&](const PlacedDname& d) { return d.node == node; });
    return found != end ? found : nullptr;
  }

  // Adds the DNAME unless the chain came by it before; where it stands, or nothing if there is no room.
  std::optional<unsigned> place_dname(ZoneVersion::Found found, Placement place) {
    if (const PlacedDname* placed = placed_dname(found.node)) return placed->at;
    const unsigned at = response_.position();
    if (!add(Section::answer, *found.page, *found.page->rrset(*found.node, rrtype::DNAME), place)) return std::nullopt;
    dnames_[dname_count_++] = {found.node, at};
    return at;
  }

  // Whether the chain has come by this very DNAME, so that it stands in the answer.
  bool is_repeated(const Match& m, const Page::RRset& set) const {
    return set.type == rrtype::DNAME && m.kind == Match::Kind::exact && placed_dname(m.found.node) != nullptr;
  }

  // False if there are none.
  bool add_all_signatures(const Match& m, Placement place) {
    bool any = false;
    for (const Page::RRset& set : m.found.page->rrsets(*m.found.node)) {
      const Answer answer = m.found.page->answer(set);
      if (answer.head().sig_count == 0) continue;
      any = true;
      if (query_.dnssec_ok && is_repeated(m, set)) continue;
      if (!response_.add_signatures(Section::answer, answer, place)) {
        response_.truncate();
        break;
      }
    }
    return any;
  }

  bool add(Section section, const Page& page, const Page::RRset& set, Placement place) {
    if (response_.add(section, page.answer(set), version_->apex(), place)) return true;
    response_.truncate();
    return false;
  }

  void add_soa(Placement place, Section section) {
    if (!response_.add(section, version_->soa(), version_->apex(), place)) return response_.truncate();
    if (query_.dnssec_ok) add_soa_signatures(place, section);
  }
  void add_soa_signatures(Placement place, Section section) {
    const ZoneVersion::Found apex_node = version_->apex_node();
    if (!apex_node) return;
    const Page::RRset* set = apex_node.page->rrset(*apex_node.node, rrtype::SOA);
    if (set == nullptr) return;
    if (!response_.add_signatures(section, apex_node.page->answer(*set), place)) response_.truncate();
  }

  // RFC 2308 §3: the SOA, with the TTL for which the denial holds, and its signatures with the same.
  void add_negative_soa() {
    const unsigned at = response_.position();
    add_soa({apex_at_, version_->apex().size, apex_at_}, Section::authority);
    if (response_.truncated()) return;
    uint8_t* end = response_.message() + response_.position();
    for (uint8_t* p = response_.message() + at; p < end; p += 2 + kRrFixed + load16(p + kRrFixed)) {
      store32(p + 6, version_->negative_ttl());
    }
    prove_expansions();
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
    prove_security(m, place);
    prove_expansions();
    for (unsigned i = 0; i < ns.rr_count && !response_.truncated(); ++i) {
      const unsigned rdata_at = at + 2 + kRrFixed;
      at = rdata_at + load16(response_.message() + rdata_at - 2);
      add_glue(rdata_at, cut, *m.found.page);
    }
  }

  // RFC 4035 §3.1.4: the DS, or the proof that there is none. A DS without signature stands in a zone that is not
  // signed, and proves nothing.
  void prove_security(const Match& m, Placement place) {
    if (!query_.dnssec_ok) return;
    const Page::RRset* ds = m.found.page->rrset(*m.found.node, rrtype::DS);
    if (ds != nullptr && ds->rr_count != 0) {
      if (m.found.page->answer(*ds).head().sig_count != 0) add(Section::authority, *m.found.page, *ds, place);
      return;
    }
    std::array<uint8_t, kMaxName> bytes;
    const unsigned size = copy_name(response_.message(), place.owner_at, bytes.data());
    HashedName cut;
    cut.read(bytes.data(), bytes.data() + size);
    denial_.no_data(here(), cut, m.found);
  }

  // Names below a cut stand beside it, mostly in its `page`.
  ZoneVersion::Found find_glue(const HashedName& server, const Page& page) const {
    const uint64_t hash = server.hash(server.labels());
    const Page::Node* node = page.find(hash, server.view(), version_->apex());
    return node != nullptr ? ZoneVersion::Found{&page, node} : version_->find(hash, server.view());
  }

  void add_glue(unsigned server_at, NameView cut, const Page& page) {
    std::array<uint8_t, kMaxName> bytes;
    const unsigned size = copy_name(response_.message(), server_at, bytes.data());
    const NameView server(bytes.data(), size);
    if (!server.is_at_or_below(version_->apex().name)) return;
    HashedName hashed;
    hashed.read(bytes.data(), bytes.data() + size);
    const auto found = find_glue(hashed, page);
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
    if (name_at == kHeaderSize) return name_at + name.suffix_at(version_->apex().labels);  // the question's
    return skip_labels(response_.message(), name_at, name.labels() - version_->apex().labels);
  }

  // Turns to the target of the CNAME just added; false if it is in none of our zones, or the chain is a loop or long.
  bool go_on(PlacedName& name) {
    if (response_.position() > kChainReach) return false;
    visited_[hops_++] = name.name->hash(name.name->labels());
    const unsigned size = copy_name(response_.message(), target_at_, target_bytes_.data());
    target_.read(target_bytes_.data(), target_bytes_.data() + size);
    const ZoneVersion* next = closest_zone(zones_, target_, qtype_);
    if (next == nullptr) return false;
    const uint64_t* visited = visited_.data();
    if (hops_ == kMaxChain || std::find(visited, visited + hops_, target_.hash(target_.labels())) != visited + hops_)
      return false;
    version_ = next;
    name = {settle(response_.message(), target_at_), &target_};
    return true;
  }

  const ZoneTable& zones_;
  Query& query_;
  const uint16_t qtype_;  // what is looked for
  Response& response_;
  Denial denial_;
  const ZoneVersion* version_;
  unsigned apex_at_ = 0;    // of version_, in the message
  unsigned target_at_ = 0;  // the RDATA of the CNAME added last
  std::array<uint8_t, kMaxName> target_bytes_;
  HashedName target_;
  std::array<uint64_t, kMaxChain> visited_;  // hashes of the names in the chain
  unsigned hops_ = 0;
  std::array<PlacedDname, kMaxChain> dnames_;  // those in the answer
  unsigned dname_count_ = 0;
  struct Expansion {
    const ZoneVersion* version;
    unsigned apex_at, name_at, encloser;
  };
  std::array<Expansion, kMaxChain + 1> expansions_;  // wildcards in the answer, to be proven yet
  unsigned expansion_count_ = 0;
};

}  // namespace

void Responder::prefetch_slot(Query& query) const {
  if (query.has_question) zones_.begin_guess(query.lookup.guess, query.qname);
}

void Responder::prefetch_zone(Query& query) const {
  if (!query.has_question) return;
  zones_.end_guess(query.lookup.guess, query.qname);
  if (query.lookup.guess.zone != nullptr) prefetch(query.lookup.guess.zone);
}

void Responder::prefetch_version(const Query& query) {
  if (query.lookup.guess.zone != nullptr) query.lookup.guess.zone->current()->prefetch();
}

void Responder::find_zone(Query& query) const {
  if (!query.has_question) return;
  query.lookup.version =
      is_closest_zone(query) ? query.lookup.guess.zone->current() : closest_zone(zones_, query.qname, query.qtype);
}

void Responder::prefetch_index(Query& query) const {
  find_zone(query);
  if (query.lookup.version == nullptr) return;
  query.lookup.sought = query.qname.hash(first_sought(*query.lookup.version, query.qname));
  query.lookup.place = query.lookup.version->prefetch_first(query.lookup.sought);
}

void Responder::prefetch_page(Query& query) {
  if (query.lookup.version != nullptr) query.lookup.page = query.lookup.version->prefetch_second(query.lookup.place);
}

// What is no answer, or no type of the page's, most likely ends with the SOA.
void Responder::prefetch_answer(const Query& query) {
  if (query.lookup.version == nullptr) return;
  const Page::RRset* set = nullptr;
  if (query.lookup.node != nullptr) {
    const bool cut = (query.lookup.node->flags & Page::kCut) != 0;
    set = query.lookup.page->rrset(*query.lookup.node, cut ? rrtype::NS : query.qtype);
  }
  if (set == nullptr) return query.lookup.version->prefetch_soa();
  query.lookup.page->prefetch_answer(*set, query.dnssec_ok);
}

unsigned Responder::refuse(Query& query, Rcode rcode, Ede ede, std::string_view ede_text) const {
  Response response(query, options_, cookies_);
  response.set_rcode(rcode);
  response.opt().explain(ede, ede_text);
  return response.finish();
}

unsigned Responder::refuse_unserved(Query& query, const ZoneVersion& version) const {
  if (version.serving() == Serving::expired)
    return refuse(query, Rcode::servfail, Ede::not_ready, "the zone has expired");
  return refuse(query, Rcode::refused, Ede::not_authoritative);
}

unsigned Responder::slip(Query& query, unsigned size) const {
  const Rcode rcode = query.reply.rcode;
  if (rcode != Rcode::noerror && rcode != Rcode::nxdomain && rcode != Rcode::yxdomain) return size;
  Response response(query, options_, cookies_);
  if ((query.options & kHasCookie) != 0) {
    response.set_rcode(Rcode::badcookie);
  } else {
    response.truncate();
  }
  return response.finish();
}

std::string Responder::opt(Query& query, const ZoneVersion& version) const {
  if (!query.edns) return {};
  Opt opt(query, options_, cookies_);
  opt.set_zone(version);
  std::string record(opt.size(), '\0');
  record.resize(opt.write(reinterpret_cast<uint8_t*>(record.data()), opt.size(), Rcode::noerror));
  return record;
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
  Response response(query, options_, cookies_);
  response.set_authoritative();
  response.add_chaos_text(text);
  return response.finish();
}

unsigned Responder::write(Query& query) const {
  if (query.refusal != Rcode::noerror || !query.has_question) return refuse(query, query.refusal);
  if (query.qclass != rrclass::IN) {
    if (query.qclass == rrclass::CH) return chaos(query);
    if (query.qclass != rrclass::ANY) return refuse(query, Rcode::refused);
  }
  // Of the types that exist only in questions, ANY and (over UDP) IXFR have an answer.
  if (rrtype::is_meta(query.qtype) && query.qtype != rrtype::IXFR && query.qtype != rrtype::ANY)
    return refuse(query, Rcode::notimp);
  if (query.lookup.version == nullptr) return refuse(query, Rcode::refused, Ede::not_authoritative);
  if (query.lookup.version->serving() != Serving::served) [[unlikely]]
    return refuse_unserved(query, *query.lookup.version);
  Response response(query, options_, cookies_);
  response.opt().set_zone(*query.lookup.version);
  AnswerBuilder(zones_, query, response).run();
  return response.finish();
}

}  // namespace axfrd::zones
