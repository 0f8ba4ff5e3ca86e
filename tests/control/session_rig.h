// What a DnsSession needs of a service, without a network; and a client at the other end of its connection. For tests
// and fuzzers that want the octets that a client of TCP gets.
//
// Threads. One. A rig serves one client at a time.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <stdexcept>
#include <string>

#include "control/dns/session.h"
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
  DnsUpdates updates{loop, committer, responder, reader, log};
  NobodyListens peers;
  AccessList allowed;
  TcpCounters counters;
  RequestHandler handler{responder, settings, allowed, 1232, {.rate = 0}, peers, counters.requests, log};
  SessionTable table{{.sessions = 4, .per_client = 4, .per_prefix = 4, .per_secondary = 4},
                     [](const SessionTable::Entry&) { return uint64_t{0}; }};
  bool closed = false;  // the session
  DnsSession::Shared shared{handler,
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

// A session, and the other end of its connection. Throws std::runtime_error when there are no sockets.
class SessionClient {
 public:
  explicit SessionClient(SessionRig& rig) : rig_(rig) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) != 0)
      throw std::runtime_error("there are no sockets");
    fd_ = ends[0];
    rig_.closed = false;
    boost::asio::ip::tcp::socket socket(rig_.loop, boost::asio::ip::tcp::v4(), ends[1]);
    const IpAddress peer = parse_address("192.0.2.1");
    SessionTable::Entry& entry = rig_.table.enter(peer, rig_.table.room_for(peer, false, DnsSession::Clock::now()));
    std::make_shared<DnsSession>(std::move(socket), peer, entry, rig_.shared)->start();
  }
  ~SessionClient() { ::close(fd_); }
  SessionClient(const SessionClient&) = delete;
  SessionClient& operator=(const SessionClient&) = delete;

  void send(zones::Bytes octets) const {
    // The session may be closed already.
    (void)!::send(fd_, octets.data(), octets.size(), MSG_NOSIGNAL);
    serve();
  }
  bool receive() {
    uint8_t buffer[65536];
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    if (size <= 0) return false;
    received_.append(zones::text_of({buffer, static_cast<size_t>(size)}));
    return true;
  }
  // Says that nothing more comes, and takes what is still to come. Returns all that came. Throws std::runtime_error if
  // the session does not end.
  const std::string& finish() {
    ::shutdown(fd_, SHUT_WR);
    do serve();
    while (receive());
    if (!rig_.closed) throw std::runtime_error("the session does not end when all is asked for and taken");
    return received_;
  }

 private:
  void serve() const {
    rig_.loop.restart();
    rig_.loop.poll();
  }
  SessionRig& rig_;
  int fd_;
  std::string received_;
};

}  // namespace axfrd::control::test
