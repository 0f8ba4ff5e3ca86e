// DNS over loopback for tests: DnsTcp in a thread of its own, and clients for it.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>

#include "control/dns/tcp.h"
#include "tests/control/support.h"

namespace axfrd::control::test {

// What a service thread has, with TCP alone.
struct TcpParts {
  TcpParts(boost::asio::io_context& loop, ServedZones& zones, const AccessList& allowed, const TcpLimits& limits,
           TcpCounters& counters, const Log& log)
      : changing(zones, log),
        reader(zones.rcu),
        updates(loop, changing.committer, zones.responder, reader),
        handler(zones.responder, changing.settings, allowed, 1232, {.rate = 0}, peers, counters.requests,
                [](const AuditRecord&) {}),
        tcp(loop, handler, updates, peers, reader, limits, counters, log),
        endpoint(tcp.listen({boost::asio::ip::make_address("127.0.0.1"), 0}, false)) {}
  CommitterParts changing;
  dataplane::Rcu::Reader reader;
  DnsUpdates updates;
  NobodyListens peers;
  RequestHandler handler;
  DnsTcp tcp;
  DnsTcp::Endpoint endpoint;
};

class TcpServer {
 public:
  explicit TcpServer(TcpLimits limits = {}) : limits_(limits) { allowed_.allow(Prefix::parse("127.0.0.0/24")); }

  ServedZones& zones() { return zones_; }
  TcpCounters& counters() { return counters_; }
  std::string log() const { return log_.text(); }
  size_t open_sessions() const {
    const uint64_t closed = counters_.all_closed();
    return counters_.accepted.read() - closed;
  }

  void start() {
    parts_.emplace([this](boost::asio::io_context& loop) {
      return std::make_unique<TcpParts>(loop, zones_, allowed_, limits_, counters_, log_.log());
    });
    parts_->run([this](TcpParts& parts) { port_ = parts.endpoint.port(); });
  }
  void run(const std::function<void(DnsTcp&)>& work) {
    parts_->run([&](TcpParts& parts) { work(parts.tcp); });
  }

  // A new connection, from any address of the loopback network.
  int connect(const char* from = "127.0.0.1", int receive_buffer = 0) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer != 0) ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    sockaddr_in local{AF_INET, 0, {inet_addr(from)}, {}}, remote{AF_INET, htons(port_), {inet_addr("127.0.0.1")}, {}};
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&local), sizeof local), 0);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&remote), sizeof remote), 0);
    return fd;
  }

 private:
  const TcpLimits limits_;
  ServedZones zones_;
  AccessList allowed_;
  TcpCounters counters_;
  LogFile log_;
  uint16_t port_ = 0;
  std::optional<InLoop<TcpParts>> parts_;
};

// Reads the messages of one AXFR, until the SOA comes again, and gives its records without SOAs.
inline std::multiset<std::string> receive_transfer(const StreamClient& client, uint16_t id,
                                                   unsigned* messages = nullptr) {
  std::multiset<std::string> records;
  unsigned soas = 0;
  while (soas < 2) {
    const std::string message = client.receive_message();
    if (message.empty()) {
      ADD_FAILURE() << "the stream ended within a transfer";
      break;
    }
    const Decoded part = decoded(message);
    EXPECT_EQ(part.id, id);
    EXPECT_EQ(part.rcode, 0U);
    for (const std::string& record : part.answer) {
      if (record.find("\tSOA\t") != std::string::npos) {
        ++soas;
      } else {
        records.insert(record);
      }
    }
    if (messages != nullptr) ++*messages;
  }
  return records;
}

}  // namespace axfrd::control::test
