// DnsSession: one connection of a DNS client (RFC 7766).
//
// Requests are taken in the order of their arrival, without waiting for earlier responses. Responses are queued and
// written in batches, with one send() each: first the answers, then one message of each transfer in turn. So a transfer
// delays neither other transfers nor later queries. After some batches other sessions have their turn.
//
// The next batch is composed, and the next request taken, only when the last batch is written. So a client that does
// not read holds an index into a version, one batch of references, and the answers of that batch: 16 KiB, and one
// answer more.
//
// A message that is no DNS request ends the session as the end of input does: the responses to earlier requests are
// still written. So the responses do not depend on how TCP has split the stream. A session uses no socket, only its
// Channel.
//
// Threads. The service thread.
// Ownership. DnsTcp and the session's pending operations own it.
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

  // State that all sessions of a service share.
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
    std::vector<uint8_t> scratch;             // the message being answered, with its length
    Gather batch;                             // the batch being written
    std::function<Clock::time_point()> now = [] { return Clock::now(); };  // replaced by tests
  };

  // `shared` outlives the session. `entry` belongs to the session and lives until the session is closed.
  DnsSession(std::unique_ptr<Channel> channel, SessionTable::Entry& entry, Shared& shared);

  void start();
  // Takes no more requests, and closes with the reason `why` when all responses are written, unless the session ends
  // earlier for another reason.
  void finish(SessionEnd why);
  void close(SessionEnd why);

  SessionTable::Entry& entry() { return entry_; }
  // True if there is nothing to write and no request without a response.
  bool idle() const { return !waiting_ && nothing_to_write() && updates_ == 0; }
  // The time limit that the session has exceeded, if any.
  std::optional<SessionEnd> overdue(Clock::time_point now, const TcpLimits& limits) const;
  // The number of octets that the client has acknowledged since the session last had nothing to send.
  uint64_t taken() const;
  // Octets of memory, without Shared.
  size_t memory() const;

 private:
  struct ActiveTransfer {
    zones::Transfer transfer;
    std::optional<TsigSigner> signer;
    Clock::time_point start, first;  // times of the request and of the first message
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
  size_t input_begin_ = 0, input_end_ = 0;  // octets received and not yet taken
  bool reading_ = false, input_ended_ = false;
  std::optional<Clock::time_point> request_begun_;  // when the incomplete request began; at first, the session

  std::string answers_;                  // with their lengths
  size_t updates_ = 0;                   // in flight
  std::list<ActiveTransfer> transfers_;  // the next to be written first
  std::list<ActiveTransfer> ended_;      // transfers whose last messages are in the batch
  std::unique_ptr<Gather> unsent_;       // the rest of a batch that the channel did not take
  bool waiting_ = false;                 // for the channel, or for the session's turn

  bool finishing_ = false, closed_ = false;
  SessionEnd why_ = SessionEnd::by_client;  // the reason of the end once all is written
  Clock::time_point last_request_, last_progress_;
  bool asked_ = false;       // a request came since the last tell_table()
  bool owing_ = false;       // as last told to the table
  uint64_t written_ = 0;     // octets that the channel took
  uint64_t owing_from_ = 0;  // value of written_ when owing_ became true
};

}  // namespace axfrd::control
