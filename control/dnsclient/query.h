// One question to one server, by a thread that waits for the answer.
//
// Threads. Any; the call blocks.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <chrono>
#include <cstdint>
#include <string>

#include "zones/wire/name.h"

namespace axfrd::control::dnsclient {

struct Patience {
  std::chrono::milliseconds each{2000};  // for an answer to each datagram, and for the connection
  unsigned tries = 2;                    // by UDP
};

// Whether `response` answers `request`: by its ID and its question. Who sent it is for the caller to know.
bool answers(zones::Bytes response, const std::string& request);

// Asks `server` for records of `name`, without recursion: by UDP, and again by TCP if the answer is cut short (RFC 7766
// §5). Returns the response, whose ID and question are those of the request, or nothing.
std::string query(const boost::asio::ip::udp::endpoint& server, zones::NameView name, uint16_t type,
                  const Patience& patience);

}  // namespace axfrd::control::dnsclient
