#include "control/dns/session_table.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace axfrd::control {

struct SessionTable::Group {
  IpAddress address;
  size_t sessions = 0;
  std::list<Entry*> idle;         // idle longest first
  std::set<Entry*, Slower> ripe;  // readers that we have owed for kGrace
};

class SessionTable::Entry {
 public:
  uint64_t number = 0;  // in the order of admission
  Group *client = nullptr, *prefix = nullptr;
  Group* host = nullptr;  // only in the room for secondaries; client and prefix are then null
  State state = State::working;
  Time since{};                       // when we began to owe it data
  double rate = 0;                    // octets a second, as last measured
  std::list<Entry*>::iterator place;  // in idle_ or owed_, by state
  std::list<Entry*>::iterator client_place,
      prefix_place;  // valid if idle; of a secondary, client_place is in host->idle
};

namespace {

IpAddress prefix_of_client(const IpAddress& peer) { return Prefix::masked(peer, peer.is_v6() ? 48 : 24); }

}  // namespace

bool SessionTable::Slower::operator()(const Entry* a, const Entry* b) const {
  return std::tie(a->rate, a->number) < std::tie(b->rate, b->number);
}

// Of two prefixes with equally many sessions, the one with the slowest reader comes first.
bool SessionTable::Fatter::operator()(const Group* a, const Group* b) const {
  if (a->sessions != b->sessions) return a->sessions > b->sessions;
  return Slower()(*a->ripe.begin(), *b->ripe.begin());
}

SessionTable::SessionTable(const Limits& limits, Taken taken) : limits_(limits), taken_(std::move(taken)) {}

SessionTable::~SessionTable() = default;

bool SessionTable::is_idle(const Entry& entry) { return entry.state == State::idle; }

// ---- admission ----

size_t SessionTable::room_for_secondaries() const {
  return std::min(secondary_hosts_ * limits_.per_secondary, limits_.sessions / 4);
}

SessionTable::Room SessionTable::room_for(const IpAddress& peer, bool named, Time now) {
  ripen(now);
  if (!named) return room_among_all(peer);
  const auto host = hosts_.find(peer);
  const bool has_most = host != hosts_.end() && host->second.sessions >= limits_.per_secondary;
  if (!has_most && secondaries_ < room_for_secondaries()) {
    Room room{.as_secondary = true};
    if (entries_.size() < limits_.sessions) return room;
    // The table is full because the room was not kept when the other sessions were admitted.
    room.evicted = !idle_.empty() ? idle_.front() : !fattest_.empty() ? *(*fattest_.begin())->ripe.begin() : nullptr;
    if (room.evicted == nullptr) room.refusal = Room::Refusal::full;
    return room;
  }
  const Room room = room_among_all(peer);
  if (!room.refusal && room.evicted == nullptr) return room;
  if (has_most && !host->second.idle.empty()) return {.evicted = host->second.idle.front(), .as_secondary = true};
  return room;
}

SessionTable::Room SessionTable::room_among_all(const IpAddress& peer) {
  const auto refuse_unless = [](Entry* evicted, Room::Refusal refusal) {
    return evicted != nullptr ? Room{.evicted = evicted} : Room{.refusal = refusal};
  };
  const auto client = clients_.find(client_network(peer));
  if (client != clients_.end() && client->second.sessions >= limits_.per_client)
    return refuse_unless(first_to_go(client->second), Room::Refusal::client);
  const auto prefix = prefixes_.find(prefix_of_client(peer));
  const size_t of_prefix = prefix != prefixes_.end() ? prefix->second.sessions : 0;
  if (of_prefix >= limits_.per_prefix) return refuse_unless(first_to_go(prefix->second), Room::Refusal::prefix);
  const size_t limit = limits_.sessions - room_for_secondaries();
  if (of_prefix != 0 && has_its_share(prefix->second, limit))
    return refuse_unless(first_to_go(prefix->second), Room::Refusal::full);
  if (entries_.size() - secondaries_ < limit && entries_.size() < limits_.sessions) return {};
  if (!idle_.empty()) return {.evicted = idle_.front()};
  if (fattest_.empty() || (*fattest_.begin())->sessions < of_prefix) return {.refusal = Room::Refusal::full};
  return {.evicted = *(*fattest_.begin())->ripe.begin()};
}

bool SessionTable::has_its_share(const Group& prefix, size_t limit) const {
  const size_t last = limit / 8, rest = limit - last;
  return last != 0 && entries_.size() - secondaries_ >= rest &&
         prefix.sessions >= std::max<size_t>(1, rest / prefixes_.size());
}

SessionTable::Entry* SessionTable::first_to_go(const Group& group) {
  if (!group.idle.empty()) return group.idle.front();
  return group.ripe.empty() ? nullptr : *group.ripe.begin();
}

SessionTable::Entry& SessionTable::enter(const IpAddress& peer, const Room& room) {
  const auto join = [&](Groups& groups, const IpAddress& address) {
    Group& group = groups[address];
    group.address = address;
    return &group;
  };
  auto owned = std::make_unique<Entry>();
  Entry& entry = *owned;
  entry.number = ++last_number_;
  if (room.as_secondary) {
    entry.host = join(hosts_, peer);
    ++entry.host->sessions;
    ++secondaries_;
  } else {
    entry.client = join(clients_, client_network(peer));
    entry.prefix = join(prefixes_, prefix_of_client(peer));
    ++entry.client->sessions;
    change(*entry.prefix, [&] { ++entry.prefix->sessions; });
  }
  entries_.emplace(&entry, std::move(owned));
  idle(entry);
  return entry;
}

void SessionTable::leave(Entry& entry) {
  quit_state(entry);
  const auto part = [](Groups& groups, Group& group) {
    if (group.sessions == 0) groups.erase(IpAddress(group.address));
  };
  if (entry.host != nullptr) {
    --entry.host->sessions;
    --secondaries_;
    part(hosts_, *entry.host);
  } else {
    --entry.client->sessions;
    change(*entry.prefix, [&] { --entry.prefix->sessions; });
    part(clients_, *entry.client);
    part(prefixes_, *entry.prefix);
  }
  entries_.erase(&entry);
}

// ---- states of a session ----

void SessionTable::idle(Entry& entry) {
  const auto to_back = [](std::list<Entry*>& list, auto place) { list.splice(list.end(), list, place); };
  if (entry.state == State::idle) {
    to_back(entry.host != nullptr ? entry.host->idle : entry.client->idle, entry.client_place);
    if (entry.host != nullptr) return;
    to_back(entry.prefix->idle, entry.prefix_place);
    to_back(idle_, entry.place);
    return;
  }
  quit_state(entry);
  entry.state = State::idle;
  const auto add = [&](std::list<Entry*>& list) { return list.insert(list.end(), &entry); };
  entry.client_place = add(entry.host != nullptr ? entry.host->idle : entry.client->idle);
  if (entry.host != nullptr) return;
  entry.prefix_place = add(entry.prefix->idle);
  entry.place = add(idle_);
}

void SessionTable::owed(Entry& entry, Time now) {
  if (entry.state == State::owed || entry.state == State::ripe) return;
  quit_state(entry);
  if (entry.host != nullptr) return;  // its room is kept, however slow it is
  entry.state = State::owed;
  entry.since = now;
  entry.place = owed_.insert(owed_.end(), &entry);
}

void SessionTable::working(Entry& entry) { quit_state(entry); }

void SessionTable::quit_state(Entry& entry) {
  switch (entry.state) {
    case State::idle:
      (entry.host != nullptr ? entry.host->idle : entry.client->idle).erase(entry.client_place);
      if (entry.host != nullptr) break;
      entry.prefix->idle.erase(entry.prefix_place);
      idle_.erase(entry.place);
      break;
    case State::owed:
      owed_.erase(entry.place);
      break;
    case State::ripe:
      entry.client->ripe.erase(&entry);
      change(*entry.prefix, [&] { entry.prefix->ripe.erase(&entry); });
      break;
    case State::working:
      break;
  }
  entry.state = State::working;
}

// ---- slow readers ----

void SessionTable::ripen(Time now) {
  while (!owed_.empty() && now - owed_.front()->since >= kGrace) {
    Entry& entry = *owed_.front();
    quit_state(entry);
    set_ripe(entry, now);
  }
}

void SessionTable::set_ripe(Entry& entry, Time now) {
  entry.state = State::ripe;
  entry.rate = static_cast<double>(taken_(entry)) / std::chrono::duration<double>(now - entry.since).count();
  entry.client->ripe.insert(&entry);
  change(*entry.prefix, [&] { entry.prefix->ripe.insert(&entry); });
}

void SessionTable::rank(Time now) {
  std::vector<Entry*> ripe;
  for (const Group* prefix : fattest_) ripe.insert(ripe.end(), prefix->ripe.begin(), prefix->ripe.end());
  for (Entry* entry : ripe) {
    quit_state(*entry);
    set_ripe(*entry, now);
  }
}

// Calls change(), which may alter the sort key of `prefix` in fattest_.
template <class Change>
void SessionTable::change(Group& prefix, Change change) {
  if (!prefix.ripe.empty()) fattest_.erase(&prefix);
  change();
  if (!prefix.ripe.empty()) fattest_.insert(&prefix);
}

}  // namespace axfrd::control
