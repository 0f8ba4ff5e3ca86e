// Delivery: sends NOTIFY (RFC 1996) to secondaries, and retries until each has proven that it has the zone's serial.
//
// It decides which message goes to which target, and when. It has no socket and no clock. Versions, answers,
// observations of peers and the time come as calls, and its World sends. The facts about a secondary are in the ledger
// (ledger.h), which Delivery owns.
//
// Targets. A target is a destination: an address, a port, and a key. It has a queue and a window of messages in flight,
// so that a slow or silent target does not delay the others. The newest and the oldest entry of a queue take turns, so
// that a single change overtakes a bulk import. Queries for serials follow NOTIFY and have only a part of the window.
// A target that answers nothing gets one message at a time until it gives a sign of life.
//
// States of a line (a zone at a target):
//
//   current       the secondary has the serial
//   pausing       the last NOTIFY was sent less than kCoalesce ago; further changes share the next one
//   queued        waits for room in the target's window, to send NOTIFY
//   notifying     NOTIFY is in flight: twice by UDP, then once by TCP, and so on
//   expecting     NOTIFY was answered; a transfer should follow
//   confirming    transferred a moment ago; its SOA will be queried once, to see that it kept the zone
//   query_queued  waits for room in the target's window, to send an SOA query
//   querying      our SOA query is in flight
//   stale         answered our query, and lacks the serial; NOTIFY is sent again after a growing pause
//   backing_off   did not answer; tried again after a growing pause, or at a sign of life
//   no_key        NOTIFY cannot be signed, because its key does not exist; a change of keys wakes it
//
// Events:
//
//   changed       a version became visible that the secondary lacks
//   satisfied     it was proven to have the serial, but not by a transfer
//   transferred   it completed a transfer, and has the serial
//   lost          it owed nothing, and was seen to have an older serial
//   claimed       a poll, which anybody can forge, states that it has the serial
//   sent          the message was sent
//   key_missing   the key that must sign NOTIFY does not exist
//   unanswered    no answer came in time, or the message could not be sent
//   accepted      NOTIFY of the current serial was answered NOERROR
//   outdated      NOTIFY was answered NOERROR, but the zone has changed since it was sent
//   refused       NOTIFY was answered with an error
//   behind        our query was answered, and the serial is not proven
//   due           the time of the state is over
//   alive         the target, which had failed, gave a sign of life
//   keys_changed  some key was added, changed or removed
//   aged          its last proof is older than a quarter of the SOA's EXPIRE
//   asked         the operator asks for NOTIFY to be sent now
//
// The table in step(), below, gives the step for each event in each state.
//
// Alarms. The log says when a target stops answering and when it answers again, when it has been behind for longer than
// --behind-alarm, and when a zone has not been proven for half of its EXPIRE. Other troubles are logged once for each
// host and reason. A datagram can be forged: it may cause an earlier retry, but it never ends an alarm.
//
// Recovery. After lost changes (Store::in_recovery) a secondary may have a serial that this axfrd once gave and does
// not know any more, with other content. So the secondary is in doubt until it has proven its serial. It gets a query
// for its SOA before any NOTIFY. If its serial is not below ours, the zone gets a serial above it. The doubt ends after
// the SOA's EXPIRE, because a secondary without a refresh for so long does not serve the zone any more.
//
// Threads. The service thread. Any thread may read counters.
#pragma once

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "control/access/secondary.h"
#include "control/access/tsig.h"
#include "control/base/due_queue.h"
#include "control/base/histogram.h"
#include "control/base/log.h"
#include "control/base/notices.h"
#include "control/notify/ledger.h"
#include "dataplane/counters.h"

namespace axfrd::control {

// Written by the service thread, read by any.
struct NotifyCounters {
  dataplane::Counter sent, answered, refused, unanswered, by_tcp, queries, paid;
  Histogram propagation;  // from the change that a secondary lacks to the proof that it has it
};

struct DeliverySettings {
  std::chrono::seconds behind_alarm{300};  // 0: none
};

struct KeptProof;  // commit/proofs.h

class Delivery {
 public:
  using Clock = std::chrono::steady_clock;
  using Time = Clock::time_point;
  // A message in flight.
  using Ticket = uint64_t;

  enum class State : uint8_t {
    current,
    pausing,
    queued,
    notifying,
    expecting,
    confirming,
    query_queued,
    querying,
    stale,
    backing_off,
    no_key
  };
  static constexpr size_t kStates = 11;

  enum class Event : uint8_t {
    changed,
    satisfied,
    transferred,
    lost,
    claimed,
    sent,
    key_missing,
    unanswered,
    accepted,
    outdated,
    refused,
    behind,
    due,
    alive,
    keys_changed,
    aged,
    asked
  };
  static constexpr size_t kEvents = 17;

  enum class Step : uint8_t {
    none,     // the event cannot come in this state
    stay,     // nothing changes
    notify,   // queued; or pausing, if the last NOTIFY was sent just now
    queue,    // queued
    fly,      // notifying, or querying
    expect,   // expecting; for longer with each refusal
    confirm,  // confirming
    ask,      // query_queued
    rest,     // stale
    retry,    // backing_off
    hold,     // no_key
    settle    // current
  };
  static Step step(State state, Event event);

  struct Line;
  struct Target;
  struct Zone;

  // Its surroundings: time, sockets, the committer.
  class World {
   public:
    enum class Channel : uint8_t { udp, tcp };
    struct Sent {
      enum class Outcome : uint8_t { sent, key_missing, unsendable, no_zone } outcome;
      uint32_t serial = 0;  // in the NOTIFY; if `sent`
    };

    virtual ~World() = default;
    virtual Time now() = 0;
    virtual int64_t unix_now() = 0;
    // Requests a call of turn() at that time; replaces an earlier request.
    virtual void wake(Time time) = 0;
    // The answer comes as answered(ticket), never within this call. After a NOTIFY by TCP, tcp_ended(ticket) always
    // follows, even when the ticket was abandoned.
    virtual Sent send_notify(const Destination& to, const zones::Name& apex, Ticket ticket, Channel channel) = 0;
    // False: the query cannot be sent.
    virtual bool send_query(const Destination& to, const zones::Name& apex, Ticket ticket) = 0;
    // The answer to that message is not needed any more.
    virtual void abandon(Ticket ticket) = 0;
    // The secondaries of a zone, or their proofs, have changed.
    virtual void proven(const Zone& zone) = 0;
    // The secondary was behind and is proven to have the serial. `took`: since it was published, if that is known.
    virtual void caught_up(const Line& line, std::optional<Clock::duration> took) = 0;
    // A NOTIFY was "answered", "refused" or "unanswered". `why`: a sentence, unless it was answered NOERROR.
    virtual void told(const Line& line, const char* outcome, const std::string& why) = 0;
    // Requests a serial of the zone above that one, which a secondary has.
    virtual void raise_serial(const Line& line, uint32_t above) = 0;
  };

  // The answer to a message of ours. The courier has checked its address, ID and TSIG.
  struct Answer {
    zones::Rcode rcode = zones::Rcode::noerror;
    std::optional<uint32_t> serial;    // to a query: of an authoritative SOA
    std::string problem;               // to a query: why there is no serial
    TsigError tsig = TsigError::none;  // of its TSIG
    bool is_signed = false;
  };

  Delivery(World& world, const Log& log, DeliverySettings settings = {})
      : world_(world),
        log_(log),
        settings_(settings),
        notices_(log, LogLevel::warning, 30, "about secondaries"),
        foreign_(log, LogLevel::info, 10, "about hosts that are no secondaries, or may be none") {}

  // Begins to send. Before that, facts are recorded and nothing is sent.
  void start();
  // The state of a line in words.
  std::string state_of(const Line& line) const {
    return line.owes() && !started_ ? "a standby notifies nobody" : line.state_text();
  }
  // Sends nothing more.
  void stop() { started_ = false; }
  // The time of the last recovery; seconds since 1970. @pre not started
  void set_recovered_at(int64_t time) { recovered_at_ = time; }
  // The same for a recovery right now: every earlier proof is in doubt. @pre not started
  void begin_doubt(int64_t time);

  // ---- what happens here ----
  // A version became visible. `kept`: for a new zone, the stored proofs of its secondaries.
  void set_zone(const zones::ZoneVersion& version, const std::string& kept);
  void forget(const zones::Name& apex);
  void keys_changed();
  // Handles all events that are due.
  void turn();
  // Checks for alarms and logs them. To be called each second.
  void watch();

  // ---- what targets answer ----
  void answered(Ticket ticket, const Answer& answer);
  // An answer to a NOTIFY had no valid signature. Delivery goes on waiting for a better one.
  void answered_unsigned(Ticket ticket, const Answer& answer);
  // `refused`: the host refused the connection.
  void tcp_ended(Ticket ticket, bool refused = false);

  // ---- what peers do: see PeerSink ----
  void heard_from(const IpAddress& address, bool by_tcp);
  void polled(uint64_t apex, const IpAddress& address, std::optional<uint32_t> serial);
  void saw_serial(zones::NameView apex, const IpAddress& peer, uint32_t serial);
  void transferred(const TransferReport& report);
  void broken_off(const TransferReport& report, const std::string& why);
  void refused(const Refusal& refusal);
  bool names(const IpAddress& address) const { return hosts_.contains(address); }
  size_t named_hosts() const { return hosts_.size(); }

  // ---- what operators ask ----
  // Sends NOTIFY to all secondaries of a zone; false: the zone has none.
  bool notify_again(const zones::Name& apex);
  // The same for all zones of a host, or of one port of it. Returns their number.
  size_t notify_again(const IpAddress& host, std::optional<uint16_t> port);

  // ---- state, read-only outside ----
  struct Line {
    Zone* zone = nullptr;
    Target* target = nullptr;
    LineFacts facts;

    State state = State::current;
    bool counted_ahead = false;            // counted in Target::ahead
    bool warned_of_expiry = false;         // since it was last proven
    bool serial_rises = false;             // our serial is being raised above its serial
    int64_t counted_owing = 0;             // its key in Target::owing; 0: not in there
    Time lacks_since{};                    // for a debt older than the start: the start; 0: it may lack nothing
    std::unique_ptr<Answer> bad_answer;    // to the message in flight; null: none
    uint8_t rounds = 0;                    // NOTIFYs refused, or answered without a proof
    Ticket ticket = 0;                     // of the message in flight
    Time notify_sent{};                    // the last one
    std::list<Line*>::iterator waiting{};  // in a queue of the target; @pre queued or query_queued
    DueQueue<Line>::Place due;

    bool owes() const;
    const Destination& destination() const;
    std::string state_text() const;
  };
  struct Zone {
    ZoneFacts facts;
    zones::SecondaryDnsRef settings;
    std::vector<std::unique_ptr<Line>> lines;
  };
  // By sort key of the apex.
  using Zones = std::map<std::string, std::unique_ptr<Zone>>;
  const Zones& zones() const { return zones_; }
  const Zone* find(zones::NameView apex) const;
  const NotifyCounters& counters() const { return counters_; }
  const Strangers& strangers() const { return strangers_; }
  // The number of log lines that were left out. Any thread.
  uint64_t left_out_lines() const { return notices_.left_out() + foreign_.left_out(); }
  // Sums for one address and port. hosts() returns them in order of addresses.
  struct Host {
    std::string place;
    size_t lines = 0, behind = 0, ahead = 0;
    int64_t max_behind = 0;     // seconds
    int64_t oldest_debt = 0;    // when it began; 0: there is none
    std::string oldest_zone{};  // the zone that it is of
    size_t pending = 0;         // NOTIFYs queued or in flight
    int64_t alive_at = 0;       // the last sign of life that cannot be forged
    bool answers = true;        // false: an alarm was logged, and still lasts
  };
  std::vector<Host> hosts() const;
  // Calls take(begin, line) for each line that owes a serial, the one whose debt began first coming first, until it
  // returns false.
  void for_each_debt(const std::function<bool(int64_t begin, const Line& line)>& take) const;
  // The number of zones that some secondary lacks the serial of; none if there are more than `most` such lines.
  std::optional<size_t> count_behind(size_t most) const;

  // An address and port, and the zones that are notified there.
  struct Target {
    Destination destination;
    size_t lines = 0;
    // Lines that owe a serial, with the time when the debt began. Kept by note_debt().
    std::set<std::pair<int64_t, const Line*>> owing;
    size_t ahead = 0;
    int64_t alive_at = 0, silent_since = 0;
    unsigned silent = 0;          // failures since its last sign of life that cannot be forged
    bool alarmed = false;         // logged that it does not answer
    bool alarmed_behind = false;  // logged that it has been behind for long
    std::string silence;          // what it failed to answer, a sentence
    std::list<Line*> notifies;    // lines in `queued`
    std::list<Line*> queries;     // lines in `query_queued`, the oldest first
    bool oldest_next = true;
    size_t in_flight = 0;
    size_t queries_in_flight = 0;
    unsigned failures = 0;        // in a row, for any of its zones
    std::set<Line*> backing_off;  // tried again at a sign of life
    std::set<Line*> without_key;  // tried again after a change of keys
    std::optional<Ticket> tcp;    // the NOTIFY by TCP in flight; at most one
    bool pumping = false;         // pump() is running
    bool warned_of_key = false;

    bool is_down() const;
  };

 private:
  Zone* find_zone(zones::NameView apex);
  void notify_again(Line& line);
  void set_settings(Zone& zone, zones::SecondaryDnsRef settings);
  static void take_kept(Line& line, const std::vector<KeptProof>& proofs);
  void set_lines(Zone& zone, const std::string& kept);
  Target& target_of(const zones::Secondary& secondary);
  void drop(Line& line);

  void apply(Line& line, Event event);
  // Takes the line out of queues and timers, and abandons its message in flight.
  void leave(Line& line);
  void land(Line& line);
  void enter_queue(Line& line, State state, std::list<Line*>& queue);
  void set_due(Line& line, Clock::duration pause);

  void pump(Target& target);
  void send_notify(Line& line);
  void send_query(Line& line);
  void unanswered(Line& line, bool refused = false);
  void revive(Target& target);
  // The target gave a sign of life that cannot be forged.
  void is_alive(Target& target);
  // Updates the counts of the target for this line.
  void note_debt(Line& line);
  void note(Line& line, Reason reason, const std::string& text);
  void end_trouble(Line& line, TroubleKind kind);
  std::string why(const Target& target) const;
  void watch_target(Target& target);
  void watch_line(Line& line);
  template <class... Parts>
  void trace(const Line& line, const Parts&... parts) const;
  void prove(Line& line, uint32_t serial, Proof proof);
  bool in_doubt(const Line& line) const;

  World& world_;
  const Log& log_;
  const DeliverySettings settings_;
  NotifyCounters counters_;
  Notices notices_, foreign_;
  Strangers strangers_;
  std::string watched_;  // sort key of the last zone that watch() looked at
  bool started_ = false;
  int64_t recovered_at_ = 0;

  Zones zones_;
  std::unordered_map<uint64_t, Zone*> zones_by_hash_;                        // of the apex
  using TargetKey = std::pair<boost::asio::ip::udp::endpoint, std::string>;  // and the sort key of the TSIG key's name
  std::map<TargetKey, std::unique_ptr<Target>> targets_;
  std::multimap<IpAddress, Target*> targets_at_;
  std::map<IpAddress, size_t> hosts_;  // hosts that may transfer a zone, with the number of entries that say so
  std::unordered_map<Ticket, Line*> flights_;
  std::unordered_map<Ticket, Target*> tcp_;
  DueQueue<Line> due_;
  std::optional<Time> armed_at_;
  Ticket last_ticket_ = 0;
};

// What each event does in each state. `none`: the event cannot come.
// clang-format off
inline Delivery::Step Delivery::step(State state, Event event) {
  using enum Step;
  static constexpr Step kSteps[kEvents][kStates] = {
  //current pausing  queued   notify-  expect-  confirm- query_   query-   stale    backing  no_key
  //                          ing      ing      ing      queued   ing               _off
  {notify,  stay,    stay,    stay,    notify,  notify,  notify,  notify,  notify,  stay,    notify},  // changed
  {stay,    settle,  settle,  settle,  settle,  settle,  settle,  settle,  settle,  settle,  settle},  // satisfied
  {confirm, confirm, confirm, confirm, confirm, confirm, confirm, confirm, confirm, confirm, confirm}, // transferred
  {expect,  none,    none,    none,    none,    expect,  stay,    stay,    none,    none,    none},    // lost
  {stay,    stay,    stay,    stay,    ask,     stay,    stay,    stay,    ask,     ask,     ask},     // claimed
  {none,    none,    fly,     none,    none,    none,    fly,     none,    none,    none,    none},    // sent
  {none,    none,    hold,    none,    none,    none,    none,    none,    none,    none,    none},    // key_missing
  {none,    none,    retry,   retry,   none,    none,    retry,   retry,   none,    none,    none},    // unanswered
  {none,    none,    none,    expect,  none,    none,    none,    none,    none,    none,    none},    // accepted
  {none,    none,    none,    notify,  none,    none,    none,    none,    none,    none,    none},    // outdated
  {none,    none,    none,    expect,  none,    none,    none,    none,    none,    none,    none},    // refused
  {none,    none,    none,    none,    none,    none,    none,    rest,    none,    none,    none},    // behind
  {none,    queue,   none,    none,    ask,     ask,     none,    none,    queue,   queue,   none},    // due
  {stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    queue,   stay},    // alive
  {stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    queue},   // keys_changed
  {ask,     stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay,    stay},    // aged
  {queue,   queue,   stay,    stay,    queue,   queue,   queue,   queue,   queue,   queue,   queue},   // asked
  };
  return kSteps[static_cast<size_t>(event)][static_cast<size_t>(state)];
}
// clang-format on

}  // namespace axfrd::control
