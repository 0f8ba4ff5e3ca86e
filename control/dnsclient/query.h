// Asks one server one question, and waits for the response.
//
// Threads. Any thread; the call blocks.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "zones/wire/name.h"

namespace axfrd::control::dnsclient {

struct Patience {
  std::chrono::milliseconds each{2000};  // for the response to each datagram, and for the exchange by TCP
  unsigned tries = 2;                    // datagrams sent at most
};

// True if `response` answers `request`, by its ID and its question. The caller must know its sender.
bool answers(zones::Bytes response, const std::string& request);

// Asks `server` for records of `name`, without recursion: by UDP, and again by TCP if the response is truncated (RFC
// 7766 §5). Returns the response, whose ID and question are those of the request; empty if there is none.
std::string query(const boost::asio::ip::udp::endpoint& server, zones::NameView name, uint16_t type,
                  const Patience& patience);

}  // namespace axfrd::control::dnsclient
