// What a DnsSession needs of a service, without a network; and a client at the other end of its connection. For tests
// and fuzzers that want the octets that a client of TCP gets.
//
// Threads. One. A rig serves one client at a time.
#pragma once

#include <boost/asio/io_context.hpp>
#include <limits>
#include <memory>
#include <stdexcept>
#include <string>

#include "control/dns/session.h"
#include "tests/control/memory_connection.h"
#include "tests/control/nobody_listens.h"
#include "tests/control/temporary_directory.h"

namespace axfrd::control::test {

// Clients come from 192.0.2.1, which may transfer every zone of `responder`. There are the keys that a test puts into
// `keys`. No UPDATE changes a zone: the committer has neither zones nor a thread.
struct SessionRig {
  explicit SessionRig(const zones::Responder& r) : responder(r) { allowed.allow(Prefix::parse("192.0.2.1")); }

  const TemporaryDirectory directory;
  const zones::Responder& responder;
  const Log log{LogLevel::error};
  boost::asio::io_context loop;
  dataplane::Rcu rcu{1};
  dataplane::Rcu::Reader reader{rcu};
  Store store{directory.path()};
  zones::ZoneTable no_zones;
  zones::CookieJar cookies;
  CurrentSettings settings;
  Committer committer{no_zones, cookies, rcu, store, settings, 0, log};
  DnsUpdates updates{loop, committer, responder, reader};
  NobodyListens peers;
  AccessList allowed;
  TcpCounters counters;
  RequestHandler handler{responder,   settings, allowed,           1232,
                         {.rate = 0}, peers,    counters.requests, [](const AuditRecord&) {}};
  SessionTable table{{.sessions = 4, .per_client = 4, .per_prefix = 4, .per_secondary = 4},
                     [](const SessionTable::Entry&) { return uint64_t{0}; }};
  bool closed = false;  // the session
  DnsSession::Shared shared{loop,
                            handler,
                            updates,
                            peers,
                            reader,
                            counters,
                            log,
                            table,
                            [this](DnsSession& session) {
                              table.leave(session.entry());
                              closed = true;
                            },
                            std::vector<uint8_t>(2 + zones::kMaxMessage),
                            {}};
};

// A session, and the other end of its connection.
class SessionClient {
 public:
  explicit SessionClient(SessionRig& rig, size_t capacity = MemoryConnection::kUsualCapacity)
      : rig_(rig), connection_(rig.loop, capacity) {
    rig_.closed = false;
    const IpAddress peer = parse_address("192.0.2.1");
    SessionTable::Entry& entry = rig_.table.enter(peer, rig_.table.room_for(peer, false, rig_.shared.now()));
    session_ = std::make_shared<DnsSession>(connection_.channel(peer), entry, rig_.shared);
    session_->start();
  }
  ~SessionClient() {
    session_->close(SessionEnd::by_client);
    serve();
  }
  SessionClient(const SessionClient&) = delete;
  SessionClient& operator=(const SessionClient&) = delete;

  DnsSession& session() const { return *session_; }
  const MemoryConnection& connection() const { return connection_; }

  // Has the session do all that it can.
  void serve() const {
    rig_.loop.restart();
    rig_.loop.poll();
  }
  void send(zones::Bytes octets) const {
    connection_.send(octets);
    serve();
  }
  // Takes what has come, but no more than so many octets. False if there is nothing.
  bool receive(size_t most = std::numeric_limits<size_t>::max()) {
    const std::string octets = connection_.receive(most);
    received_ += octets;
    return !octets.empty();
  }
  // Says that nothing more comes, and takes what is still to come. Returns all that came. Throws std::runtime_error if
  // the session does not end.
  const std::string& finish() {
    connection_.end_input();
    do serve();
    while (receive());
    if (!rig_.closed) throw std::runtime_error("the session does not end when all is asked for and taken");
    return received_;
  }

 private:
  SessionRig& rig_;
  const MemoryConnection connection_;
  std::shared_ptr<DnsSession> session_;
  std::string received_;
};

}  // namespace axfrd::control::test
