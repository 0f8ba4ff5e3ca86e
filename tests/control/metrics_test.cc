#include "control/command/metrics.h"

#include "control/command/metrics_server.h"
#include "control/command/stats_json.h"
#include "tests/control/support.h"

namespace axfrd::control {
namespace {

using test::StreamClient;

Json stats() {
  dataplane::WorkerStats worker;
  worker.received = 12;
  worker.busy_seconds = 0.5;
  worker.dropped = {{"no_query", 3}};
  worker.punted = {{"arp", 4}};
  worker.responses = {{"NOERROR", 7}, {"NXDOMAIN", 2}};
  dataplane::PortStats port;
  port.device = "net\\\"0";
  port.health.attached = true;
  port.split.emplace();
  dataplane::DataplaneStats all;
  all.workers = {worker, worker};
  all.ports = {port};
  all.kernel_path.dropped = {{"full", 1}};
  Json stats = to_json(all);
  stats["udp"] = to_json(UdpCounters{});
  stats["tcp"] = to_json(TcpCounters{});
  stats["zones"] = {{"count", 5}, {"without_servers", 0}, {"retired_versions", 0}, {"history_octets", 0}};
  stats["notify"] = to_json(NotifyCounters{});
  Histogram times;
  times.add(std::chrono::milliseconds(20));
  stats["propagation"] = {{"seconds", times.to_json()}};
  stats["commits"] = {{"seconds", Histogram().to_json()}};
  stats["build"] = Json::array({{{"version", "1.2"}, {"info", 1}}});
  stats["alias"] = to_json(AliasCounters{});
  stats["endings"] = to_json(EndingCounters{});
  stats["log"] = {{"dropped", 0}, {"transfers_dropped", 0}, {"left_out", 0}};
  stats["standby"] = {{"is_standby", false}, {"backup_time", 0}};
  stats["secondaries"] = Json::array({{{"host", "192.0.2.1@53"},
                                       {"pairs", 3},
                                       {"behind", 1},
                                       {"ahead", 0},
                                       {"max_behind_seconds", 90},
                                       {"oldest_debt", 1'800'000'000},
                                       {"oldest_zone", "a."},
                                       {"pending", 1},
                                       {"alive_at", 0},
                                       {"answers", false}}});
  return stats;
}

size_t count_numbers(const Json& value) {
  if (!value.is_structured()) return value.is_string() ? 0 : 1;
  size_t count = 0;
  for (const Json& each : value) count += count_numbers(each);
  return count;
}

TEST(Metrics, EveryNumberOfTheStatisticsIsThereOnce) {
  std::istringstream lines(metrics_text(stats()));
  std::set<std::string> samples;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("#")) continue;
    EXPECT_TRUE(samples.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
  EXPECT_EQ(samples.size(), count_numbers(stats()));
}

TEST(Metrics, SamplesStandBehindWhatTheyMean) {
  const std::string text = metrics_text(stats());
  EXPECT_NE(text.find("# HELP axfrd_worker_received_packets_total Packets that a worker received.\n"
                      "# TYPE axfrd_worker_received_packets_total counter\n"
                      "axfrd_worker_received_packets_total{worker=\"0\"} 12\n"
                      "axfrd_worker_received_packets_total{worker=\"1\"} 12\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\naxfrd_worker_responses_total{worker=\"1\",rcode=\"NXDOMAIN\"} 2\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_kernel_path_dropped_packets_total{reason=\"full\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_worker_busy_seconds_total{worker=\"0\"} 0.5\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_secondary_max_behind_seconds{secondary=\"192.0.2.1@53\"} 90\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_secondary_answers{secondary=\"192.0.2.1@53\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find("\n# TYPE axfrd_zones gauge\naxfrd_zones 5\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_build_info{version=\"1.2\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("\n# TYPE axfrd_propagation_seconds histogram\n"
                      "axfrd_propagation_seconds_bucket{le=\"0.001\"} 0\n"),
            std::string::npos);
  EXPECT_NE(text.find("\naxfrd_propagation_seconds_bucket{le=\"0.03\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("\naxfrd_propagation_seconds_bucket{le=\"+Inf\"} 1\n"
                      "axfrd_propagation_seconds_sum 0.02\naxfrd_propagation_seconds_count 1\n"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("\naxfrd_queries_total{transport=\"udp\"} 0\naxfrd_queries_total{transport=\"tcp\"} 0\n"),
            std::string::npos);
}

TEST(Metrics, QuotesAndBackslashesInALabelAreEscaped) {
  EXPECT_NE(metrics_text(stats()).find("\naxfrd_port_link_up{port=\"net\\\\\\\"0\"} 1\n"), std::string::npos);
}

class MetricsServerTest : public testing::Test {
 protected:
  MetricsServerTest() {
    server_.start([](const std::function<void(std::string)>& done) { done("axfrd_zones 5\n"); });
    thread_ = std::thread([this] { loop_.run(); });
  }
  ~MetricsServerTest() override {
    loop_.stop();
    thread_.join();
  }

  int connect() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{AF_INET, htons(port_), {inet_addr("127.0.0.1")}, {}};
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  // The response to a request after which the connection is closed.
  std::string ask(const std::string& request) const {
    const StreamClient client(connect());
    client.send(request);
    return client.receive(1U << 16);
  }

  boost::asio::io_context loop_;
  const Log log_{LogLevel::error};
  MetricsServer server_{loop_, {boost::asio::ip::make_address("127.0.0.1"), 0}, log_};
  const uint16_t port_ = server_.port();
  std::thread thread_;
};

constexpr const char* kClose = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(MetricsServerTest, ServesTheTextAndNothingElse) {
  const std::string response = ask(std::string("GET /metrics?x=1") + kClose);
  EXPECT_TRUE(response.starts_with("HTTP/1.1 200 OK\r\n")) << response;
  EXPECT_NE(response.find("\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"), std::string::npos);
  EXPECT_TRUE(response.ends_with("\r\n\r\naxfrd_zones 5\n")) << response;
  EXPECT_TRUE(ask(std::string("GET /") + kClose).starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask(std::string("DELETE /metrics") + kClose).starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(ask(std::string("HEAD /metrics") + kClose).ends_with("\r\nContent-Length: 14\r\n\r\n"));
}

TEST_F(MetricsServerTest, AConnectionMayBeUsedAgain) {
  const StreamClient client(connect());
  size_t size = 0;
  for (int i = 0; i < 3; ++i) {
    client.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
    if (size == 0) {
      std::string response;
      while (!response.ends_with("axfrd_zones 5\n")) response += client.receive(1);
      size = response.size();
    } else {
      EXPECT_TRUE(client.receive(size).ends_with("\r\n\r\naxfrd_zones 5\n"));
    }
  }
}

TEST_F(MetricsServerTest, WhatIsNoRequestOrTooLargeEndsTheConnection) {
  EXPECT_EQ(ask(std::string("\0\1\2\3\r\n\r\n", 8)), "");
  EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), "");
  EXPECT_EQ(ask("GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"), "");
  EXPECT_TRUE(ask(std::string("GET /metrics") + kClose).starts_with("HTTP/1.1 200 OK\r\n"));
}

TEST_F(MetricsServerTest, ManyIdleClientsDoNotTakeItAway) {
  std::vector<std::unique_ptr<StreamClient>> idle;
  for (int i = 0; i < 40; ++i) idle.push_back(std::make_unique<StreamClient>(connect()));
  idle.clear();
  EXPECT_TRUE(ask(std::string("GET /metrics") + kClose).starts_with("HTTP/1.1 200 OK\r\n"));
}

// Who has begun a request, and does not end it.
TEST_F(MetricsServerTest, SlowClientsDoNotKeepOthersOut) {
  const StreamClient scraper(connect());
  std::vector<std::unique_ptr<StreamClient>> slow;
  for (int i = 0; i < 100; ++i) {
    slow.push_back(std::make_unique<StreamClient>(connect()));
    slow.back()->send("GET /met");
    if (i == 8) {  // it has been served later than the first of them came
      scraper.send("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
      EXPECT_TRUE(scraper.receive(15).starts_with("HTTP/1.1 200 OK")) << "kept";
    }
  }
  EXPECT_TRUE(ask(std::string("GET /metrics") + kClose).starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(slow.front()->closed_by_peer());
  EXPECT_TRUE(slow.back()->send("rics HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_TRUE(slow.back()->receive(15).starts_with("HTTP/1.1 200 OK"));
}

TEST(MetricsServer, SaysWhereItCannotListen) {
  boost::asio::io_context loop;
  const Log log(LogLevel::error);
  const MetricsServer first(loop, {boost::asio::ip::make_address("127.0.0.1"), 0}, log);
  try {
    const MetricsServer second(loop, {boost::asio::ip::make_address("127.0.0.1"), first.port()}, log);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(),
              "cannot serve metrics at 127.0.0.1 port " + std::to_string(first.port()) + ": Address already in use");
  }
}

}  // namespace
}  // namespace axfrd::control
