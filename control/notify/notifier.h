// Notifier: tells secondaries of changes (RFC 1996), and does not let go before each has proven to have them.
//
// Each target (a host's address and port) has a queue and a window of requests under way, so that a slow or silent one
// holds up nobody else. A change goes out at once; further changes of the same zone within 100 ms share the next
// NOTIFY. Of what waits for a target, the newest and the oldest take turns: one change by hand passes a bulk import by.
// NOTIFY is sent twice by UDP, then once by TCP, then again and again after growing pauses. A target that answers
// nothing at all is tried with one request at a time, until it gives any sign of life. Who has answered and not
// transferred is asked for its serial; such questions go behind changes, and have a part of the window only.
//
// Threads. The service thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/access/key_book.h"
#include "control/access/secondary.h"
#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/notify/ledger.h"
#include "control/notify/transfer_log.h"
#include "control/update/updater.h"
#include "dataplane/counters.h"
#include "dataplane/rcu.h"
#include "zones/notify.h"
#include "zones/zone_table.h"

namespace axfrd::control {

// Written by the service thread; anybody may read.
struct NotifyCounters {
  dataplane::Counter sent, answered, refused, unanswered, by_tcp, queries, paid;
};

struct NotifyTarget {
  boost::asio::ip::udp::endpoint endpoint;
  std::optional<zones::Name> key;  // NOTIFY is signed with it
  std::list<LedgerLine*> queue;    // to be notified
  std::list<LedgerLine*> doubted;  // to be asked for their serial, who has waited longest first
  bool oldest_next = true;
  struct Flight {
    LedgerLine* line;
    TsigKeyRef key;
    Octets mac;
  };
  std::map<uint16_t, Flight> flights;  // by message ID
  unsigned questions = 0;              // of the flights
  unsigned failures = 0;               // in a row, of any of its zones
  std::set<LedgerLine*> resting;       // after a failure
  bool by_tcp = false;                 // a NOTIFY by TCP is under way
  bool pumping = false;                // its queue is being worked on

  bool is_down() const;
};

class Notifier {
 public:
  using Clock = LedgerLine::Clock;

  // `sources`: addresses that NOTIFY is sent from, the first of each family; without one, the kernel chooses.
  Notifier(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu::Reader& reader,
           Updater& updater, const Keys& keys, std::vector<IpAddress> sources, TransferLog& transfers, const Log& log);

  // Begins to send.
  void start();
  // Sends nothing more.
  void stop();

  // ---- what happens to zones ----
  void published(const Updater::Published& published);

  // ---- what secondaries do ----
  // Whether a zone has this host, and no prefix around it, among those that may transfer it. @pre address is normalised
  bool names(const IpAddress& address) const { return hosts_.contains(address); }
  size_t named_hosts() const { return hosts_.size(); }
  // Any sign of life. @pre address is normalised
  void heard_from(const IpAddress& address);
  // Asked for the SOA of the zone whose apex has that hash, or for IXFR from `serial`, by a datagram that anybody may
  // have sent. @pre address is normalised
  void polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial);
  void saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial);
  void transferred(const TransferReport& report);
  void refused(zones::NameView apex, const IpAddress& peer, const std::string& why);

  // ---- what operators ask ----
  // Sends NOTIFY again to all secondaries of a zone; their number.
  Outcome<size_t> notify(const zones::Name& apex);
  // Lines of one zone; with `behind`, of those that owe a serial.
  Json status(const zones::Name& apex, bool behind) const;
  // The same of many zones, in canonical order: of some hundred behind the one where the last page ended.
  struct Page {
    Json lines;
    std::optional<std::string> last;  // where this one ends
    bool more;
  };
  Page status_page(const std::optional<std::string>& after, bool behind) const;
  // Calls `done` when all secondaries of the zone have the serial, or the time is over.
  using Waited = std::function<void(bool all, Json lines)>;
  void wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Waited done);

  const NotifyCounters& counters() const { return counters_; }

 private:
  using udp = boost::asio::ip::udp;
  using TargetKey = std::pair<udp::endpoint, std::string>;  // place and name of the key
  struct Waiter {
    uint32_t serial;
    Clock::time_point deadline;
    Waited done;
  };
  class TcpNotify;

  // ---- zones and lines ----
  LedgerZone* find(zones::NameView apex) const;
  void set_zone(const Updater::Published::Zone& published);
  void set_lines(LedgerZone& zone, const std::string& kept);
  void set_settings(LedgerZone& zone, zones::SecondaryDnsRef settings);
  void drop_line(LedgerLine& line);
  void withdraw(LedgerLine& line);
  void land(LedgerLine& line);
  void forget(const zones::Name& apex);
  NotifyTarget& target_of(const zones::Secondary& secondary);

  // ---- sending ----
  void owe(LedgerLine& line);
  void enqueue(LedgerLine& line);
  void doubt(LedgerLine& line);
  void pump(NotifyTarget& target);
  LedgerLine* next_of(NotifyTarget& target);
  void draw_id(LedgerLine& line);
  void send_notify(LedgerLine& line);
  void send_query(LedgerLine& line);
  bool send(LedgerLine& line, const std::string& message);
  std::string signed_notify(LedgerLine& line, NotifyTarget::Flight& flight);
  void send_by_tcp(LedgerLine& line, const std::string& message);

  // ---- what comes of it ----
  void receive(udp::socket& socket);
  void on_response(const udp::endpoint& from, zones::Bytes message);
  bool take_response(NotifyTarget& target, const NotifyTarget::Flight& flight, const zones::SecondaryResponse& response,
                     zones::Bytes message);
  void on_notify_answer(LedgerLine& line, zones::Rcode rcode);
  void unanswered(LedgerLine& line);
  void rest(LedgerLine& line, Clock::duration pause);
  void prove(LedgerLine& line, uint32_t serial, Proof proof);
  void settle(LedgerLine& line);
  void confirm_later(LedgerLine& line);
  void revive(NotifyTarget& target);
  void log_outcome(const LedgerLine& line, const char* outcome);

  // ---- time ----
  void set_due(LedgerLine& line, Clock::duration pause);
  void clear_due(LedgerLine& line);
  void arm();
  void on_due(LedgerLine& line);
  void tick();
  void keep_proofs();
  void check_waiters(LedgerZone& zone);

  boost::asio::io_context& loop_;
  const zones::ZoneTable& table_;
  dataplane::Rcu::Reader& reader_;
  Updater& updater_;
  const Keys& keys_;
  const std::vector<IpAddress> sources_;
  TransferLog& transfers_;
  const Log& log_;
  NotifyCounters counters_;
  bool started_ = false;

  std::map<std::string, std::unique_ptr<LedgerZone>> zones_;  // by sort key of the apex
  std::unordered_map<uint64_t, LedgerZone*> zones_by_hash_;   // of the apex
  std::map<TargetKey, std::unique_ptr<NotifyTarget>> targets_;
  std::multimap<IpAddress, NotifyTarget*> targets_at_;
  std::map<IpAddress, size_t> hosts_;  // that may transfer a zone, with the number of times that zones say so
  std::multimap<Clock::time_point, LedgerLine*> due_;
  std::set<LedgerZone*> unkept_;  // with proofs that the store does not have yet
  std::multimap<LedgerZone*, Waiter> waiters_;

  std::optional<udp::socket> v4_, v6_;
  udp::endpoint from_;
  std::vector<uint8_t> buffer_;
  boost::asio::steady_timer due_timer_, tick_timer_;
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace axfrd::control
