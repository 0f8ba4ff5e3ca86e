#include "control/dnsclient/query.h"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <random>
#include <vector>

#include "control/dnsclient/tcp_exchange.h"
#include "zones/answer/notify.h"

namespace axfrd::control::dnsclient {

namespace {

namespace asio = boost::asio;
using asio::ip::udp;

// Waits for a datagram that answers `request`; empty: none came in time. The socket is connected, so that it receives
// only from the server.
std::string await(asio::io_context& loop, udp::socket& socket, const std::string& request,
                  std::chrono::milliseconds patience) {
  std::string response;
  std::vector<uint8_t> buffer(zones::kMaxMessage);
  std::function<void()> receive = [&] {
    socket.async_receive(asio::buffer(buffer), [&](const boost::system::error_code& error, size_t size) {
      if (error) return;
      const zones::Bytes message = zones::Bytes(buffer).first(size);
      if (!answers(message, request)) return receive();
      response = zones::text_of(message);
    });
  };
  receive();
  loop.restart();
  loop.run_for(patience);
  socket.cancel();
  loop.restart();
  loop.run();
  return response;
}

}  // namespace

bool answers(zones::Bytes response, const std::string& request) {
  // A response repeats the question octet for octet, as all servers do.
  const size_t question = request.size();
  const zones::Bytes asked = zones::bytes_of(request);
  return response.size() >= question && zones::load16(response.data()) == zones::load16(asked.data()) &&
         (response[2] & 0x80) != 0 && zones::load16(&response[4]) == 1 &&
         std::ranges::equal(response.first(question).subspan(zones::kHeaderSize), asked.subspan(zones::kHeaderSize));
}

std::string query(const udp::endpoint& server, zones::NameView name, uint16_t type, const Patience& patience) {
  asio::io_context loop;
  udp::socket socket(loop);
  boost::system::error_code error;
  socket.open(server.protocol(), error);
  if (!error) socket.connect(server, error);
  if (error) return "";
  const std::string request = zones::make_query(static_cast<uint16_t>(std::random_device{}()), name, type);
  std::string response;
  for (unsigned i = 0; i < patience.tries && response.empty(); ++i) {
    socket.send(asio::buffer(request), 0, error);
    if (!error) response = await(loop, socket, request, patience.each);
  }
  const bool cut_short = !response.empty() && (zones::bytes_of(response)[2] & 0x02) != 0;
  if (!cut_short) return response;
  response.clear();
  loop.restart();
  exchange_by_tcp(loop, {server.address(), server.port()}, std::nullopt, request, patience.each,
                  [&](zones::Bytes message, const auto&) {
                    if (answers(message, request)) response = zones::text_of(message);
                  });
  loop.run();
  return response;
}

}  // namespace axfrd::control::dnsclient
