// Channel: what a DNS session needs of its connection.
//
// A session hands over a batch of octets where they lie, and is told how many were taken. What carries them to the
// client, and what becomes of them on the way, is for the channel to know. The kernel's TCP is one; a test has another
// one in memory (tests/control/memory_connection.h).
//
// Threads. That of the loop, which also calls each `done`, never within the call that it was handed over in.
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
  // Who is at the other end, and how they came: what decides about their requests.
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

  // Reads one octet or more, once. The error is asio::error::eof at the end of input, and any other one when the
  // connection broke or was closed. @pre `room` stays where it is until `done` is called
  virtual void async_read(zones::MutableBytes room, ReadDone done) = 0;
  // Takes what it can without waiting, and makes the batch forget that. Returns how many octets, which may be 0;
  // nothing if the connection is broken.
  virtual std::optional<size_t> send(Gather& batch) = 0;
  // Waits, once, until send() may take more. Errors are as those of async_read().
  virtual void async_wait_writable(WaitDone done) = 0;
  // Octets that it took and that the client has not acknowledged.
  virtual uint64_t unacknowledged() = 0;
  // Sets how many octets it may take before it can send them.
  virtual void limit_unsent(int octets) = 0;
  // Ends the connection. What was taken still reaches the client.
  virtual void close() = 0;
  // Ends the connection, and drops what was taken and is not acknowledged.
  virtual void abort() = 0;

 protected:
  explicit Channel(Who who) : who_(std::move(who)) {}

 private:
  const Who who_;
};

// The channel of an accepted connection; null if the client has gone already.
std::unique_ptr<Channel> tcp_channel(boost::asio::ip::tcp::socket socket);
// Sets what the channels of accepted connections inherit, which saves two system calls for each. `unsent`: their
// limit_unsent(). @pre `acceptor` does not listen yet
void set_channel_options(boost::asio::ip::tcp::acceptor& acceptor, int unsent);

}  // namespace axfrd::control
