// SessionTable: counts TCP sessions, and chooses the session that ends when another client needs one.
//
// It uses no sockets and no clock. Its callers pass times, addresses and octet counts, and end the sessions that it
// chooses.
//
//   limits   A client is an IPv4 address or an IPv6 /64, a prefix is an IPv4 /24 or an IPv6 /48. Each has its limit,
//            and there is one for all sessions.
//   room     Room is kept for hosts that zones name as secondaries: a few sessions for each, which no other host
//            can take. Those sessions do not count towards the limits of a client or prefix.
//   share    The last eighth of the table is open only to prefixes that have less than an equal share of the rest. So
//            a few networks cannot fill the table, however many connections they open.
//   choice   When a limit is reached, the session that has been idle longest ends. If none is idle, the slowest reader
//            ends: the session that has taken the fewest octets a second while we owed it data. Only sessions that we
//            have owed data for at least kGrace are considered. For the limit of all sessions, it is the slowest of
//            the prefix with most sessions, unless the newcomer's own prefix has more. If there is no such session,
//            the newcomer is refused.
//
// All operations take O(log n), except for rank(), which takes O(n log n) and is called once a second.
//
// Threads. One thread at a time.
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
  // The time after which a client's reading rate is measured.
  static constexpr auto kGrace = std::chrono::seconds(5);

  struct Limits {
    size_t sessions, per_client, per_prefix, per_secondary;
  };

  // The table's part of a session.
  class Entry;
  // Octets that the client has taken since the last owed().
  using Taken = std::function<uint64_t(const Entry&)>;

  // The way in which a newcomer can be admitted.
  struct Room {
    enum class Refusal : uint8_t { client, prefix, full };  // the limit that refuses it

    std::optional<Refusal> refusal = {};  // set: it cannot be admitted
    Entry* evicted = nullptr;             // if set, this session has to leave first
    bool as_secondary = false;            // it gets a place in the room that is kept for secondaries
  };

  SessionTable(const Limits& limits, Taken taken);
  ~SessionTable();
  SessionTable(const SessionTable&) = delete;
  SessionTable& operator=(const SessionTable&) = delete;

  // Keeps room for `secondaries` hosts, but no more than a quarter of the table.
  void keep_room_for(size_t secondaries) { secondary_hosts_ = secondaries; }
  // Finds room for a session of `peer`, without admitting it. `named`: a zone names this host as a secondary. @pre
  // `peer` is normalised
  Room room_for(const IpAddress& peer, bool named, Time now);
  // Adds an idle session. @pre room_for() has just returned `room`, which is no refusal, and room.evicted has left
  Entry& enter(const IpAddress& peer, const Room& room);
  void leave(Entry& entry);

  // ---- states of a session ----
  // We owe the session nothing. Called again after each request, to restart its idle time.
  void idle(Entry& entry);
  // We owe the session data. All octets written before count as taken.
  void owed(Entry& entry, Time now);
  // A request is being processed: the session is neither idle nor slow.
  void working(Entry& entry);
  static bool is_idle(const Entry& entry);

  // Measures the rates of slow readers again and reorders them.
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
  size_t secondary_hosts_ = 0, secondaries_ = 0;  // named hosts; sessions in the room for secondaries
  uint64_t last_number_ = 0;
  std::unordered_map<const Entry*, std::unique_ptr<Entry>> entries_;
  Groups clients_, prefixes_, hosts_;  // hosts_: with sessions in the room for secondaries
  std::list<Entry*> idle_, owed_;      // without hosts_, longest first. owed_: within kGrace
  std::set<Group*, Fatter> fattest_;   // prefixes with readers that we have owed for kGrace
};

}  // namespace axfrd::control
