// Channel: the interface of a DNS session to its connection.
//
// A session passes a batch of octets by reference, and the channel returns how many it took. How the octets reach the
// client is up to the channel. One implementation uses the kernel's TCP. Tests have another one in memory
// (tests/control/memory_connection.h).
//
// Threads. The thread of the loop, which also calls each `done`. No `done` is called within the call that it was passed
// to.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "control/base/address.h"
#include "control/dns/gather.h"
#include "zones/answer/query.h"

namespace axfrd::control {

class Channel {
 public:
  // The peer and its transport. Both decide about its requests.
  struct Who {
    IpAddress peer;  // normalised
    zones::Transport transport = zones::Transport::tcp;
  };
  using ReadDone = std::function<void(const boost::system::error_code& error, size_t octets)>;
  using WaitDone = std::function<void(const boost::system::error_code& error)>;

  virtual ~Channel() = default;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  const Who& who() const { return who_; }

  // Reads one octet or more, once. The error is asio::error::eof at the end of input, and any other one if the
  // connection broke or was closed. @pre `room` stays in place until `done` is called
  virtual void async_read(zones::MutableBytes room, ReadDone done) = 0;
  // Takes as many octets as it can without waiting, and removes them from the batch. Returns their number, which may be
  // 0; none if the connection is broken.
  virtual std::optional<size_t> send(Gather& batch) = 0;
  // Waits, once, until send() may take more. The errors are those of async_read().
  virtual void async_wait_writable(WaitDone done) = 0;
  // The number of octets that were taken and that the client has not acknowledged.
  virtual uint64_t unacknowledged() = 0;
  // Sets how many octets the channel may take before it can send them.
  virtual void limit_unsent(int octets) = 0;
  // Ends the connection. Octets that were taken are still sent.
  virtual void close() = 0;
  // Ends the connection, and drops octets that were taken and are not acknowledged.
  virtual void abort() = 0;

 protected:
  explicit Channel(Who who) : who_(std::move(who)) {}

 private:
  const Who who_;
};

// The channel of an accepted connection; null if the client has gone already.
std::unique_ptr<Channel> tcp_channel(boost::asio::ip::tcp::socket socket);
// Sets options that accepted connections inherit, which saves two system calls for each. `unsent`: the argument of
// limit_unsent(). @pre `acceptor` does not listen yet
void set_channel_options(boost::asio::ip::tcp::acceptor& acceptor, int unsent);

}  // namespace axfrd::control
