// Drains zone transfers faster than any server sends them, and says how long that took.
//
// A list of zones is transferred once or several times over, over a number of connections at a time. What it prints is
// one line of JSON: seconds from the first connect to the last octet, seconds to the first octet, zones, messages,
// records, octets, CPU seconds of its own. It ends with status 1 and a sentence if anything came that is not the zone.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/program_options.hpp>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <system_error>

#include "bench/axfr_reader.h"

namespace axfrd::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Endpoint = boost::asio::ip::tcp::endpoint;
using boost::asio::ip::make_address;
using zones::Bytes;

struct Settings {
  Endpoint server;
  std::optional<Endpoint> from;
  std::vector<zones::Name> zones;
  unsigned repeat = 1;          // of the list
  unsigned connections = 1;     // at a time
  unsigned per_connection = 1;  // transfers, before it is closed
  unsigned depth = 1;           // requests on their way on one connection
  control::TsigKeyRef key;
  bool verify = false;
  size_t octets = 0;  // of each response, which then is not looked at
  bool stall = false;
  std::ofstream save;
};

void check(bool good, const char* what) {
  if (!good) throw std::system_error(errno, std::generic_category(), what);
}

// What there is to be transferred, and what has come.
struct Progress {
  explicit Progress(Settings& s) : settings(s), left(s.zones.size() * s.repeat) {}
  const zones::Name& next() { return settings.zones[--left % settings.zones.size()]; }

  Settings& settings;
  size_t left;
  uint64_t zones = 0, messages = 0, records = 0, octets = 0;
  std::optional<Clock::time_point> first_octet;
};

// One transfer that was asked for.
struct Transfer {
  Transfer(bool every, const std::optional<control::TsigCheck>& request) : reader(every) {
    if (request) verifier.emplace(*request);
  }
  AxfrReader reader;
  std::optional<TsigVerifier> verifier;
};

class Connection {
 public:
  explicit Connection(Progress& progress) : progress_(progress), quota_(progress.settings.per_connection) {
    const Settings& settings = progress.settings;
    fd_ = ::socket(settings.server.protocol().family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
    check(fd_ >= 0, "socket");
    if (settings.from) check(::bind(fd_, settings.from->data(), socklen(*settings.from)) == 0, "bind");
    check(::connect(fd_, settings.server.data(), socklen(settings.server)) == 0, "connect");
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ask();
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;

  int fd() const { return fd_; }
  // All that it asked for has come, and it asks for nothing more.
  bool done() const { return outstanding() == 0 && (quota_ == 0 || progress_.left == 0); }

  // `buffer` is for the time of the call.
  void receive(std::vector<uint8_t>& buffer) {
    std::copy(partial_.begin(), partial_.end(), buffer.begin());
    const ssize_t size = ::recv(fd_, buffer.data() + partial_.size(), buffer.size() - partial_.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    check(size >= 0, "recv");
    if (size == 0) throw std::runtime_error("the server closed the connection");
    if (!progress_.first_octet) progress_.first_octet = Clock::now();
    if (progress_.settings.octets != 0) {
      take_octets(static_cast<size_t>(size));
    } else {
      take_messages({buffer.data(), partial_.size() + static_cast<size_t>(size)});
    }
    ask();
  }

 private:
  static socklen_t socklen(const Endpoint& endpoint) { return static_cast<socklen_t>(endpoint.size()); }
  size_t outstanding() const { return progress_.settings.octets != 0 ? responses_ : transfers_.size(); }

  void ask() {
    std::string requests;
    for (; outstanding() < progress_.settings.depth && quota_ > 0 && progress_.left > 0; --quota_)
      requests += request();
    if (requests.empty()) return;
    check(::send(fd_, requests.data(), requests.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(requests.size()), "send");
  }

  std::string request() {
    const Settings& settings = progress_.settings;
    std::optional<control::TsigCheck> checked;
    if (settings.verify && settings.key) checked.emplace();
    ++id_;
    std::string framed = axfr_request(progress_.next(), id_, settings.key, checked ? &*checked : nullptr);
    if (settings.octets != 0) {
      ++responses_;
    } else {
      transfers_.try_emplace(id_, settings.verify, checked);
    }
    return framed;
  }

  void take_octets(size_t size) {
    progress_.octets += size;
    for (unseen_ += size; unseen_ >= progress_.settings.octets; unseen_ -= progress_.settings.octets) {
      if (responses_ == 0) throw std::runtime_error("more octets than were asked for");
      --responses_;
      ++progress_.zones;
    }
  }

  void take_messages(Bytes octets) {
    while (octets.size() >= 2) {
      const size_t size = zones::load16(octets.data());
      if (octets.size() < 2 + size) break;
      if (progress_.settings.save.is_open())
        progress_.settings.save.write(reinterpret_cast<const char*>(octets.data()), static_cast<ssize_t>(2 + size));
      take(octets.subspan(2, size));
      octets = octets.subspan(2 + size);
    }
    partial_.assign(octets.begin(), octets.end());
  }

  void take(Bytes message) {
    const auto found = transfers_.find(message.size() < 2 ? 0 : zones::load16(message.data()));
    if (found == transfers_.end()) throw std::runtime_error("a response to nothing that was asked");
    auto& [reader, verifier] = found->second;
    reader.take(message);
    if (verifier) verifier->take(message, reader.done());
    if (!reader.done()) return;
    progress_.zones += 1;
    progress_.messages += reader.messages();
    progress_.records += reader.records();
    progress_.octets += reader.octets();
    transfers_.erase(found);
  }

  Progress& progress_;
  int fd_ = -1;
  unsigned quota_;
  uint16_t id_ = 0;
  std::map<uint16_t, Transfer> transfers_;  // by message ID
  std::vector<uint8_t> partial_;            // less than a message
  size_t responses_ = 0, unseen_ = 0;       // in place of these two, when nothing is looked at
};

class Client {
 public:
  explicit Client(Settings& settings) : progress_(settings), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    check(epoll_ >= 0, "epoll_create1");
  }

  void run() {
    for (unsigned i = 0; i < progress_.settings.connections && progress_.left > 0; ++i) connect();
    if (progress_.settings.stall) return hold();
    std::array<epoll_event, 64> events;
    while (!connections_.empty()) {
      const int count = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), kPatience);
      check(count >= 0, "epoll_wait");
      if (count == 0) throw std::runtime_error("nothing comes any more");
      for (int i = 0; i < count; ++i) serve(static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
    }
  }

  const Progress& progress() const { return progress_; }

 private:
  static constexpr int kPatience = 60'000;  // ms
  static constexpr size_t kBuffer = 256 * 1024;

  void connect() {
    auto& connection = connections_.emplace_back(std::make_unique<Connection>(progress_));
    epoll_event event{EPOLLIN, {connection.get()}};
    check(::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection->fd(), &event) == 0, "epoll_ctl");
  }

  void serve(Connection* connection) {
    connection->receive(buffer_);
    if (!connection->done()) return;
    std::erase_if(connections_, [&](const auto& other) { return other.get() == connection; });
    if (progress_.left > 0) connect();
  }

  // Connections that have asked and do not read, until somebody ends our input.
  static void hold() {
    std::cout << "asked" << std::endl;
    std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  }

  Progress progress_;
  int epoll_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint8_t> buffer_ = std::vector<uint8_t>(kBuffer);
};

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void report(const Progress& progress, Clock::time_point begin, double cpu_before) {
  const std::chrono::duration<double> all = Clock::now() - begin;
  const std::chrono::duration<double> first = progress.first_octet.value_or(Clock::now()) - begin;
  std::cout << nlohmann::json{{"seconds", all.count()},           {"first_octet", first.count()},
                              {"zones", progress.zones},          {"messages", progress.messages},
                              {"records", progress.records},      {"octets", progress.octets},
                              {"cpu", cpu_seconds() - cpu_before}}
            << "\n";
}

// NAME:SECRET, for hmac-sha256.
control::TsigKeyRef parse_key(const std::string& text) {
  const size_t colon = text.find(':');
  const auto name = zones::Name::from_text(text.substr(0, colon));
  if (colon == std::string::npos || !name) throw std::invalid_argument("--key wants NAME:SECRET");
  return std::make_shared<control::TsigKey>(*name, control::kDefaultTsigAlgorithm,
                                            control::decode_secret(text.substr(colon + 1)));
}

void add_zone(Settings& settings, const std::string& text) {
  auto name = zones::Name::from_text(text);
  if (!name) throw std::invalid_argument("'" + text + "' is no domain name");
  settings.zones.push_back(std::move(*name));
}

std::optional<Settings> parse(int argc, char** argv) {
  namespace po = boost::program_options;
  Settings settings;
  std::string server, from, zone, list, key, save;
  uint16_t port = 0;
  po::options_description options("usage: transfer_client OPTION...");
  auto add = options.add_options();
  add("help,h", "this text");
  add("server", po::value(&server)->default_value("127.0.0.1"), "its address");
  add("port", po::value(&port)->default_value(53), "");
  add("from", po::value(&from), "our address");
  add("zone", po::value(&zone), "one zone");
  add("zones", po::value(&list), "a file of zones, one a line");
  add("repeat", po::value(&settings.repeat), "how often the list is transferred (1)");
  add("connections", po::value(&settings.connections), "at a time (1)");
  add("per-connection", po::value(&settings.per_connection), "transfers, before it is closed (1)");
  add("depth", po::value(&settings.depth), "requests on their way on one connection (1)");
  add("key", po::value(&key), "NAME:SECRET, to sign with by hmac-sha256");
  add("verify", po::bool_switch(&settings.verify), "walk over each record, and check each signature");
  add("octets", po::value(&settings.octets), "each response is that long, and not looked at: for bare_server");
  add("stall", po::bool_switch(&settings.stall), "ask, say so, and read nothing until the input ends");
  add("save", po::value(&save), "a file for what is received");
  po::variables_map values;
  po::store(po::parse_command_line(argc, argv, options), values);
  po::notify(values);
  if (values.contains("help")) {
    std::cout << options;
    return std::nullopt;
  }
  settings.server = {make_address(server), port};
  if (!from.empty()) settings.from.emplace(make_address(from), 0);
  if (!zone.empty()) add_zone(settings, zone);
  std::ifstream lines(list);
  for (std::string line; std::getline(lines, line);) add_zone(settings, line);
  if (settings.zones.empty()) throw std::invalid_argument("no zones");
  if (!key.empty()) settings.key = parse_key(key);
  if (!save.empty()) settings.save.open(save, std::ios::binary);
  return settings;
}

int run(int argc, char** argv) {
  auto settings = parse(argc, argv);
  if (!settings) return 0;
  Client client(*settings);
  const double cpu = cpu_seconds();
  const Clock::time_point begin = Clock::now();
  client.run();
  if (!settings->stall) report(client.progress(), begin, cpu);
  return 0;
}

}  // namespace
}  // namespace axfrd::bench

int main(int argc, char** argv) {
  try {
    return axfrd::bench::run(argc, argv);
  } catch (const std::exception& error) {
    std::cerr << "transfer_client: " << error.what() << "\n";
    return 1;
  }
}
