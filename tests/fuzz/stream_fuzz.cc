// DNS over TCP: what a client sends, however it is cut, to what the client gets.
//
// Input: an octet that says whether the client reads while it writes, one of how many pieces come before the last, one
// each of their sizes, the stream.
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <set>

#include "control/dns/session.h"
#include "tests/control/temporary_directory.h"
#include "tests/fuzz/fuzz.h"

using namespace axfrd;           // NOLINT(google-build-using-namespace)
using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

namespace {

using zones::Bytes;

// What a service thread has. Nobody has a key, so no zone is ever changed: the updater has neither zones nor a thread.
struct World {
  World() { allowed.allow(Prefix::parse("192.0.2.1")); }

  const test::TemporaryDirectory directory;
  const zones::Responder& responder = fuzz::responder();
  const Log log{LogLevel::error};
  boost::asio::io_context loop;
  dataplane::Rcu rcu{1};
  dataplane::Rcu::Reader reader{rcu};
  Store store{directory.path()};
  zones::ZoneTable no_zones;
  zones::CookieJar cookies;
  Keys keys;
  Providers providers;
  Updater updater{no_zones, cookies, rcu, store, keys, providers, 0, log};
  DnsUpdates updates{loop, updater, responder, reader, log};
  TransferLog transfers{std::nullopt};
  Notifier notifier{loop, responder.zones(), reader, updater, keys, {}, transfers, log};
  AccessList allowed;
  TcpCounters counters;
  RequestHandler handler{responder, keys, allowed, 1232, {.rate = 0}, notifier, counters.requests, log};
  bool closed = false;  // the session
  DnsSession::Shared shared{handler,
                            updates,
                            notifier,
                            reader,
                            counters,
                            log,
                            [this](DnsSession&) { closed = true; },
                            std::vector<uint8_t>(2 + zones::kMaxMessage),
                            {}};
};

World& world() {
  static World world;
  return world;
}

// A session, and the other end of its connection.
class Client {
 public:
  Client() {
    int ends[2];
    fuzz::require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) == 0, "there are sockets");
    fd_ = ends[0];
    World& server = world();
    server.closed = false;
    boost::asio::ip::tcp::socket socket(server.loop, boost::asio::ip::tcp::v4(), ends[1]);
    std::make_shared<DnsSession>(std::move(socket), parse_address("192.0.2.1"), server.shared)->start();
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(Bytes piece) const {
    // The session may be closed already.
    (void)!::send(fd_, piece.data(), piece.size(), MSG_NOSIGNAL);
    serve();
  }
  bool receive() {
    uint8_t buffer[65536];
    const ssize_t size = ::read(fd_, buffer, sizeof buffer);
    if (size <= 0) return false;
    received_.append(zones::text_of({buffer, static_cast<size_t>(size)}));
    return true;
  }
  // Says that nothing more comes, and takes what is still to come. Returns all that came.
  const std::string& finish() {
    ::shutdown(fd_, SHUT_WR);
    do serve();
    while (receive());
    fuzz::require(world().closed, "a session ends when all is asked for and taken");
    return received_;
  }

 private:
  static void serve() {
    world().loop.restart();
    world().loop.poll();
  }
  int fd_;
  std::string received_;
};

// The header and the size of each message: all that does not depend on the time.
std::multiset<std::string> messages_of(const std::string& stream) {
  std::multiset<std::string> messages;
  for (Bytes rest = zones::bytes_of(stream); !rest.empty();) {
    fuzz::require(rest.size() >= 2, "a length is sent whole");
    const size_t size = zones::load16(rest.data());
    fuzz::require(rest.size() >= 2 + size, "a message is sent whole");
    fuzz::require(size >= zones::kHeaderSize, "a message has a header");
    messages.emplace(zones::text_of(rest.first(2 + zones::kHeaderSize)));
    rest = rest.subspan(2 + size);
  }
  return messages;
}

std::multiset<std::string> ask_at_once(Bytes stream) {
  Client client;
  client.send(stream);
  return messages_of(client.finish());
}

std::multiset<std::string> ask_in_pieces(Bytes sizes, Bytes stream, bool reads) {
  Client client;
  for (const uint8_t size : sizes) {
    const Bytes piece = stream.first(std::min<size_t>(size, stream.size()));
    stream = stream.subspan(piece.size());
    client.send(piece);
    while (reads && client.receive()) continue;
  }
  client.send(stream);
  return messages_of(client.finish());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const bool reads = (input.octet() & 1) != 0;
  const Bytes sizes = input.take(input.octet() & 0x1F);
  const Bytes stream = input.rest();
  fuzz::require(ask_at_once(stream) == ask_in_pieces(sizes, stream, reads),
                "a stream is answered the same, however it is cut");
  return 0;
}
