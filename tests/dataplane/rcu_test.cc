// Reclaim: a version is destroyed when, and not before, nobody can still read it. The stress test is for
// ThreadSanitizer's eyes.
#include "dataplane/rcu.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "zones/answer/respond.h"
#include "zones/data/zone_table.h"
#include "zones/text/zonefile.h"

namespace axfrd::dataplane {
namespace {

using namespace zones;

TEST(Rcu, NobodyHoldsUpTheWriterButOnlineReaders) {
  Rcu rcu(2);
  EXPECT_TRUE(rcu.passed(rcu.start())) << "no reader";
  Rcu::Reader reader(rcu);
  EXPECT_TRUE(rcu.passed(rcu.start())) << "an offline reader";
  reader.online();
  const Rcu::Token token = rcu.start();
  EXPECT_FALSE(rcu.passed(token));
  reader.offline();
  EXPECT_TRUE(rcu.passed(token));
  reader.online();
  EXPECT_TRUE(rcu.passed(token)) << "it came online after the token, and cannot have the old pointer";
  reader.offline();
}

TEST(Rcu, AReadSectionEndsWithItsScope) {
  Rcu rcu(1);
  Rcu::Reader reader(rcu);
  std::optional<ReadSection> section(std::in_place, reader);
  const Rcu::Token token = rcu.start();
  EXPECT_FALSE(rcu.passed(token));
  section.reset();
  EXPECT_TRUE(rcu.passed(token));
}

TEST(Rcu, ReadersComeAndGo) {
  Rcu rcu(2);
  for (int i = 0; i < 10; ++i) {
    Rcu::Reader one(rcu), two(rcu);
    EXPECT_THROW(Rcu::Reader three(rcu), std::runtime_error);
    one.online();
  }
  EXPECT_TRUE(rcu.passed(rcu.start())) << "those who left are not waited for";
}

constexpr unsigned kZones = 3, kReaders = 2;

// A zone in which the address says what the serial is, so that a mixture of versions shows.
VersionRef zone_at(unsigned zone, uint32_t serial) {
  const std::string apex = "z" + std::to_string(zone) + ".example", n = std::to_string(serial);
  const std::string text = "$TTL 60\n@ SOA ns h " + n + " 1 1 1 1\n@ NS ns\n@ TXT " + n + "\nns A 192.0.2.1\n";
  auto parsed = parse_zone(text, *Name::from_text(apex), "test");
  return ZoneVersion::build(std::get<ZoneText>(parsed).records);
}

// What stands in place of control/committer: publishes, and destroys what everybody has left behind.
class Writer {
 public:
  Writer(ZoneTable& zones, Rcu& rcu) : zones_(zones), rcu_(rcu) {}

  void publish(VersionRef version) { retire(zones_.publish(std::move(version))); }
  void remove(unsigned zone) { retire(zones_.remove(*Name::from_text("z" + std::to_string(zone) + ".example"))); }
  void reclaim() {
    while (!retired_.empty() && rcu_.passed(retired_.front().token)) retired_.pop_front();
  }
  size_t waiting() const { return retired_.size(); }

 private:
  struct Waiting {
    Rcu::Token token;
    ZoneTable::Retired what;
  };
  void retire(ZoneTable::Retired what) {
    const Rcu::Token token = rcu_.start();
    retired_.push_back({token, std::move(what)});
  }
  ZoneTable& zones_;
  Rcu& rcu_;
  std::deque<Waiting> retired_;
};

// Asks for the TXT record, and gives the serial it names; nothing if the zone is not there.
std::optional<uint32_t> ask(const Responder& responder, Query& query, std::array<uint8_t, 512>& buffer, unsigned zone) {
  const std::string label = "z" + std::to_string(zone);
  const std::string question = std::string("\0\1\0\0\0\1\0\0\0\0\0\0", 12) + static_cast<char>(label.size()) + label +
                               std::string("\7example\0\0\x10\0\1", 13);
  std::copy(question.begin(), question.end(), buffer.begin());
  query.message = buffer.data();
  query.size = static_cast<unsigned>(question.size());
  query.capacity = static_cast<unsigned>(buffer.size());
  query.transport = Transport::udp;
  if (query.parse() != Disposition::answer) return std::nullopt;
  const unsigned size = responder.respond(query);
  if ((buffer[3] & 0xF) != 0 || load16(&buffer[6]) != 1) return std::nullopt;
  const std::string text(buffer.begin() + static_cast<long>(question.size()) + 13, buffer.begin() + size);
  return static_cast<uint32_t>(std::stoul(text));
}

TEST(Rcu, ReadersSeeWholeVersionsWhileTheWriterPublishesAtFullSpeed) {
  constexpr uint32_t kRounds = 400;
  ZoneTable zones;
  const CookieJar cookies;
  const Responder responder(zones, cookies, {});
  Rcu rcu(kReaders);
  Writer writer(zones, rcu);
  std::atomic<bool> stop{false};
  std::atomic<unsigned> started{0};

  const auto read = [&](unsigned self) {
    Rcu::Reader reader(rcu);
    Query query;
    std::array<uint8_t, 512> buffer;
    std::array<uint32_t, kZones> last{};
    uint64_t answers = 0;
    started.fetch_add(1);
    while (!stop.load(std::memory_order_relaxed)) {
      const ReadSection section(reader);
      for (unsigned zone = 0; zone < kZones; ++zone) {
        const auto serial = ask(responder, query, buffer, zone);
        if (!serial) continue;
        if (*serial < last[zone]) ADD_FAILURE() << "reader " << self << " went back in time";
        last[zone] = *serial;
        ++answers;
      }
    }
    EXPECT_GT(answers, 0U);
  };
  for (unsigned zone = 0; zone < kZones; ++zone) writer.publish(zone_at(zone, 1));
  std::vector<std::thread> readers;
  for (unsigned i = 0; i < kReaders; ++i) readers.emplace_back(read, i);
  while (started.load() < kReaders) std::this_thread::yield();

  for (uint32_t serial = 2; serial < kRounds; ++serial) {
    for (unsigned zone = 0; zone < kZones - 1; ++zone) writer.publish(zone_at(zone, serial));
    if (serial % 2 == 0) {
      writer.remove(kZones - 1);
    } else {
      writer.publish(zone_at(kZones - 1, serial));
    }
    writer.reclaim();
  }
  stop.store(true, std::memory_order_relaxed);
  for (std::thread& reader : readers) reader.join();
  writer.reclaim();
  EXPECT_EQ(writer.waiting(), 0U) << "with the readers gone, nothing may be kept";
}

}  // namespace
}  // namespace axfrd::dataplane
