#include "control/dnsclient/parent.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <memory>
#include <random>
#include <utility>

#include "control/dnsclient/query.h"
#include "control/dnsclient/tcp_exchange.h"
#include "zones/answer/delegation.h"
#include "zones/answer/notify.h"
#include "zones/data/record.h"

namespace axfrd::control::dnsclient {

namespace {

namespace asio = boost::asio;
namespace rrtype = zones::rrtype;
using zones::Name;
using Clock = std::chrono::steady_clock;

constexpr auto kForOneServer = std::chrono::seconds(5);  // for each address
constexpr auto kForAll = std::chrono::seconds(60);       // then the question has failed: the parent may be hostile
constexpr size_t kMostServers = 64, kMostAddresses = 4;  // of each family

// `octets`: uncompressed names, one after the other.
std::vector<Name> names_in(const std::string& octets) {
  std::vector<Name> names;
  const zones::Bytes bytes = zones::bytes_of(octets);
  for (size_t at = 0; at < bytes.size();) {
    auto name = Name::read(bytes, at);
    if (!name) break;
    names.push_back(*std::move(name));
  }
  return names;
}

template <class Address>
void append_addresses(std::vector<IpAddress>& addresses, const std::string& octets) {
  typename Address::bytes_type bytes;
  const size_t most = std::min(octets.size() / bytes.size(), kMostAddresses);
  for (size_t i = 0; i < most; ++i) {
    std::copy_n(octets.begin() + static_cast<ptrdiff_t>(i * bytes.size()), bytes.size(), bytes.begin());
    addresses.emplace_back(Address(bytes));
  }
}

// Owned by its own pending operations until it has called `done`.
class ParentQuestion : public std::enable_shared_from_this<ParentQuestion> {
 public:
  ParentQuestion(const ParentSources& sources, const Name& zone, std::vector<Name> names, ParentDone done)
      : sources_(sources), zone_(zone), names_(std::move(names)), done_(std::move(done)) {}

  void start() {
    asio::post(sources_.loop, [self = shared_from_this()] { self->find_parent(1); });
  }

 private:
  // ---- the closest zone above that has name servers ----
  void find_parent(unsigned up) {
    if (up > zone_.view().label_count()) return fail("the resolver knows no zone above this one");
    const Name parent(zone_.view().parent(up));
    sources_.look_up(parent.to_text(), rrtype::NS, [self = shared_from_this(), up, parent](const Resolved& resolved) {
      if (!resolved.failure.empty() && resolved.exists)
        return self->fail("the resolver does not find the name servers of " + parent.to_text() + ": " +
                          resolved.failure);
      self->servers_ = names_in(resolved.octets);
      if (self->servers_.empty()) return self->find_parent(up + 1);
      if (self->servers_.size() > kMostServers) return self->fail(parent.to_text() + " has too many name servers");
      self->answer_.parent = parent.to_text();
      // Questions about many zones do not all begin with the same server.
      std::ranges::shuffle(self->servers_, std::minstd_rand(std::random_device{}()));
      self->next_server();
    });
  }

  // ---- its servers, one after the other ----
  void next_server() {
    if (servers_.empty()) return end();
    if (Clock::now() > deadline_) return fail("the name servers of " + answer_.parent + " take too long");
    server_ = std::move(servers_.back());
    servers_.pop_back();
    addresses_.clear();
    problem_.clear();
    look_up_address(rrtype::AAAA);
  }
  void look_up_address(uint16_t type) {
    sources_.look_up(server_.to_text(), type, [self = shared_from_this(), type](const Resolved& resolved) {
      if (!resolved.failure.empty()) self->problem_ = "its address is not found: " + resolved.failure;
      if (type == rrtype::AAAA) {
        append_addresses<asio::ip::address_v6>(self->addresses_, resolved.octets);
        return self->look_up_address(rrtype::A);
      }
      append_addresses<asio::ip::address_v4>(self->addresses_, resolved.octets);
      self->next_address();  // which takes the last address, so that IPv4 comes first
    });
  }
  void next_address() {
    if (addresses_.empty()) {
      if (problem_.empty()) problem_ = "it has no address";
      failure_ = server_.to_text() + ", a name server of " + answer_.parent + ": " + problem_;
      return next_server();
    }
    const IpAddress address = addresses_.back();
    addresses_.pop_back();
    request_ = zones::make_query(static_cast<uint16_t>(std::random_device{}()), zone_, rrtype::NS);
    exchange_by_tcp(sources_.loop, {address, sources_.port}, std::nullopt, request_, kForOneServer,
                    [self = shared_from_this(), address](zones::Bytes response, const auto& error) {
                      self->on_response(address, response, error);
                    });
  }
  void on_response(const IpAddress& address, zones::Bytes response, const boost::system::error_code& error) {
    if (error) return give_up(address, "does not answer by TCP");
    if (!answers(response, request_)) return give_up(address, "answers something else");
    const zones::Delegation delegation = zones::read_delegation(response, zone_);
    if (delegation.problem != nullptr) {
      const bool refuses = delegation.rcode != zones::Rcode::noerror;
      return give_up(address, refuses ? "answers " + name_of_rcode(static_cast<int>(delegation.rcode))
                                      : "does not tell: " + std::string(delegation.problem));
    }
    for (const Name& name : delegation.servers) {
      if (std::ranges::find(names_, name) != names_.end()) answer_.named.push_back(name);
    }
    answer_.ttl = std::max(answer_.ttl, delegation.ttl);
    if (!answer_.named.empty()) return end();  // one server is enough
    if (delegation.cached) return give_up(address, "does not tell: it answers without authority");
    next_server();
  }
  void give_up(const IpAddress& address, const std::string& why) {
    problem_ = address.to_string() + " " + why;
    next_address();
  }

  void fail(std::string why) {
    failure_ = std::move(why);
    end();
  }
  void end() {
    if (answer_.named.empty()) answer_.failure = failure_;
    std::exchange(done_, nullptr)(std::move(answer_));
  }

  const ParentSources sources_;
  const Name zone_;
  const std::vector<Name> names_;
  ParentDone done_;
  const Clock::time_point deadline_ = Clock::now() + kForAll;
  std::vector<Name> servers_;         // not asked yet
  Name server_;                       // the one being asked
  std::vector<IpAddress> addresses_;  // its addresses, not asked yet
  std::string problem_;               // its last problem
  std::string failure_;               // of a server: after it, a result without names proves nothing
  std::string request_;
  ParentAnswer answer_;
};

}  // namespace

void ask_parent(const ParentSources& sources, const Name& zone, std::vector<Name> names, ParentDone done) {
  std::make_shared<ParentQuestion>(sources, zone, std::move(names), std::move(done))->start();
}

}  // namespace axfrd::control::dnsclient
