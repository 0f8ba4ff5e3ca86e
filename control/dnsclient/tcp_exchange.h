// Sends one request over TCP, and receives its response.
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

// Connects, from `source` if it is set, and sends `message`. Calls `done` once: with the first message that comes back,
// or with no octets and the reason if none came in time. The octets are valid during the call. A message that does not
// fit 16 KiB with its length counts as none, because no answer that is asked for here is as large.
void exchange_by_tcp(boost::asio::io_context& loop, const boost::asio::ip::tcp::endpoint& server,
                     const std::optional<IpAddress>& source, const std::string& message,
                     std::chrono::steady_clock::duration patience,
                     std::function<void(zones::Bytes response, const boost::system::error_code& error)> done);

}  // namespace axfrd::control::dnsclient
