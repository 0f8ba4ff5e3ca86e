// What tests of the control room share: a temporary directory, a silent log, zones that are served, and plain blocking
// clients.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "control/base/log.h"
#include "control/dns/dns_update.h"
#include "dataplane/rcu.h"
#include "tests/control/nobody_listens.h"
#include "tests/control/temporary_directory.h"
#include "tests/zones/support.h"

namespace axfrd::control::test {

using zones::test::Decoded;
using zones::test::name;
using zones::test::QueryBytes;

// Longer than anything here takes on a slow machine; a test that waits so long has failed.
constexpr auto kPatience = std::chrono::seconds(10);

// A local socket that datagrams are sent to.
class DatagramSocket {
 public:
  DatagramSocket() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::ranges::copy(path().native(), address.sun_path);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  }
  ~DatagramSocket() { ::close(fd_); }
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  std::filesystem::path path() const { return directory_ / "socket"; }
  // The next datagram that is there already; empty: none.
  std::string received() const {
    char message[1024];
    const ssize_t size = ::recv(fd_, message, sizeof message, MSG_DONTWAIT);
    return {message, size > 0 ? static_cast<size_t>(size) : 0};
  }

 private:
  TemporaryDirectory directory_;
  int fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
};

// Keeps what is logged.
class LogFile {
 public:
  LogFile()
      : fd_(::open((directory_ / "log").c_str(), O_CREAT | O_RDWR | O_APPEND, 0600)), log_(LogLevel::debug, fd_) {}
  ~LogFile() { ::close(fd_); }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  Log& log() { return log_; }
  const Log& log() const { return log_; }
  std::string text() const {
    log_.flush();
    std::ifstream file(directory_ / "log");
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TemporaryDirectory directory_;
  int fd_;
  Log log_;
};

inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

// The zones that tests are served from, with room for a few readers.
struct ServedZones {
  void load(const std::string& apex, const std::string& text) { (void)table.publish(zones::test::zone_of(apex, text)); }
  zones::ZoneTable table;
  dataplane::Rcu rcu{8};
  zones::CookieJar cookies;
  zones::Responder responder{table, cookies, {}};
};

// Puts these keys in force, as the committer would.
inline void set_keys(CurrentSettings& settings, std::vector<KeyRef> keys) {
  Settings next = *settings.get();
  next.keys = std::make_shared<const KeyBook>(std::move(keys));
  settings.set(std::make_shared<const Settings>(std::move(next)));
}

// What changes zones, without its thread.
struct CommitterParts {
  CommitterParts(ServedZones& zones, const Log& log)
      : store(directory.path()),
        committer(zones.table, zones.cookies, zones.rcu, store, settings, size_t{1} << 20, log) {}
  // A zone that is served and stored, as the committer expects of what it changes.
  void load(ServedZones& zones, const std::string& apex, const std::string& text) {
    const zones::VersionRef version = zones::test::zone_of(apex, text);
    store.commit({.zones = {{nullptr, version.get()}}, .settings = {}, .ledger = {}});
    (void)zones.table.publish(version);
  }
  TemporaryDirectory directory;
  Store store;
  CurrentSettings settings;
  Committer committer;
};

// An UPDATE that adds `owner` A 192.0.2.9 to the zone.
inline std::string signed_update(const std::string& zone, const std::string& owner, TsigSigner& signer) {
  QueryBytes update(zone, zones::rrtype::SOA);
  update.bytes[2] = static_cast<char>(static_cast<unsigned>(zones::Opcode::update) << 3);
  update.bytes[9] = 1;
  const zones::Name name = zones::test::name(owner);
  const std::array<uint8_t, 4> address{192, 0, 2, 9};
  zones::append_record(update.bytes, {name, zones::rrtype::A, 60, address});
  const auto size = static_cast<unsigned>(update.bytes.size());
  update.bytes.resize(512);
  auto* message = reinterpret_cast<uint8_t*>(update.bytes.data());
  update.bytes.resize(signer.append(message, size, 512, tsig_now()));
  return update.bytes;
}

inline const std::string kSmallZone =
    "@ 300 SOA ns1 host 10 3600 600 86400 300\n"
    "@ 300 NS ns1\n"
    "ns1 300 A 192.0.2.1\n"
    "www 300 A 192.0.2.2\n";

// About 40 octets a record in a message.
inline std::string zone_with(unsigned records) {
  std::string text = kSmallZone;
  for (unsigned i = 0; i < records; ++i)
    text += "h" + std::to_string(i) + " 300 TXT \"record number " + std::to_string(i) + "\"\n";
  return text;
}

// A thread with a loop, in which `make` builds what is tested; that is destroyed in the same thread.
template <class Subject>
class InLoop {
 public:
  explicit InLoop(std::function<std::unique_ptr<Subject>(boost::asio::io_context&)> make) {
    std::promise<void> made;
    thread_ = std::thread([this, make, &made] {
      subject_ = make(loop_);
      made.set_value();
      const auto keep_running = boost::asio::make_work_guard(loop_);
      loop_.run();
      subject_.reset();
    });
    made.get_future().wait();
  }
  ~InLoop() {
    loop_.stop();
    thread_.join();
  }
  InLoop(const InLoop&) = delete;
  InLoop& operator=(const InLoop&) = delete;

  // Runs `work` in the thread and waits for it.
  void run(const std::function<void(Subject&)>& work) {
    std::promise<void> done;
    boost::asio::post(loop_, [&] {
      work(*subject_);
      done.set_value();
    });
    done.get_future().wait();
  }

 private:
  boost::asio::io_context loop_;
  std::unique_ptr<Subject> subject_;
  std::thread thread_;
};

// A blocking stream socket with patience.
class StreamClient {
 public:
  explicit StreamClient(int fd) : fd_(fd) {
    const timeval patience{std::chrono::seconds(kPatience).count(), 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~StreamClient() { ::close(fd_); }
  StreamClient(const StreamClient&) = delete;
  StreamClient& operator=(const StreamClient&) = delete;

  // False when the other end does not take it.
  bool send(const std::string& octets) const {
    for (size_t at = 0; at < octets.size();) {
      const ssize_t sent = ::send(fd_, octets.data() + at, octets.size() - at, MSG_NOSIGNAL);
      if (sent <= 0) return false;
      at += static_cast<size_t>(sent);
    }
    return true;
  }
  void end_input() const { ::shutdown(fd_, SHUT_WR); }
  // Exactly so many octets; fewer at the end of the stream.
  std::string receive(size_t size) const {
    std::string octets(size, '\0');
    size_t have = 0;
    while (have < size) {
      const ssize_t got = ::recv(fd_, octets.data() + have, size - have, 0);
      if (got <= 0) break;
      have += static_cast<size_t>(got);
    }
    octets.resize(have);
    return octets;
  }
  // Up to and without the newline; empty at the end of the stream.
  std::string receive_line() {
    for (;;) {
      const size_t end = lines_.find('\n');
      if (end != std::string::npos) {
        const std::string line = lines_.substr(0, end);
        lines_.erase(0, end + 1);
        return line;
      }
      char octets[65536];
      const ssize_t got = ::recv(fd_, octets, sizeof octets, 0);
      if (got <= 0) return "";
      lines_.append(octets, static_cast<size_t>(got));
    }
  }
  // One DNS message by its length octets; empty at the end of the stream.
  std::string receive_message() const {
    const std::string length = receive(2);
    if (length.size() < 2) return "";
    return receive(zones::load16(reinterpret_cast<const uint8_t*>(length.data())));
  }
  // True once the other end has closed, whatever it sent before.
  bool closed_by_peer() const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      char octets[4096];
      const ssize_t got = ::recv(fd_, octets, sizeof octets, 0);
      if (got == 0 || (got < 0 && errno == ECONNRESET)) return true;
      if (got < 0) return false;
    }
    return false;
  }
  bool has_input(std::chrono::milliseconds wait) const {
    pollfd input{fd_, POLLIN, 0};
    return ::poll(&input, 1, static_cast<int>(wait.count())) == 1;
  }
  int fd() const { return fd_; }

 private:
  const int fd_;
  std::string lines_;  // received, not yet taken by receive_line()
};

inline std::string framed(const std::string& message) {
  std::string frame(2, '\0');
  zones::store16(reinterpret_cast<uint8_t*>(frame.data()), static_cast<unsigned>(message.size()));
  return frame + message;
}

inline std::string question(const std::string& name, uint16_t type, uint16_t id = 0x1234) {
  QueryBytes query(name, type);
  zones::store16(reinterpret_cast<uint8_t*>(query.bytes.data()), id);
  return query.bytes;
}

// IXFR: the client's SOA stands in the authority section.
inline std::string ixfr_question(const std::string& name, uint32_t serial) {
  QueryBytes query(name, zones::rrtype::IXFR);
  query.bytes[9] = 1;
  query.put16(0xC00C);
  query.put16(zones::rrtype::SOA);
  query.put16(zones::rrclass::IN);
  query.put16(0);
  query.put16(0);
  query.put16(22);
  query.bytes += std::string(2, '\0');  // MNAME and RNAME
  query.put16(serial >> 16);
  query.put16(serial & 0xFFFF);
  query.bytes += std::string(16, '\0');
  return query.bytes;
}

using zones::bytes_of;

inline Decoded decoded(const std::string& message) { return Decoded::read(bytes_of(message)); }

}  // namespace axfrd::control::test
