// DnsSession: one connection of a DNS client (RFC 7766).
//
// Requests are taken as they come, without waiting for the responses before them. Answers and transfers are queued and
// written in batches, one send() each: first the answers, then one message of each transfer in turn. So no transfer
// holds up another, nor a query behind it; and after some batches other sessions have their turn. The next batch is
// composed, and the next request taken, only when the last batch was written. So a client that does not read holds an
// index into a version, one batch of references, and the answers of that batch: 16 KiB, and one answer more. What is no
// DNS request ends a session as the end of input does, once what was asked for before is written: what a client gets
// does not depend on how its stream was cut. It knows no socket: its Channel does.
//
// Threads. The service thread. Owned by DnsTcp and by its own pending operations.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "control/base/log.h"
#include "control/dns/channel.h"
#include "control/dns/counters.h"
#include "control/dns/gather.h"
#include "control/dns/request_handler.h"
#include "control/dns/session_table.h"
#include "control/dns/tcp_limits.h"
#include "dataplane/rcu.h"

namespace axfrd::control {

class DnsSession : public std::enable_shared_from_this<DnsSession> {
 public:
  using Clock = std::chrono::steady_clock;

  // What all sessions of a service share.
  struct Shared {
    boost::asio::io_context& loop;
    RequestHandler& handler;
    DnsUpdates& updates;
    PeerSink& peers;
    dataplane::Rcu::Reader& reader;
    TcpCounters& counters;
    const Log& log;
    SessionTable& table;
    std::function<void(DnsSession&)> closed;  // called once, at the end of each session
    std::vector<uint8_t> scratch;             // one message with its length, while it is being answered
    Gather batch;                             // what is being written, until a channel does not take it all
    std::function<Clock::time_point()> now = [] { return Clock::now(); };  // tests have a time of their own
  };

  // `shared` outlives the session, and `entry`, which is its own, its closing.
  DnsSession(std::unique_ptr<Channel> channel, SessionTable::Entry& entry, Shared& shared);

  void start();
  // Takes no more requests, and closes when what was asked for is written; if nothing else does before, for that
  // reason.
  void finish(SessionEnd why);
  void close(SessionEnd why);

  SessionTable::Entry& entry() { return entry_; }
  // Nothing is to be written, and all requests that came are answered.
  bool idle() const { return !waiting_ && nothing_to_write() && updates_ == 0; }
  // Why the session has lasted long enough, if it has.
  std::optional<SessionEnd> overdue(Clock::time_point now, const TcpLimits& limits) const;
  // Octets that the client has acknowledged, of those that were written since the session last began to owe it some.
  uint64_t taken() const;
  // Octets of memory, without what is shared.
  size_t memory() const;

 private:
  struct ActiveTransfer {
    zones::Transfer transfer;
    std::optional<TsigSigner> signer;
    Clock::time_point start, first;  // when it was asked for, when its first message was written
    uint64_t messages = 0, octets = 0;
  };
  bool can_take() const;
  void go_on();
  void tell_table();
  void read();
  void on_read(const boost::system::error_code& error, size_t octets);
  void make_room_in_buffer();
  void take_requests();
  // The next whole request in the buffer; empty if there is none yet.
  zones::Bytes next_frame() const;
  void take(zones::Bytes request);
  void make(PendingUpdate update);
  void queue_answer(zones::Bytes answer);

  bool nothing_to_write() const { return answers_.empty() && transfers_.empty(); }
  void write();
  void compose(Gather& batch);
  void add_message(ActiveTransfer& transfer, Gather& batch);
  bool send(Gather& batch);
  void wait_for_channel();
  void on_writable();
  void wait_for_turn();
  void end_transfers();
  TransferReport report_of(const ActiveTransfer& transfer) const;
  void report(const ActiveTransfer& transfer) const;
  void report_broken_off(SessionEnd why) const;
  const IpAddress& peer() const { return channel_->who().peer; }

  const std::unique_ptr<Channel> channel_;
  SessionTable::Entry& entry_;
  Shared& shared_;

  std::vector<uint8_t> input_;
  size_t input_begin_ = 0, input_end_ = 0;  // what was received and not yet taken
  bool reading_ = false, input_ended_ = false;
  std::optional<Clock::time_point> request_begun_;  // of a request that is not whole; at first, the session's begin

  std::string answers_;                  // framed
  size_t updates_ = 0;                   // under way
  std::list<ActiveTransfer> transfers_;  // the next to be written first
  std::list<ActiveTransfer> ended_;      // their last messages are in the batch
  std::unique_ptr<Gather> unsent_;       // of the batch that the channel did not take
  bool waiting_ = false;                 // for the channel, or for our turn

  bool finishing_ = false, closed_ = false;
  SessionEnd why_ = SessionEnd::by_client;  // it ends when it has nothing more to do
  Clock::time_point last_request_, last_progress_;
  bool asked_ = false;       // since the table was told
  bool owing_ = false;       // says the table
  uint64_t written_ = 0;     // octets
  uint64_t owing_from_ = 0;  // of these, when the table was told that we owe
};

}  // namespace axfrd::control
