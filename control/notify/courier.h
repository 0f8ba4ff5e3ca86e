// Courier: sends the messages of Delivery to secondaries, and returns their answers.
//
// It makes NOTIFY from the version that is current when it is sent, and signs it. The ID of each message is unique
// among the messages in flight to that address. An answer is accepted only if its source, ID, question and signature
// match a message in flight.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <map>
#include <random>
#include <unordered_map>
#include <vector>

#include "control/access/settings.h"
#include "control/dnsclient/datagrams.h"
#include "control/dnsclient/request.h"
#include "control/notify/delivery.h"
#include "dataplane/rcu.h"
#include "zones/answer/notify.h"
#include "zones/data/zone_table.h"

namespace axfrd::control {

class Courier {
 public:
  using Ticket = Delivery::Ticket;
  using Sent = Delivery::World::Sent;
  using Channel = Delivery::World::Channel;
  struct Listener {
    std::function<void(Ticket, const Delivery::Answer&)> answered;
    // An answer to NOTIFY that is not signed correctly. The message stays in flight.
    std::function<void(Ticket, const Delivery::Answer&)> answered_unsigned;
    std::function<void(Ticket, bool refused)> tcp_ended;
  };

  Courier(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader,
          const CurrentSettings& settings, std::vector<IpAddress> sources, Listener listener);

  void open();
  void close() { datagrams_.close(); }

  // See Delivery::World.
  Sent send_notify(const Destination& to, const zones::Name& apex, Ticket ticket, Channel channel);
  bool send_query(const Destination& to, const zones::Name& apex, Ticket ticket);
  void abandon(Ticket ticket);

 private:
  using Endpoint = boost::asio::ip::udp::endpoint;
  struct Flight {
    Ticket ticket;
    zones::Name apex;
    bool notify;  // false: a query
    dnsclient::Request request;
  };
  using Flights = std::map<uint16_t, Flight>;  // by message ID

  uint16_t draw_id(const Endpoint& to);
  void enter(const Endpoint& to, uint16_t id, Flight flight);
  void send_by_tcp(const Endpoint& to, Ticket ticket, const std::string& message);
  void receive(const Endpoint& from, zones::Bytes message);

  boost::asio::io_context& loop_;
  const zones::ZoneTable& zones_;
  dataplane::Rcu::Reader& reader_;
  const CurrentSettings& settings_;
  const Listener listener_;
  dnsclient::Datagrams datagrams_;
  std::map<Endpoint, Flights> flights_;
  // keys into flights_ of each message in flight
  std::unordered_map<Ticket, std::pair<Endpoint, uint16_t>> places_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
