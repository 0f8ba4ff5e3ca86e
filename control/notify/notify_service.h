// NotifyService: connects Delivery with the clock, sockets and the store, and answers operators' requests.
//
//   delivery.h   decides which message goes to whom, and when
//   courier.h    sends messages, and receives the answers
//   ledger.h     the facts, as text for the store and as JSON
//
// It also has the transfer log, the events about secondaries, and the waiting calls of `commit --wait`.
//
// Threads. The thread that runs the loop. Any thread may call run() and read counters().
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "control/base/event_feed.h"
#include "control/base/outcome.h"
#include "control/commit/committer.h"
#include "control/notify/courier.h"
#include "control/notify/delivery.h"
#include "control/notify/transfer_log.h"

namespace axfrd::control {

class NotifyService : public PeerSink, private Delivery::World {
 public:
  // `sources`: addresses that NOTIFY is sent from. The first of each family is used; without one, the kernel chooses.
  NotifyService(boost::asio::io_context& loop, const zones::ZoneTable& zones, dataplane::Rcu& rcu, Committer& committer,
                const CurrentSettings& settings, std::vector<IpAddress> sources, TransferLog& transfers,
                EventFeed& events, const Log& log, DeliverySettings delivery = {});

  // Begins to send. A standby does not call it and only records facts.
  void start();
  // Sends nothing more.
  void stop();

  // Runs `work` in the thread of the loop. Any thread.
  void run(std::function<void(NotifyService&)> work);

  void published(const Published& published);

  // ---- PeerSink ----
  void heard_from(const IpAddress& address, bool by_tcp) override { delivery_.heard_from(address, by_tcp); }
  void polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial) override {
    delivery_.polled(apex, address, serial);
  }
  void saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial) override {
    delivery_.saw_serial(apex, peer, serial);
  }
  void transferred(const TransferReport& report) override;
  void broken_off(const TransferReport& report, const std::string& why) override;
  void refused(const Refusal& refusal) override;

  bool names(const IpAddress& address) const override { return delivery_.names(address); }
  size_t named_hosts() const override { return delivery_.named_hosts(); }
  bool logs_transfers() const override { return transfers_.writes(); }

  // ---- what operators ask ----
  // Sends NOTIFY again to all secondaries of a zone. Returns their number.
  Outcome<size_t> notify(const zones::Name& apex);
  // The same for all zones of a host, or of one port of it.
  Outcome<size_t> notify(const IpAddress& host, std::optional<uint16_t> port);
  // A selection of lines.
  struct Wanted {
    bool behind = false;                     // only those that are not in step
    std::optional<HostPort> secondary = {};  // only of this host, at any port or at that one
    std::string state = {};                  // only those whose state contains this text
  };
  // Lines of one zone.
  Json status(const zones::Name& apex, const Wanted& wanted) const;
  // The lowest serial that the secondaries of the zone have proven; 0 if one of them has proven none.
  uint32_t lowest_proven(const zones::Name& apex) const;
  // The requests and troubles of that host at the zone, whether it is a secondary of the zone or not.
  Json seen(const zones::Name& apex, const IpAddress& peer) const;
  // Hosts that are no secondaries of the zone and asked for it in vain.
  Json strangers(const zones::Name& apex) const { return delivery_.strangers().of(apex); }
  // The same for all zones.
  Json strangers() const { return delivery_.strangers().all(); }
  // [{"host", "pairs", "behind", …}…]. If there are too many hosts, those with the fewest zones behind are summed up as
  // "other".
  Json hosts() const;
  // What is behind, in all. Debts: [{"zone", "secondary", "behind_since", "serial", "has_serial", "state",
  // "reason_text"}…], the oldest first.
  struct Overview {
    size_t zones, pairs, behind_pairs;   // zones: those that have secondaries; pairs: of a zone and a secondary
    std::optional<size_t> behind_zones;  // none: too many to be counted
    int64_t oldest_debt;                 // when it began; 0: there is none
  };
  Overview overview() const;
  // `is_wanted`: whether a zone is told of.
  Json oldest_debts(size_t most, const std::function<bool(const zones::Name&)>& is_wanted) const;
  // How many secondaries a zone has, and how many of them lack its serial.
  struct ZoneCount {
    size_t secondaries = 0, behind = 0;
    int64_t behind_since = 0;  // 0: none is behind
  };
  ZoneCount count(const zones::Name& apex) const;
  // Zones of which some secondary is behind, in canonical order, after the one with that sort key; a part of them, as
  // of status_page().
  struct BehindPage {
    std::vector<zones::Name> zones;
    std::optional<std::string> last;
    bool more;
  };
  BehindPage behind_page(const std::optional<std::string>& after) const;
  // Opens the log of transfers again by its name, because it may have been rotated.
  void reopen_log();
  // A part of the lines of all zones, in canonical order. It begins after the zone where the last page ended, and takes
  // about a millisecond to make.
  struct Page {
    std::string lines;                // JSON objects, with commas between them
    std::optional<std::string> last;  // sort key of the last zone in it
    bool more;
  };
  Page status_page(const std::optional<std::string>& after, const Wanted& wanted) const;
  // Sums of the lines of each secondary. sum_page() adds those of one page to `sums`, and returns no lines.
  struct Sum {
    size_t zones = 0, behind = 0;
    int64_t behind_seconds = 0;  // the longest
    int64_t last_seen = 0;       // 0: never
  };
  using Sums = std::map<boost::asio::ip::udp::endpoint, Sum>;
  Page sum_page(const std::optional<std::string>& after, const Wanted& wanted, Sums& sums) const;
  Sums sums(const zones::Name& apex, const Wanted& wanted) const;
  // Calls `done` when all secondaries of the zone have the serial, or after `patience`.
  using Waited = std::function<void(bool all, Json lines)>;
  void wait_for(const zones::Name& apex, uint32_t serial, std::chrono::seconds patience, Waited done);

  // Addresses that NOTIFY is sent from, the first of each family. Any thread.
  const std::vector<IpAddress>& sources() const { return sources_; }
  const NotifyCounters& counters() const { return delivery_.counters(); }
  // The number of lines that the log of transfers dropped. Any thread.
  uint64_t dropped_log_lines() const { return transfers_.dropped_lines(); }
  // The number of lines about secondaries that were left out of the log. Any thread.
  uint64_t left_out_lines() const { return delivery_.left_out_lines(); }

 private:
  struct Waiter {
    uint32_t serial;
    Delivery::Time deadline;
    Waited done;
  };

  // ---- Delivery::World ----
  Delivery::Time now() override { return Delivery::Clock::now(); }
  int64_t unix_now() override;
  void wake(Delivery::Time time) override;
  Sent send_notify(const Destination& to, const zones::Name& apex, Delivery::Ticket ticket, Channel channel) override {
    return courier_.send_notify(to, apex, ticket, channel);
  }
  bool send_query(const Destination& to, const zones::Name& apex, Delivery::Ticket ticket) override {
    return courier_.send_query(to, apex, ticket);
  }
  void abandon(Delivery::Ticket ticket) override { courier_.abandon(ticket); }
  void proven(const Delivery::Zone& zone) override;
  void caught_up(const Delivery::Line& line, std::optional<Delivery::Clock::duration> took) override;
  void told(const Delivery::Line& line, const char* outcome, const std::string& why) override;
  void raise_serial(const Delivery::Line& line, uint32_t above) override;

  // Tells the transfer log and those who watch; what is told is made only if there are any.
  template <class Fields>
  void tell(const char* event, const zones::Name& zone, const std::string& peer, Fields&& fields);
  void tick();
  void keep_proofs();
  void check_waiters(const std::string& zone);
  // Calls take(line) for each selected line of a zone.
  template <class Take>
  void for_each_line(const Delivery::Zone& zone, const Wanted& wanted, Take&& take) const;
  void append_lines(std::string& lines, const Delivery::Zone& zone, const Wanted& wanted) const;
  Json lines_of(const Delivery::Zone* zone, const Wanted& wanted) const;
  void add_to(Sums& sums, const Delivery::Zone& zone, const Wanted& wanted) const;
  // Calls take(zone) for each zone after `after`, until enough() or kZonesOfPage. The page has no lines.
  template <class Take, class Enough>
  Page walk(const std::optional<std::string>& after, Take&& take, Enough&& enough) const;

  boost::asio::io_context& loop_;
  const std::vector<IpAddress> sources_;
  dataplane::Rcu::Reader reader_;
  Committer& committer_;
  TransferLog& transfers_;
  EventFeed& events_;
  const Log& log_;
  Delivery delivery_;
  Courier courier_;
  std::set<std::string> unkept_;                // zones with proofs that are not stored yet
  std::multimap<std::string, Waiter> waiters_;  // by zone; both by sort key of the apex, as delivery_.zones()
  boost::asio::steady_timer wake_timer_, tick_timer_;
};

}  // namespace axfrd::control
