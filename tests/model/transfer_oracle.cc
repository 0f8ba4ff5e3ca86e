#include "tests/model/transfer_oracle.h"

#include <openssl/hmac.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tests/control/session_rig.h"
#include "tests/model/message_reader.h"
#include "zones/answer/dns_update.h"
#include "zones/answer/notify.h"
#include "zones/data/draft.h"
#include "zones/data/history.h"
#include "zones/wire/rdata_check.h"

namespace axfrd::model {
namespace {

using control::test::SessionClient;
using control::test::SessionRig;

constexpr uint16_t kTypeNs = 2, kTypeSoa = 6, kTypeOpt = 41, kTypeTsig = 250, kTypeIxfr = 251, kTypeAxfr = 252;
constexpr unsigned kIn = 1, kNone = 254, kClassOfTsig = 255;
constexpr unsigned kUpdate = 5, kNotify = 4;

void require(bool holds, const std::string& what) {
  if (!holds) throw OracleFailure(what);
}

// Escapes what does not print.
std::string show(const std::string& octets) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : octets) {
    const auto octet = static_cast<uint8_t>(c);
    if (octet > 0x20 && octet < 0x7F && c != '\\') {
      text += c;
    } else {
      text += std::string("\\x") + kDigits[octet >> 4] + kDigits[octet & 15];
    }
  }
  return text;
}

std::string show(const WireRecord& r) {
  return show(r.owner) + " " + std::to_string(r.ttl) + " TYPE" + std::to_string(r.type) + " " +
         show(r.rdata.substr(0, 200));
}

// RFC 1982 §3.2
bool is_newer(uint32_t a, uint32_t b) { return a != b && a - b < 0x80000000U; }

// ---- octets for the real code ----

// An uncompressed name in `octets` that ends where they do, or before.
size_t name_size(std::string_view octets) {
  size_t size = 0;
  while (octets[size] != '\0') size += 1 + static_cast<uint8_t>(octets[size]);
  return size + 1;
}

// What compression keeps of a record when the question is spelled in other case than the zone: its names but for case.
WireRecord without_case(WireRecord r) {
  r.owner = lower(r.owner);
  const auto [prefix, names] = compressed_names(r.type);
  size_t at = prefix;
  for (unsigned i = 0; i < names; ++i) {
    const size_t size = name_size(std::string_view(r.rdata).substr(at));
    r.rdata.replace(at, size, lower(r.rdata.substr(at, size)));
    at += size;
  }
  return r;
}

// ---- TSIG, from RFC 8945 alone ----

struct TestKey {
  WireName name, algorithm;
  const char* algorithm_text;
  const EVP_MD* digest;
  std::string secret;
};

std::string be48(uint64_t value) {
  return be16(static_cast<unsigned>(value >> 32)) + be32(static_cast<uint32_t>(value));
}

std::string mac_with(const TestKey& key, const std::string& octets) {
  unsigned size = 0;
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  HMAC(key.digest, key.secret.data(), static_cast<int>(key.secret.size()),
       reinterpret_cast<const unsigned char*>(octets.data()), octets.size(),
       reinterpret_cast<unsigned char*>(mac.data()), &size);
  mac.resize(size);
  return mac;
}

std::string sized(const std::string& octets) { return be16(static_cast<unsigned>(octets.size())) + octets; }

// RFC 8945 §4.3.3
std::string tsig_variables(const ReadTsig& t) {
  return lower(t.key) + be16(kClassOfTsig) + be32(0) + lower(t.algorithm) + be48(t.time_signed) + be16(t.fudge) +
         be16(t.error) + sized(t.other);
}
std::string tsig_timers(const ReadTsig& t) { return be48(t.time_signed) + be16(t.fudge); }  // §5.3.1

// The message as it was before its TSIG (RFC 8945 §4.3.2).
std::string without_tsig(std::string_view message, const ReadTsig& t) {
  std::string before(message.substr(0, t.at));
  const unsigned additional = static_cast<uint8_t>(before[10]) << 8 | static_cast<uint8_t>(before[11]);
  before.replace(10, 2, be16(additional - 1));
  return before.replace(0, 2, be16(t.original_id));
}

// ---- requests ----

enum class Kind : uint8_t { axfr, ixfr, soa, other };

struct Request {
  Kind kind = Kind::axfr;
  unsigned id = 0;
  uint16_t qtype = 0;
  WireName qname;
  bool exact_case = true;  // as the zone spells itself
  bool recursion_desired = false, edns = false;
  uint32_t serial = 0;           // of IXFR
  const TestKey* key = nullptr;  // null: unsigned
  std::string mac;
  std::string wire;

  std::string question() const { return qname + be16(qtype) + be16(kIn); }
};

// EDNS options that a response may answer: NSID, EXPIRE, COOKIE, TCP KEEPALIVE, ZONEVERSION, and one of nobody's.
std::string edns_options(Choices& choose) {
  static const std::pair<unsigned, const char*> kOptions[] = {{3, ""},  {9, ""},  {10, "clients."},
                                                              {11, ""}, {19, ""}, {65001, "x"}};
  std::string options;
  for (const auto& [code, data] : kOptions) {
    if (choose.one_in(3)) options += be16(code) + sized(data);
  }
  return options;
}

void write_request(Choices& choose, const WireZone& zone, Request& r) {
  const unsigned authorities = r.kind == Kind::ixfr ? 1 : 0;
  const unsigned flags = r.recursion_desired ? 0x0100 : 0;
  r.wire = be16(r.id) + be16(flags) + be16(1) + be16(0) + be16(authorities) + be16(r.edns ? 1 : 0) + r.question();
  if (authorities != 0) {
    // Names that point at the question, as clients send them, or the root's (RFC 1995 §3 looks at the serial alone).
    const std::string names = choose.one_in(2) ? "\xC0\x0C\xC0\x0C" : std::string(2, '\0');
    std::string soa = names + be32(r.serial) + std::string(16, '\1');
    if (choose.one_in(4)) soa = zone.soa.rdata.substr(0, zone.soa.rdata.size() - 20) + soa.substr(names.size());
    r.wire += "\xC0\x0C" + be16(kTypeSoa) + be16(kIn) + be32(0) + sized(soa);
  }
  if (r.edns) {
    const unsigned payload = choose.between(512, 4096);
    r.wire += '\0' + be16(kTypeOpt) + be16(payload) + be32(choose.one_in(2) ? 0x8000 : 0) + sized(edns_options(choose));
  }
  if (r.key == nullptr) return;
  ReadTsig t;
  t.key = r.key->name;
  t.algorithm = r.key->algorithm;
  t.time_signed = static_cast<uint64_t>(std::time(nullptr));
  t.fudge = 300;
  t.original_id = r.id;
  r.mac = mac_with(*r.key, r.wire + tsig_variables(t));
  const std::string rdata =
      t.algorithm + tsig_timers(t) + sized(r.mac) + be16(t.original_id) + be16(t.error) + sized(t.other);
  r.wire.replace(10, 2, be16(r.edns ? 2 : 1));
  r.wire += t.key + be16(kTypeTsig) + be16(kClassOfTsig) + be32(0) + sized(rdata);
}

// ---- UPDATE ----

// An UPDATE (RFC 2136) that leads from one state of a zone to the next, with names compressed here and there, as
// clients do it.
class UpdateWriter {
 public:
  UpdateWriter(Choices& choose, const WireZone& before, const WireZone& after) : choose_(choose), apex_(before.apex) {
    out_ = be16(choose_.below(65536)) + be16(kUpdate << 11) + be16(1) + std::string(6, '\0');
    name(apex_);
    out_ += be16(kTypeSoa) + be16(kIn);
    add(after.soa);
    std::map<WireName, Changes> owners;
    for (const WireRecord& r : before.records) {
      if (!after.records.contains(r)) owners[r.owner].gone.push_back(&r);
    }
    for (const WireRecord& r : after.records) {
      if (!before.records.contains(r)) owners[r.owner].come.push_back(&r);
    }
    for (const auto& [owner, changes] : owners) {
      // The last NS of the apex cannot be removed (RFC 2136 §3.4.2.4); elsewhere a CNAME may be in the way (§3.4.2.2).
      const bool at_apex = owner == apex_;
      if (at_apex) add_all(changes);
      for (const WireRecord* r : changes.gone) {
        const bool stays = std::ranges::any_of(
            changes.come, [&](const WireRecord* c) { return c->type == r->type && c->rdata == r->rdata; });
        if (!stays) remove(*r);
      }
      if (!at_apex) add_all(changes);
    }
    out_.replace(8, 2, be16(updates_));
  }

  const std::string& message() const { return out_; }
  bool fits() const { return out_.size() <= 65535; }

 private:
  struct Changes {
    std::vector<const WireRecord*> gone, come;
  };
  void add_all(const Changes& changes) {
    for (const WireRecord* r : changes.come) add(*r);
  }
  void add(const WireRecord& r) { record(r, kIn, r.ttl); }
  void remove(const WireRecord& r) { record(r, kNone, 0); }
  void record(const WireRecord& r, unsigned rrclass, uint32_t ttl) {
    name(r.owner);
    out_ += be16(r.type) + be16(rrclass) + be32(ttl) + be16(0);
    const size_t begin = out_.size();
    const auto [prefix, names] = compressed_names(r.type);
    size_t at = prefix;
    out_ += r.rdata.substr(0, prefix);
    for (unsigned i = 0; i < names; ++i) {
      const size_t size = name_size(std::string_view(r.rdata).substr(at));
      name(r.rdata.substr(at, size));
      at += size;
    }
    out_ += r.rdata.substr(at);
    out_.replace(begin - 2, 2, be16(static_cast<unsigned>(out_.size() - begin)));
    ++updates_;
  }
  void name(WireName name) {
    const bool compress = !choose_.one_in(4);
    for (; name.size() > 1; name.erase(0, 1 + static_cast<uint8_t>(name[0]))) {
      const auto known = known_.find(name);
      if (compress && known != known_.end()) {
        out_ += be16(0xC000 | static_cast<unsigned>(known->second));
        return;
      }
      if (out_.size() < 0x4000) known_.emplace(name, out_.size());
      out_ += name.substr(0, 1 + static_cast<uint8_t>(name[0]));
    }
    out_ += '\0';
  }

  Choices& choose_;
  const WireName apex_;
  std::string out_;
  unsigned updates_ = 0;
  std::map<WireName, size_t> known_;
};

// ---- the real code ----

zones::Record record_of(const WireRecord& r) {
  const zones::NameView owner(reinterpret_cast<const uint8_t*>(r.owner.data()), static_cast<unsigned>(r.owner.size()));
  return {owner, r.type, r.ttl, zones::bytes_of(r.rdata)};
}

zones::Name name_of(const WireName& name) {
  return zones::Name(
      zones::NameView(reinterpret_cast<const uint8_t*>(name.data()), static_cast<unsigned>(name.size())));
}

void add_to(zones::RecordSet& set, const WireRecord& r) {
  if (const auto problem = set.add(record_of(r)))
    throw OracleFailure("a made-up record is refused: " + problem->reason);
}

zones::RecordSet record_set_of(const WireZone& zone) {
  zones::RecordSet set(name_of(zone.apex));
  add_to(set, zone.soa);
  for (const WireRecord& r : zone.records) add_to(set, r);
  if (const auto problem = set.finish()) throw OracleFailure("a made-up zone is refused: " + problem->reason);
  return set;
}

// What serves, with its keys. One for the whole process, because it opens a store.
class TransferServer {
 public:
  TransferServer() {
    static const struct {
      const char *name, *algorithm, *wire;
      const EVP_MD* digest;
    } kKeys[] = {
        {"k.", "hmac-sha256", "hmac-sha256.", EVP_sha256()},
        {"ns1.provider.com.", "hmac-sha512", "hmac-sha512.", EVP_sha512()},
        {"Transfer.CUSTOMER.Com.", "hmac-sha384", "hmac-sha384.", EVP_sha384()},
        {"sha224.", "hmac-sha224", "hmac-sha224.", EVP_sha224()},
        {"sha1.customer.com.", "hmac-sha1", "hmac-sha1.", EVP_sha1()},
        {"md5.", "hmac-md5", "hmac-md5.sig-alg.reg.int.", EVP_md5()},
    };
    for (const auto& k : kKeys)
      keys_.push_back(
          {wire_name(k.name), wire_name(k.wire), k.algorithm, k.digest, "sixteen octets " + std::string(k.name)});
    // As long as a key's name can be: its TSIG is the largest.
    WireName longest(1, '\0');
    while (longest.size() < 255) {
      const size_t size = std::min<size_t>(63, 255 - longest.size() - 1);
      longest.insert(0, static_cast<char>(size) + std::string(size, 'k'));
    }
    keys_.push_back({longest, wire_name("hmac-sha512."), "hmac-sha512", EVP_sha512(), "another secret"});
    std::vector<control::KeyRef> book;
    for (const TestKey& k : keys_) {
      control::Secret secret(control::Octets(k.secret.begin(), k.secret.end()));
      auto tsig = std::make_shared<const control::TsigKey>(
          name_of(k.name), control::parse_tsig_algorithm(k.algorithm_text), std::move(secret), control::Md5::allowed);
      book.push_back(std::make_shared<const control::Key>(control::Key{std::move(tsig), {}}));
    }
    control::Settings settings;
    settings.keys = std::make_shared<const control::KeyBook>(std::move(book));
    rig.settings.set(std::make_shared<const control::Settings>(std::move(settings)));
  }

  const std::vector<TestKey>& keys() const { return keys_; }

  // `version` alone is served, for as long as this lives.
  class Serving {
   public:
    Serving(TransferServer& server, zones::VersionRef version) : server_(server), apex_(version->apex().name) {
      (void)server_.table_.publish(std::move(version));
    }
    ~Serving() { (void)server_.table_.remove(apex_); }
    Serving(const Serving&) = delete;
    Serving& operator=(const Serving&) = delete;

   private:
    TransferServer& server_;
    const zones::Name apex_;
  };

 private:
  zones::ZoneTable table_;
  zones::CookieJar cookies_;
  zones::Responder responder_{table_, cookies_, {1232, 300, "nsid", "id", "version"}};
  std::vector<TestKey> keys_;

 public:
  SessionRig rig{responder_};
};

TransferServer& transfer_server() {
  static TransferServer server;
  return server;
}

// ---- one world ----

class TransferWorld {
 public:
  TransferWorld(Choices& choices, ProviderZone& zone, TransferTally& tally)
      : choose_(choices), zone_(zone), tally_(tally), version_(zones::ZoneVersion::build(record_set_of(zone.now()))) {
    states_.push_back(zone_.now());
    store_and_load();
  }

  void check(uint32_t requests) {
    const TransferServer::Serving serving(transfer_server(), version_);
    check_notify();
    ask_by_tcp(requests);
    ask_by_udp();
  }

  // The next state, by one of the ways in which a zone changes.
  void step() {
    zone_.change();
    const WireZone &before = states_.back(), &after = zone_.now();
    std::optional<zones::Delta> delta;
    switch (choose_.below(3)) {
      case 0:  // an import
        delta = zones::difference(*version_, record_set_of(after));
        trail_ += " import";
        break;
      case 1:
        delta = by_update(before, after);
        if (delta) trail_ += " UPDATE";
        break;
      default:
        break;
    }
    if (!delta) {
      delta = exact_delta(before, after);
      trail_ += " transaction";
    }
    zones::Attributes attributes = version_->attributes();
    const zones::StepRef step(new zones::Step(version_->soa_record(), after.serial(), 0, *delta));
    attributes.history = zones::History::extend(version_->history(), step, size_t{1} << 30);
    version_ = version_->apply(*delta, zones::OwnedRecord(record_of(after.soa)), std::move(attributes));
    states_.push_back(after);
    store_and_load();
  }

 private:
  static zones::Delta exact_delta(const WireZone& before, const WireZone& after) {
    zones::Delta delta;
    for (const WireRecord& r : before.records) {
      if (!after.records.contains(r)) delta.removed.emplace_back(record_of(r));
    }
    for (const WireRecord& r : after.records) {
      if (!before.records.contains(r)) delta.added.emplace_back(record_of(r));
    }
    return delta;
  }

  static bool has_servers(const WireZone& zone) {
    return std::ranges::any_of(zone.records,
                               [&](const WireRecord& r) { return r.type == kTypeNs && r.owner == zone.apex; });
  }

  // What the real code takes for ill-formed. That it is not is the business of the tests of RDATA.
  static bool is_ill_formed(const WireRecord& r) {
    return zones::check_rdata(r.type, zones::bytes_of(r.rdata)).has_value();
  }

  // By UPDATE; nothing if none says it: it would be too large, or take away the last NS (RFC 2136 §3.4.2.4), or hold
  // data of a kind that only files bring.
  std::optional<zones::Delta> by_update(const WireZone& before, const WireZone& after) {
    const UpdateWriter writer(choose_, before, after);
    if (!writer.fits() || (has_servers(before) && !has_servers(after))) return std::nullopt;
    if (std::ranges::any_of(before.records, is_ill_formed) || std::ranges::any_of(after.records, is_ill_formed))
      return std::nullopt;
    std::vector<uint8_t> message(writer.message().begin(), writer.message().end());
    zones::Query query;
    query.message = message.data();
    query.size = query.capacity = static_cast<unsigned>(message.size());
    query.transport = zones::Transport::tcp;
    require(query.parse() == zones::Disposition::privileged, "an UPDATE is not taken for one");
    const auto read = zones::read_update(query);
    if (const auto* rcode = std::get_if<zones::Rcode>(&read))
      throw OracleFailure("an UPDATE is refused with RCODE " + std::to_string(static_cast<unsigned>(*rcode)));
    zones::Draft draft(version_);
    if (const auto reason = zones::make_update(std::get<zones::UpdateRequest>(read), draft))
      throw OracleFailure("an UPDATE cannot be made: " + *reason);
    auto finished = draft.finish();
    if (const auto* reason = std::get_if<std::string>(&finished))
      throw OracleFailure("an UPDATE leads to no sound zone: " + *reason);
    auto& result = std::get<zones::Draft::Changes>(finished);
    require(result.soa.ttl == after.soa.ttl && result.soa.rdata == after.soa.rdata,
            "an UPDATE sets another SOA than it says");
    return std::move(result.delta);
  }

  // As after a restart: the version is made again of what the store keeps of it.
  void store_and_load() {
    if (!choose_.one_in(3)) return;
    std::vector<zones::ZoneVersion::NumberedPage> pages;
    for (unsigned i = 0; i < version_->page_count(); ++i) {
      const uint32_t id = version_->page_ids().empty() ? 0 : version_->page_ids()[i];
      pages.push_back({id, version_->page(i).image()});
    }
    trail_ += " restart";
    const zones::OwnedRecord soa = version_->soa_record();
    version_ = zones::ZoneVersion::restore(version_->apex().name, soa.view(), pages, version_->attributes());
  }

  // ---- what is asked ----

  Request new_request(std::set<unsigned>& ids, Kind kind) {
    Request r;
    r.id = choose_.below(65536);
    while (!ids.insert(r.id).second) r.id = (r.id + 1) % 65536;
    r.kind = kind;
    const WireName& apex = zone_.now().apex;
    r.qname = apex;
    if (choose_.one_in(3)) {
      r.qname = in_other_case(apex);
      r.exact_case = r.qname == apex;
    }
    r.qtype = r.kind == Kind::axfr ? kTypeAxfr : r.kind == Kind::ixfr ? kTypeIxfr : kTypeSoa;
    if (r.kind == Kind::other) ask_something(r);
    if (r.kind == Kind::ixfr) r.serial = any_serial();
    r.recursion_desired = choose_.one_in(4);
    r.edns = choose_.one_in(2);
    const auto& keys = transfer_server().keys();
    if (choose_.one_in(2)) r.key = &keys[choose_.below(static_cast<uint32_t>(keys.size()))];
    write_request(choose_, zone_.now(), r);
    return r;
  }

  WireName in_other_case(WireName name) {
    for (size_t at = 0; name[at] != '\0'; at += 1 + static_cast<uint8_t>(name[at])) {
      for (size_t i = at + 1; i <= at + static_cast<uint8_t>(name[at]); ++i) {
        const char folded = static_cast<char>(name[i] | 0x20);
        if (folded >= 'a' && folded <= 'z' && choose_.one_in(2)) name[i] = static_cast<char>(name[i] ^ 0x20);
      }
    }
    return name;
  }

  void ask_something(Request& r) {
    const auto& records = zone_.now().records;
    r.qtype = zone_types()[choose_.below(static_cast<uint32_t>(zone_types().size()))];
    if (records.empty()) return;
    const WireRecord& some =
        *std::next(records.begin(), choose_.below(std::min<uint32_t>(static_cast<uint32_t>(records.size()), 1000)));
    r.qname = some.owner;
    if (choose_.one_in(2)) r.qtype = some.type;
    if (choose_.one_in(4) && r.qname.size() <= 250) r.qname = std::string("\3") + "not" + r.qname;
  }

  uint32_t any_serial() {
    switch (choose_.below(8)) {
      case 0:
        return states_.back().serial() + 1;
      case 1:
        return states_.front().serial() - choose_.between(1, 10);
      default:
        return states_[choose_.below(static_cast<uint32_t>(states_.size()))].serial();
    }
  }

  // ---- what is said ----

  void check_notify() const {
    const std::string message = zones::make_notify(0x1234, *version_);
    const ReadMessage m = read(message, "NOTIFY");
    require(m.id == 0x1234 && m.opcode() == kNotify && !m.response() && m.authoritative(), "NOTIFY: a wrong header");
    require(m.question == zone_.now().apex + be16(kTypeSoa) + be16(kIn), "NOTIFY: a wrong question");
    require(m.answer == std::vector<WireRecord>{zone_.now().soa}, "NOTIFY: another SOA");
    require(m.authority.empty() && m.additional.empty(), "NOTIFY: records that nobody wants");
  }

  static ReadMessage read(std::string_view message, const std::string& what) {
    try {
      return read_message(message);
    } catch (const MalformedMessage& malformed) {
      throw OracleFailure(what + ": " + malformed.what());
    }
  }

  // Several requests at a time, whose messages come mixed.
  void ask_by_tcp(uint32_t most) {
    std::set<unsigned> ids;
    std::vector<Request> requests;
    std::string stream;
    for (uint32_t i = choose_.between(1, most); i > 0; --i) {
      static constexpr Kind kKinds[] = {Kind::axfr, Kind::ixfr, Kind::ixfr, Kind::soa, Kind::other};
      requests.push_back(new_request(ids, requests.empty() ? Kind::axfr : choose_.of(kKinds)));
      stream += sized(requests.back().wire);
    }
    SessionClient client(transfer_server().rig);
    client.send(zones::bytes_of(stream));
    const std::string& received = client.finish();
    std::map<unsigned, std::vector<std::string_view>> by_id;
    for (const std::string_view message : messages_of_stream(received)) {
      require(message.size() >= 12, "a message without a header");
      by_id[static_cast<unsigned>(static_cast<uint8_t>(message[0])) << 8 | static_cast<uint8_t>(message[1])].push_back(
          message);
    }
    for (const Request& r : requests) {
      const auto& messages = by_id[r.id];
      try {
        check_response(r, messages);
      } catch (const OracleFailure& failure) {
        throw OracleFailure(describe(r) + ": " + failure.what());
      }
      by_id.erase(r.id);
    }
    require(by_id.empty(), "messages with IDs that nobody sent");
  }

  std::string describe(const Request& r) const {
    const char* kind = r.kind == Kind::axfr ? "AXFR" : r.kind == Kind::ixfr ? "IXFR" : "query";
    return std::string(kind) + " of TYPE" + std::to_string(r.qtype) + " " + show(r.qname) +
           (r.kind == Kind::ixfr ? " from serial " + std::to_string(r.serial) : "") + (r.edns ? " with EDNS" : "") +
           (r.key != nullptr ? " signed" : "") + ", SOA " + show(zone_.now().soa.rdata) + ", after" + trail_;
  }

  void check_response(const Request& r, const std::vector<std::string_view>& messages) {
    require(!messages.empty(), "no answer");
    std::vector<ReadMessage> all;
    for (const std::string_view message : messages) {
      all.push_back(
          read(message, "message " + std::to_string(all.size() + 1) + " of " + std::to_string(messages.size())));
      check_header(r, all.back(), all.size() == 1);
    }
    check_macs(r, messages, all);
    tally_.is_signed += r.key != nullptr;
    tally_.edns += r.edns;
    tally_.other_case += !r.exact_case;
    if (r.kind == Kind::other) {
      require(all.size() == 1, "an answer of several messages");
      return;
    }
    std::vector<WireRecord> records;
    for (const ReadMessage& m : all) {
      require(!m.answer.empty(), "a message without an answer");
      require(r.kind == Kind::soa || m.authority.empty(), "records in the authority section");
      require(r.kind == Kind::soa || m.additional.empty(), "records in the additional section");
      std::ranges::copy(m.answer, std::back_inserter(records));
    }
    if (r.kind == Kind::soa) return check_soa_alone(r, records);
    ++tally_.transfers;
    tally_.messages += all.size();
    tally_.records += records.size();
    r.kind == Kind::axfr ? check_full(r, records) : check_ixfr(r, records);
  }

  static void check_header(const Request& r, const ReadMessage& m, bool first) {
    const bool other = r.kind == Kind::other;
    require(m.id == r.id && m.response() && m.opcode() == 0, "a wrong header");
    require(!m.truncated(), "a truncated answer");
    require(other || m.authoritative(), "an answer without AA");
    require(m.recursion_desired() == r.recursion_desired, "RD is not the request's");
    require(other || m.rcode() == 0, "RCODE " + std::to_string(m.rcode()));
    require((m.flags & 0x00F0) == 0, "flags that nobody set");
    require(m.questions == 1 || !first, "a first message without the question");
    require(m.questions == 0 || m.question == r.question(), "another question");
    // In the first message (RFC 6891 §6.1.1 wants one in the response); a giant of a record leaves no room for it.
    if (m.opt) {
      require(r.edns && first, "an OPT that nobody asked for");
      require(m.opt->version == 0 && m.opt->extended_rcode == 0, "a wrong OPT");
    } else {
      require(!r.edns || !first || m.size > 60000, "no OPT");
    }
  }

  static void check_macs(const Request& r, const std::vector<std::string_view>& messages,
                         const std::vector<ReadMessage>& read) {
    std::string prior = r.mac;
    uint64_t last = 0;
    for (size_t i = 0; i < read.size(); ++i) {
      const std::string which = "message " + std::to_string(i + 1);
      const auto& tsig = read[i].tsig;
      require(tsig.has_value() == (r.key != nullptr), which + (tsig ? ": a TSIG for nobody" : ": no TSIG"));
      if (!tsig) continue;
      require(lower(tsig->key) == lower(r.key->name) && lower(tsig->algorithm) == lower(r.key->algorithm),
              which + ": a TSIG of another key");
      require(tsig->error == 0 && tsig->other.empty() && tsig->original_id == r.id, which + ": a wrong TSIG");
      require(tsig->time_signed >= last, which + ": time runs backwards");
      last = tsig->time_signed;
      const std::string octets =
          sized(prior) + without_tsig(messages[i], *tsig) + (i == 0 ? tsig_variables(*tsig) : tsig_timers(*tsig));
      require(mac_with(*r.key, octets) == tsig->mac, which + ": a wrong MAC");
      prior = tsig->mac;
    }
  }

  // ---- content ----

  // As the request lets us see it.
  static WireRecord seen(const Request& r, const WireRecord& record) {
    return r.exact_case ? record : without_case(record);
  }
  static std::vector<WireRecord> seen(const Request& r, const std::set<WireRecord>& records) {
    std::vector<WireRecord> all;
    for (const WireRecord& record : records) all.push_back(seen(r, record));
    std::ranges::sort(all);
    return all;
  }

  void require_soa(const Request& r, const WireRecord& got, const WireZone& state, const std::string& what) const {
    const WireRecord want = seen(r, state.soa);
    require(seen(r, got) == want, what + ": " + show(got) + " is not " + show(want));
  }

  static void require_same(std::vector<WireRecord> got, const std::vector<WireRecord>& want, const std::string& what) {
    std::ranges::sort(got);
    if (got == want) return;
    std::vector<WireRecord> missing, strange;
    std::ranges::set_difference(want, got, std::back_inserter(missing));
    std::ranges::set_difference(got, want, std::back_inserter(strange));
    std::string text = what + " differ: " + std::to_string(missing.size()) + " missing, " +
                       std::to_string(strange.size()) + " too many";
    if (!missing.empty()) text += "; missing " + show(missing.front());
    if (!strange.empty()) text += "; too many " + show(strange.front());
    throw OracleFailure(text);
  }

  void check_soa_alone(const Request& r, const std::vector<WireRecord>& records) {
    require(records.size() == 1, "more than the SOA");
    require_soa(r, records.front(), zone_.now(), "the SOA");
  }

  // RFC 5936 §2.2
  void check_full(const Request& r, const std::vector<WireRecord>& records) {
    ++tally_.full;
    require(records.size() >= 2, "less than two records");
    require_soa(r, records.front(), zone_.now(), "the opening SOA");
    require_soa(r, records.back(), zone_.now(), "the closing SOA");
    require(records.front() == records.back(), "the closing SOA is not the opening one");
    std::vector<WireRecord> inner;
    for (size_t i = 1; i + 1 < records.size(); ++i) inner.push_back(seen(r, records[i]));
    require_same(std::move(inner), seen(r, zone_.now().records), "the records");
  }

  const WireZone* state_at(uint32_t serial) const {
    // The newest with that serial.
    const auto found = std::ranges::find(states_.rbegin(), states_.rend(), serial, &WireZone::serial);
    return found != states_.rend() ? &*found : nullptr;
  }

  // RFC 1995 §4
  void check_ixfr(const Request& r, const std::vector<WireRecord>& records) {
    require_soa(r, records.front(), zone_.now(), "the opening SOA");
    if (!is_newer(zone_.now().serial(), r.serial)) {
      ++tally_.up_to_date;
      return check_soa_alone(r, records);
    }
    require(records.size() >= 2, "a client that is behind gets the SOA alone");
    // A difference begins with the SOA of the serial that was asked for.
    const WireZone* before = state_at(r.serial);
    const bool difference =
        records[1].type == kTypeSoa && before != nullptr && seen(r, records[1]) == seen(r, before->soa);
    if (!difference) {
      ++tally_.full_for_ixfr;
      return check_full(r, records);
    }
    ++tally_.differences;
    std::vector<WireRecord> parts[2];
    std::vector<const WireRecord*> soas;
    for (const WireRecord& record : records) {
      if (record.type == kTypeSoa) {
        soas.push_back(&record);
      } else {
        require(soas.size() == 2 || soas.size() == 3, "a record outside of deletions and additions");
        parts[soas.size() - 2].push_back(seen(r, record));
      }
    }
    require(soas.size() == 4 && records.back().type == kTypeSoa, "a difference that is not one sequence");
    require_soa(r, *soas[2], zone_.now(), "the SOA of the additions");
    require_soa(r, *soas[3], zone_.now(), "the closing SOA");
    const auto old = seen(r, before->records), now = seen(r, zone_.now().records);
    std::vector<WireRecord> gone, come;
    std::ranges::set_difference(old, now, std::back_inserter(gone));
    std::ranges::set_difference(now, old, std::back_inserter(come));
    require_same(std::move(parts[0]), gone, "the deletions");
    require_same(std::move(parts[1]), come, "the additions");
  }

  // IXFR over UDP: the SOA alone, or TC (RFC 1995 §2, §4); and it fits.
  void ask_by_udp() {
    Request r;
    r.kind = Kind::ixfr;
    r.id = choose_.below(65536);
    r.qtype = kTypeIxfr;
    r.qname = zone_.now().apex;
    r.serial = any_serial();
    r.edns = choose_.one_in(2);
    if (choose_.one_in(3)) r.key = &transfer_server().keys().front();
    write_request(choose_, zone_.now(), r);
    std::vector<uint8_t> buffer(65535);
    std::ranges::copy(r.wire, buffer.begin());
    const auto outcome = transfer_server().rig.handler.handle(
        buffer.data(), static_cast<unsigned>(r.wire.size()), static_cast<unsigned>(buffer.size()),
        zones::Transport::udp, control::parse_address("192.0.2.1"));
    const std::string_view message(reinterpret_cast<const char*>(buffer.data()), outcome.size);
    const ReadMessage m = read(message, "IXFR by UDP");
    require(m.id == r.id && m.response() && m.rcode() == 0 && m.question == r.question(),
            "IXFR by UDP: a wrong header");
    require(m.size <= (r.edns ? 1232U : 512U), "IXFR by UDP: an answer that is too large");
    if (m.truncated()) return require(m.answer.empty(), "IXFR by UDP: an answer with TC");
    require(m.answer == std::vector<WireRecord>{zone_.now().soa}, "IXFR by UDP: not the SOA alone");
    check_macs(r, {message}, {m});
  }

  Choices& choose_;
  ProviderZone& zone_;
  TransferTally& tally_;
  std::vector<WireZone> states_;   // the last is current
  std::string trail_ = " import";  // how it came to that, for people
  zones::VersionRef version_;
};

}  // namespace

void check_transfers(Choices& choices, const TransferLimits& limits, TransferTally& tally) {
  static constexpr uint32_t kShares[] = {1, 1, 2, 10};
  const uint32_t most = limits.records / choices.of(kShares);
  ProviderZone zone(choices, choices.one_in(10) ? choices.below(3) : choices.below(most + 1));
  TransferWorld world(choices, zone, tally);
  world.check(limits.requests);
  for (uint32_t steps = choices.below(limits.steps + 1); steps > 0; --steps) {
    world.step();
    if (choices.one_in(2) || steps == 1) world.check(limits.requests);
  }
}

void check_every_type(Choices& choices, TransferTally& tally) {
  ProviderZone zone(choices, 0);
  for (const uint16_t type : zone_types()) zone.add_type(type);
  std::set<uint16_t> there;
  for (const WireRecord& r : zone.now().records) there.insert(r.type);
  if (zone.now().apex.size() < 200) require(there.size() == zone_types().size(), "a type is missing");
  TransferWorld(choices, zone, tally).check(6);
}

void check_large_zone(Choices& choices, uint32_t records, TransferTally& tally) {
  ProviderZone zone(choices, records);
  TransferWorld world(choices, zone, tally);
  world.check(2);
  world.step();
  world.check(2);
}

}  // namespace axfrd::model
