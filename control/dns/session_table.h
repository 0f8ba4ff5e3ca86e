// SessionTable: who has a TCP session, and whose session ends when another client wants one.
//
// It knows no sockets: it is told of time, addresses and octets, and says which session has to go.
//
//   limits   A client is an IPv4 address or an IPv6 /64, a prefix is an IPv4 /24 or an IPv6 /48. Each has its limit,
//            and there is one for all.
//   room     Room is kept for hosts that zones name as secondaries: a few sessions for each, which nobody else can
//            take, and which count for no limit of a client or prefix.
//   share    Of the last eighth of the table, only prefixes get a place that have less than an equal share of the rest.
//            So a few networks, however many connections they open, do not fill the table.
//   choice   Who has to go when a limit is reached: the session that has been idle longest. If none is idle: the
//            slowest reader, which is the one that has taken the fewest octets a second since we owe it data, of those
//            that we have owed for kGrace at least. For the limit of all, the slowest of the prefix with most sessions,
//            unless the newcomer's own prefix has more. If there is none, the newcomer is turned away.
//
// Everything takes O(log n), except rank(), which takes O(n log n) and is for once a second.
//
// Threads. One, with no other at the same time.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "control/base/address.h"

namespace axfrd::control {

class SessionTable {
 public:
  using Time = std::chrono::steady_clock::time_point;
  // How fast a client reads shows only after a while.
  static constexpr auto kGrace = std::chrono::seconds(5);

  struct Limits {
    size_t sessions, per_client, per_prefix, per_secondary;
  };

  // The table's part of a session.
  class Entry;
  // Octets that the client has taken since the last owed().
  using Taken = std::function<uint64_t(const Entry&)>;

  // How a newcomer can come in.
  struct Room {
    enum class Refusal : uint8_t { client, prefix, full };  // by which limit

    std::optional<Refusal> refusal = {};  // it cannot
    Entry* evicted = nullptr;             // this session has to leave first
    bool as_secondary = false;            // there is a place in the room that is kept for it
  };

  SessionTable(const Limits& limits, Taken taken);
  ~SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // Keeps room for so many hosts, but no more than a quarter of the table.
  void keep_room_for(size_t secondaries) { secondary_hosts_ = secondaries; }
  // Changes nothing. `named`: a zone names this host as a secondary. @pre peer is normalised
  Room room_for(const IpAddress& peer, bool named, Time now);
  // A new session, idle. @pre `room`, which room_for() has just found, is no refusal, and room.evicted has left
  Entry& enter(const IpAddress& peer, const Room& room);
  void leave(Entry& entry);

  // ---- what a session does ----
  // We owe it nothing, from now on or still, but after another request.
  void idle(Entry& entry);
  // It has data to take. All that was written before counts as taken.
  void owed(Entry& entry, Time now);
  // We have to work before it gets anything: it is neither idle nor slow.
  void working(Entry& entry);
  static bool is_idle(const Entry& entry);

  // Puts readers in the order of what they have taken until now.
  void rank(Time now);

  size_t size() const { return entries_.size(); }

 private:
  struct Group;
  struct Slower {
    bool operator()(const Entry* a, const Entry* b) const;
  };
  struct Fatter {
    bool operator()(const Group* a, const Group* b) const;
  };
  using Groups = std::map<IpAddress, Group>;
  enum class State : uint8_t { idle, owed, ripe, working };

  size_t room_for_secondaries() const;
  Room room_among_all(const IpAddress& peer);
  bool has_its_share(const Group& prefix, size_t limit) const;
  static Entry* first_to_go(const Group& group);
  void ripen(Time now);
  void quit_state(Entry& entry);
  void set_ripe(Entry& entry, Time now);
  template <class Change>
  void change(Group& prefix, Change change);

  const Limits limits_;
  const Taken taken_;
  size_t secondary_hosts_ = 0, secondaries_ = 0;  // hosts, sessions in the room kept for them
  uint64_t last_number_ = 0;
  std::unordered_map<const Entry*, std::unique_ptr<Entry>> entries_;
  Groups clients_, prefixes_, hosts_;  // hosts_: those with sessions in the room for secondaries
  std::list<Entry*> idle_, owed_;      // not those of hosts_; the longest first. owed_: within their grace
  std::set<Group*, Fatter> fattest_;   // prefixes with readers whose grace is over
};

}  // namespace axfrd::control
