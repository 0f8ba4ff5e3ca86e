// One request over TCP, and the message that answers it.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <string>

#include "zones/wire.h"

namespace axfrd::control::dnsclient {

// Connects, sends, and calls `done` once: with the first message that comes back, or with no octets when none came in
// time. The octets are valid during the call. A message that is larger than 16 KiB counts as none: nothing is asked
// here whose answer is as large.
void exchange_by_tcp(boost::asio::io_context& loop, const boost::asio::ip::tcp::endpoint& server,
                     const std::string& message, std::chrono::steady_clock::duration patience,
                     std::function<void(zones::Bytes response)> done);

}  // namespace axfrd::control::dnsclient
