// The whole packet path as control/ sees it: two ports, two workers, real threads, a real kernel behind the taps.
// Frames come out of capture files and go into others (net_pcap). Needs root.
#include "dataplane/dataplane.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "dataplane/eal.h"
#include "frames.h"
#include "zones/text/zonefile.h"

#ifdef __SANITIZE_THREAD__
// That rte_eal_wait_lcore() waits for a worker is something ThreadSanitizer cannot see: EAL is a library of Debian's.
extern "C" const char* __tsan_default_suppressions() { return "race:axfrd::dataplane::Dataplane::~Dataplane\n"; }
#endif

namespace axfrd::dataplane {
namespace {

using namespace test;

// Capture files in the classic format of libpcap.
Octets number32(uint32_t n) {
  return {static_cast<char>(n), static_cast<char>(n >> 8), static_cast<char>(n >> 16), static_cast<char>(n >> 24)};
}
void write_capture(const std::string& file, const std::vector<Octets>& frames) {
  std::ofstream out(file, std::ios::binary);
  out << number32(0xA1B2C3D4) << number32(0x00040002) << number32(0) << number32(0) << number32(65535) << number32(1);
  for (const Octets& frame : frames) {
    const auto size = static_cast<uint32_t>(frame.size());
    out << number32(0) << number32(0) << number32(size) << number32(size) << frame;
  }
}
std::vector<Octets> read_capture(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  in.ignore(24);
  std::vector<Octets> frames;
  for (Octets head(16, '\0'); in.read(head.data(), 16);) {
    const auto size = static_cast<uint8_t>(head[8]) | static_cast<uint32_t>(static_cast<uint8_t>(head[9])) << 8;
    in.read(frames.emplace_back(size, '\0').data(), static_cast<std::streamsize>(size));
  }
  return frames;
}

uint64_t received_of(const DataplaneStats& stats) {
  uint64_t n = 0;
  for (const WorkerStats& worker : stats.workers) n += worker.received;
  return n;
}

TEST(Sentences, SayWhatIsWrongBeforeAnythingStarts) {
  zones::ZoneTable zones;
  const zones::CookieJar cookies;
  const zones::Responder responder(zones, cookies, {});
  Rcu rcu(1);
  const auto refused = [&](const std::function<void(DataplaneOptions&)>& change) {
    DataplaneOptions options;
    options.ports = {"net_null0"};
    options.huge_pages = false;
    change(options);
    EXPECT_THROW(Dataplane(options, responder, rcu), std::runtime_error);
  };
  refused([](DataplaneOptions& o) { o.ports.clear(); });
  refused([](DataplaneOptions& o) { o.workers = 0; });
  refused([](DataplaneOptions& o) { o.addresses = {"192.0.2.256/24"}; });
  refused([](DataplaneOptions& o) { o.worker_cpus = {100'000}; });
  refused([](DataplaneOptions& o) { o.workers = 100'000; });
}

class DataplaneTest : public testing::Test {
 protected:
  void SetUp() override {
    if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root, to make a network namespace";
    directory_ = std::filesystem::temp_directory_path() / ("axfrd-test-" + std::to_string(getpid()));
    std::filesystem::create_directory(directory_);
    auto parsed = zones::parse_zone("$TTL 60\n@ SOA ns h 1 1 1 1 1\n@ NS ns\nwww A 192.0.2.80\n",
                                    *zones::Name::from_text("example"), "test");
    retired_ = zones_.publish(zones::ZoneVersion::build(std::get<zones::ZoneText>(parsed).records));
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  std::string file(const char* way, unsigned port, unsigned queue) const {
    return directory_ / (std::string(way) + std::to_string(port) + "-" + std::to_string(queue));
  }
  // A port whose queues receive `frames` each.
  std::string port(unsigned number, unsigned queues, const std::vector<Octets>& frames) const {
    std::string device = "net_pcap" + std::to_string(number);
    for (unsigned q = 0; q < queues; ++q) {
      write_capture(file("in", number, q), frames);
      device += ",rx_pcap=" + file("in", number, q) + ",tx_pcap=" + file("out", number, q);
    }
    return device;
  }

  std::filesystem::path directory_;
  zones::ZoneTable zones_;
  zones::ZoneTable::Retired retired_;
  const zones::CookieJar cookies_;
  const zones::Responder responder_{zones_, cookies_, {}};
};

TEST_F(DataplaneTest, TwoPortsTwoWorkersFromStartToEnd) {
  constexpr unsigned kQueries = 500;
  const auto workers = static_cast<unsigned>(std::min<size_t>(2, allowed_cpus().size()));
  DataplaneOptions options;
  options.rate_limit.rate = 0;  // the same question over and over
  for (unsigned number = 0; number < 2; ++number) {
    // The driver gives the port of this number this address.
    const Octets mac = Octets(
                           "\x02"
                           "pcap",
                           5) +
                       static_cast<char>(number);
    std::vector<Octets> frames(kQueries, Udp{.destination_mac = mac}.frame());
    frames.push_back(Udp{.v6 = true, .destination_mac = mac}.frame());
    frames.push_back(Udp{}.frame());  // to somebody else
    // A question that workers answer, and a probe for duplicates (RFC 5227 §2.1), which is the kernel's.
    for (const std::string& sender : {kPeer4, std::string("0.0.0.0")}) {
      frames.push_back(Octets(6, '\xFF') + kPeerMac + octets16(0x0806) + octets16(1) + octets16(0x0800) +
                       Octets("\6\4", 2) + octets16(1) + kPeerMac + ip_octets(sender) + Octets(6, '\0') +
                       ip_octets(kOurs4) + Octets(18, '\0'));
    }
    options.ports.push_back(port(number, workers, frames));
  }
  options.addresses = {kOurs4 + "/24", kOurs6 + "/64"};
  options.tap = "dptest";
  options.workers = workers;
  options.huge_pages = false;
  std::string notices;
  options.notice = [&](std::string_view text) { notices += text; };

  Rcu rcu(workers);
  DataplaneStats stats;
  {
    Dataplane dataplane(options, responder_, rcu);
    EXPECT_NE(notices.find("--vdev=net_pcap0"), std::string::npos) << notices;
    dataplane.start();
    const uint64_t expected = 2ULL * workers * (kQueries + 4);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      stats = dataplane.stats();
      // The kernel answers on both ports, once for each queue that it was asked on.
      if (received_of(stats) == expected && stats.kernel_path.to_kernel == 2ULL * workers &&
          stats.kernel_path.from_kernel >= 2ULL * workers)
        break;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    dataplane.stop();
    dataplane.stop();  // once more does no harm
    stats = dataplane.stats();
    EXPECT_EQ(received_of(stats), expected);
  }
  ASSERT_EQ(stats.workers.size(), workers);
  ASSERT_EQ(stats.ports.size(), 2U);
  EXPECT_EQ(stats.ports[0].tap, "dptest0");
  EXPECT_EQ(stats.ports[1].driver, "net_pcap");
  EXPECT_TRUE(stats.ports[0].health.link_up);
  EXPECT_EQ(stats.buffers_in_use, 0U);
  for (const WorkerStats& worker : stats.workers) {
    uint64_t sum = worker.answered + worker.neighbours;
    for (const NamedCount& c : worker.punted) sum += c.value;
    for (const NamedCount& c : worker.dropped) sum += c.value;
    EXPECT_EQ(worker.received, sum);
    EXPECT_EQ(worker.answered, 2U * (kQueries + 1));
    EXPECT_EQ(worker.neighbours, 2U);
    EXPECT_EQ(worker.answered + worker.neighbours + worker.from_kernel, worker.transmitted + worker.untransmitted);
    EXPECT_EQ(worker.untransmitted, 0U);
  }
  for (unsigned number = 0; number < 2; ++number) {
    unsigned arp_replies = 0;
    for (unsigned q = 0; q < workers; ++q) {
      unsigned dns = 0;
      for (const Octets& frame : read_capture(file("out", number, q))) {
        if (read16(frame, 12) == 0x0806 && read16(frame, 20) == 2) ++arp_replies;
        if (read16(frame, 12) == 0x0800 && frame[23] == 17 && frame.ends_with(ip_octets("192.0.2.80"))) ++dns;
      }
      EXPECT_EQ(dns, kQueries) << "each queue answers what it received";
    }
    EXPECT_EQ(arp_replies, 2 * workers);
  }
}

}  // namespace
}  // namespace axfrd::dataplane
