#include "control/check/delegation_check.h"

#include <arpa/inet.h>
#include <unbound.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <iterator>
#include <memory>
#include <optional>
#include <set>

#include "control/access/secondary.h"
#include "control/base/resolver.h"
#include "control/dnsclient/query.h"
#include "zones/answer/delegation.h"
#include "zones/wire/ldns.h"

namespace axfrd::control {

namespace {

using zones::Name;
namespace rrtype = zones::rrtype;

constexpr dnsclient::Patience kPatience{std::chrono::seconds(2), 2};
constexpr uint16_t kDnsPort = 53;
constexpr size_t kParentServers = 3;  // tried, one after the other

template <auto F>
struct Free {
  template <class T>
  void operator()(T* pointer) const {
    F(pointer);
  }
};
using Packet = std::unique_ptr<ldns_pkt, Free<&ldns_pkt_free>>;

// @pre rdata is sound.
std::string address_text(std::string_view rdata) {
  char text[INET6_ADDRSTRLEN];
  return inet_ntop(rdata.size() == 4 ? AF_INET : AF_INET6, rdata.data(), text, sizeof text);
}

// Sends a non-recursive query to the server at `address`; null: no answer.
Packet ask(const std::string& address, const Name& name, ldns_rr_type type, uint16_t port = kDnsPort) {
  const boost::asio::ip::udp::endpoint server(boost::asio::ip::make_address(address), port);
  const std::string response = dnsclient::query(server, name, static_cast<uint16_t>(type), kPatience);
  ldns_pkt* packet = nullptr;
  const zones::Bytes octets = zones::bytes_of(response);
  if (response.empty() || ldns_wire2pkt(&packet, octets.data(), octets.size()) != LDNS_STATUS_OK) return nullptr;
  return Packet(packet);
}

template <class Visitor>
void for_each_record(const ldns_rr_list* list, ldns_rr_type type, Visitor&& visit) {
  for (size_t i = 0; list != nullptr && i < ldns_rr_list_rr_count(list); ++i) {
    const ldns_rr* record = ldns_rr_list_rr(list, i);
    if (ldns_rr_get_type(record) == type) visit(record);
  }
}

struct Canonical {
  bool operator()(const Name& a, const Name& b) const { return zones::sort_key(a) < zones::sort_key(b); }
};
using Names = std::set<Name, Canonical>;

std::string list_of(const Names& names) {
  std::string list;
  for (const Name& name : names) list += (list.empty() ? "" : ", ") + name.to_text();
  return list;
}

Names without(const Names& names, const Names& others) {
  Names rest;
  std::ranges::set_difference(names, others, std::inserter(rest, rest.end()), Canonical());
  return rest;
}

// The check of one zone.
class Check {
 public:
  Check(const zones::ZoneVersion& zone, const std::vector<std::string>& forwarders, const std::atomic<bool>& stop)
      : zone_(zone), apex_(zone.apex().name), resolver_(make_resolver(forwarders)), stop_(stop) {
    for (const zones::OwnedRecord& record : zone.records_at(apex_)) {
      signed_ = signed_ || record.type == rrtype::DNSKEY;
      size_t at = 0;
      if (record.type == rrtype::NS) servers_.insert(*Name::read(zones::Bytes(record.view().rdata), at));
    }
  }

  Json run() {
    check_delegation();
    check_ds();
    for (const Name& server : servers_) check_server(server);
    return {{"zone", apex_.to_text()}, {"serial", zone_.serial()}, {"sound", sound_}, {"findings", findings_}};
  }

 private:
  // ---- what is found ----
  void good(const char* about, const std::string& text) { add(true, about, text); }
  void fix(const char* about, const std::string& text) { add(false, about, text); }
  void add(bool sound, const char* about, const std::string& text) {
    sound_ = sound_ && sound;
    findings_.push_back({{"sound", sound}, {"about", about}, {"text", text}});
  }

  // ---- the resolver ----
  struct Found {
    std::string failure;  // no answer
    std::vector<std::string> rdata;
  };
  Found resolve(const Name& name, uint16_t type) const {
    if (stop_) return {"axfrd stops", {}};
    ub_result* raw = nullptr;
    const int status = ub_resolve(resolver_.get(), name.to_text().c_str(), type, zones::rrclass::IN, &raw);
    const std::unique_ptr<ub_result, Free<&ub_resolve_free>> result(raw);
    if (status != 0) return {ub_strerror(status), {}};
    if (result->rcode != 0 && result->nxdomain == 0) return {"the resolver says " + name_of_rcode(result->rcode), {}};
    Found found;
    for (int i = 0; result->havedata != 0 && result->data[i] != nullptr; ++i)
      found.rdata.emplace_back(result->data[i], static_cast<size_t>(result->len[i]));
    return found;
  }

  // The addresses of a server: from the zone itself for a name in the zone, or else from the resolver.
  std::vector<std::string> addresses_of(const Name& server) const {
    std::vector<std::string> addresses;
    if (server.view().is_at_or_below(apex_)) {
      for (const zones::OwnedRecord& record : zone_.records_at(server)) {
        if (record.type != rrtype::A && record.type != rrtype::AAAA) continue;
        const zones::Bytes rdata = record.view().rdata;
        addresses.push_back(address_text({reinterpret_cast<const char*>(rdata.data()), rdata.size()}));
      }
      return addresses;
    }
    for (const uint16_t type : {rrtype::A, rrtype::AAAA}) {
      for (const std::string& rdata : resolve(server, type).rdata) {
        if (zones::rdata_is_sound(type, zones::bytes_of(rdata))) addresses.push_back(address_text(rdata));
      }
    }
    return addresses;
  }

  // ---- the parent ----
  struct Parent {
    Name name;
    std::vector<std::string> servers;  // addresses
  };
  // Finds the parent zone by resolving the NS RRset of each name above, the closest first.
  std::optional<Parent> find_parent() {
    for (unsigned up = 1; up <= apex_.view().label_count(); ++up) {
      Parent parent{Name(apex_.view().parent(up)), {}};
      const Found found = resolve(parent.name, rrtype::NS);
      if (!found.failure.empty()) {
        fix("delegation", "cannot find the parent's servers: " + found.failure);
        return std::nullopt;
      }
      for (const std::string& rdata : found.rdata) {
        size_t at = 0;
        const auto server = Name::read(zones::bytes_of(rdata), at);
        if (server && parent.servers.size() < kParentServers)
          std::ranges::move(addresses_of(*server), std::back_inserter(parent.servers));
      }
      if (!parent.servers.empty()) return parent;
    }
    fix("delegation", "no zone above this one could be found: the resolver knows no name servers of " +
                          Name(apex_.view().parent(1)).to_text() +
                          " or of a zone above it; name one that does with --resolver");
    return std::nullopt;
  }

  // The NS RRset in the parent's referral, or in its answer if the same server serves both zones.
  std::optional<Names> delegated_by(const Parent& parent) const {
    for (const std::string& server : parent.servers) {
      if (stop_) break;
      const boost::asio::ip::udp::endpoint place(boost::asio::ip::make_address(server), kDnsPort);
      const std::string response = dnsclient::query(place, apex_, rrtype::NS, kPatience);
      if (response.empty()) continue;
      auto delegation = zones::read_delegation(zones::bytes_of(response), apex_);
      if (delegation.problem != nullptr) continue;
      return Names(std::make_move_iterator(delegation.servers.begin()),
                   std::make_move_iterator(delegation.servers.end()));
    }
    return std::nullopt;
  }

  void check_delegation() {
    if (apex_.view().label_count() == 0) return good("delegation", "the root zone has no parent");
    const auto parent = find_parent();
    if (!parent) return;
    const std::string who = "the parent zone " + parent->name.to_text();
    const auto delegated = delegated_by(*parent);
    if (!delegated) return fix("delegation", "no server of " + who + " says what it delegates");
    if (delegated->empty())
      return fix("delegation", who + " does not delegate to this zone; at the registrar, enter " + list_of(servers_));
    const Names missing = without(servers_, *delegated), extra = without(*delegated, servers_);
    if (!missing.empty()) fix("delegation", who + " does not name " + list_of(missing) + "; at the registrar, add it");
    if (!extra.empty())
      fix("delegation", who + " names " + list_of(extra) + ", which the zone does not" + since_disabled(extra) +
                            "; at the registrar, remove it");
    if (missing.empty() && extra.empty())
      good("delegation", who + " names the same servers as the zone: " + list_of(servers_));
  }

  std::string since_disabled(const Names& extra) const {
    const auto& settings = zone_.attributes().secondary_dns;
    if (!settings || settings->stands()) return "";
    const bool ours = std::ranges::any_of(settings->servers, [&](const Name& name) { return extra.contains(name); });
    if (!ours) return "";
    return settings->ending ? " since its secondary DNS is ending" : " since secondary DNS was disabled";
  }

  void check_ds() {
    if (apex_.view().label_count() == 0) return;
    const Found ds = resolve(apex_, rrtype::DS);
    if (!ds.failure.empty()) return fix("DS", "cannot tell whether the parent has DS records: " + ds.failure);
    if (ds.rdata.empty()) return good("DS", "the parent has none, and the zone needs no signatures");
    if (signed_) return good("DS", "the parent has some, and the zone has its DNSKEY");
    fix("DS",
        "the parent has DS records, but the zone is not signed, so that validating resolvers refuse it; remove "
        "them at the registrar, or serve the signed zone");
  }

  // ---- the servers ----
  void check_server(const Name& server) {
    const auto addresses = addresses_of(server);
    if (addresses.empty()) return fix("server", server.to_text() + " has no address that can be found");
    for (const std::string& address : addresses) {
      if (stop_) return;
      const uint16_t port = port_of(address);
      check_copy(server.to_text() + " at " + address + " port " + std::to_string(port), address, port);
    }
  }

  // The port of the secondary at this address. For any other server it is 53, the only port that resolvers use.
  uint16_t port_of(const std::string& address) const {
    const auto& settings = zone_.attributes().secondary_dns;
    if (!settings) return kDnsPort;
    const auto asked = boost::asio::ip::make_address(address);
    for (const zones::Secondary& each : settings->secondaries) {
      if (each.is_host() && address_of(each) == asked) return each.port;
    }
    return kDnsPort;
  }

  void check_copy(const std::string& who, const std::string& address, uint16_t port) {
    const Packet answer = ask(address, apex_, LDNS_RR_TYPE_SOA, port);
    if (!answer) return fix("server", who + " does not answer");
    const auto rcode = ldns_pkt_get_rcode(answer.get());
    if (rcode != LDNS_RCODE_NOERROR)
      return fix("server", who + " does not serve the zone: it answers " + name_of_rcode(rcode));
    std::optional<uint32_t> serial;
    // The answer may be malformed: ldns accepts even a SOA without fields.
    for_each_record(ldns_pkt_answer(answer.get()), LDNS_RR_TYPE_SOA, [&](const ldns_rr* record) {
      serial = zones::serial_in(rrtype::SOA, zones::bytes_of(zones::rdata_of(*record)));
    });
    if (!serial || !ldns_pkt_aa(answer.get())) return fix("server", who + " has no authority for the zone");
    if (*serial == zone_.serial()) return good("server", who + " serves serial " + std::to_string(*serial));
    const bool behind = zones::serial_newer(zone_.serial(), *serial);
    fix("server", who + " serves serial " + std::to_string(*serial) + ", which is " +
                      (behind ? "behind ours, " : "AHEAD of ours, ") + std::to_string(zone_.serial()));
  }

  const zones::ZoneVersion& zone_;
  const Name apex_;
  const ResolverContext resolver_;
  const std::atomic<bool>& stop_;
  Names servers_;  // names in the zone's NS RRset
  bool signed_ = false;
  bool sound_ = true;
  Json findings_ = Json::array();
};

}  // namespace

void DelegationChecker::stop() {
  stop_ = true;
  if (!pool_) return;
  pool_->stop();
  pool_->join();
  pool_.reset();
}

void DelegationChecker::check(zones::VersionRef zone, Done done) {
  boost::asio::post(*pool_, [this, zone = std::move(zone), done = std::move(done)] {
    Json report = Check(*zone, forwarders_, stop_).run();
    if (!stop_) done(std::move(report));
  });
}

}  // namespace axfrd::control
