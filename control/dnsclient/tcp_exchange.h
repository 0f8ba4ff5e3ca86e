// One request over TCP, and the message that answers it.
//
// Threads. The thread that runs the loop.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "control/base/address.h"
#include "zones/wire/wire.h"

namespace axfrd::control::dnsclient {

// Connects from `source`, if there is one, sends, and calls `done` once: with the first message that comes back, or
// with no octets and the reason when none came in time. The octets are valid during the call. A message that is larger
// than 16 KiB counts as none: nothing is asked here whose answer is as large.
void exchange_by_tcp(boost::asio::io_context& loop, const boost::asio::ip::tcp::endpoint& server,
                     const std::optional<IpAddress>& source, const std::string& message,
                     std::chrono::steady_clock::duration patience,
                     std::function<void(zones::Bytes response, const boost::system::error_code& error)> done);

}  // namespace axfrd::control::dnsclient
