// What does publishing cost those who answer? A reader takes turns of 32 queries over one zone of 1 000 000 records and
// 10 000 zones of 12, as a worker does, first alone, and then while a writer changes the zones and publishes as fast as
// it can. Prints how long turns take: half of them, all but one in a hundred, in a thousand, in ten thousand, and the
// worst. Rounds alternate; the median of each figure is given, and what publishing makes of it.
//
//   bench_publish [ROUNDS]
//
// The reader has the last CPU, the writer the first. A machine with other work shows in the worst turn of both.

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <thread>

#include "bench/world.h"
#include "dataplane/rcu.h"
#include "zones/answer/respond.h"

namespace axfrd::bench {
namespace {

using namespace zones;
using Clock = std::chrono::steady_clock;

constexpr unsigned kBurst = 32, kQueries = 1 << 16, kHosts = 1000000, kSmallZones = 10000;
constexpr auto kRound = std::chrono::seconds(2);

void pin(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

std::string query_for(const std::string& qname, uint16_t qtype) {
  std::array<uint8_t, 4> tail;
  store16(tail.data(), qtype);
  store16(tail.data() + 2, rrclass::IN);
  return std::string("\x12\x34\0\0\0\1\0\0\0\0\0\1", 12) + wire_of(qname) +
         std::string(reinterpret_cast<const char*>(tail.data()), 4) + std::string("\0\0\x29\x04\xD0\0\0\0\0\0\0", 11);
}

// Half of the queries go to the large zone, half to the small ones.
std::vector<std::string> queries() {
  std::mt19937 random(1);
  std::vector<std::string> all;
  for (unsigned i = 0; i < kQueries; ++i) {
    const auto n = static_cast<unsigned>(random());
    all.push_back(i % 2 == 0 ? query_for(host_of(n % kHosts, "large.test."), rrtype::A)
                             : query_for(small_apex(n % kSmallZones), rrtype::SOA));
  }
  return all;
}

// The reader's side: all turns of one round, in nanoseconds.
class Reader {
 public:
  Reader(const ZoneTable& table, dataplane::Rcu& rcu) : responder_(table, cookies_, {}), rcu_(rcu) {}

  std::vector<uint32_t> run() {
    dataplane::Rcu::Reader reader(rcu_);
    std::vector<uint32_t> turns;
    turns.reserve(size_t{1} << 20);
    for (const auto end = Clock::now() + kRound; Clock::now() < end;) {
      fill();
      const auto begin = Clock::now();
      {
        const dataplane::ReadSection section(reader);
        answer();
      }
      turns.push_back(static_cast<uint32_t>((Clock::now() - begin).count()));
    }
    return turns;
  }

 private:
  void fill() {
    for (unsigned i = 0; i < kBurst; ++i, next_ = (next_ + 1) % kQueries)
      burst_[i].size = static_cast<unsigned>(queries_[next_].copy(messages_[i].data(), messages_[i].size()));
  }
  void answer() {
    for (unsigned i = 0; i < kBurst; ++i) {
      Query& q = burst_[i];
      q.message = reinterpret_cast<uint8_t*>(messages_[i].data());
      q.capacity = 1232;
      q.parse();
    }
    responder_.prepare([this](auto&& step) {
      for (Query& q : burst_) step(q);
    });
    for (Query& q : burst_) responder_.write(q);
  }

  const CookieJar cookies_;
  const Responder responder_;
  dataplane::Rcu& rcu_;
  const std::vector<std::string> queries_ = queries();
  size_t next_ = 0;
  std::array<std::array<char, 2048>, kBurst> messages_;
  std::array<Query, kBurst> burst_;
};

// The writer's side: the committer's work without a disk.
class Publisher {
 public:
  Publisher(ZoneTable& table, dataplane::Rcu& rcu) : table_(table), rcu_(rcu) {
    large_ = big_zone("large.test.", kHosts, 0);
    (void)table_.publish(large_);
    for (unsigned i = 0; i < kSmallZones; ++i) small_.push_back(small_zone(i));
    (void)table_.publish_new(small_);
  }

  // Changes and publishes until `stop`; how often.
  unsigned run(const std::atomic<bool>& stop) {
    unsigned count = 0;
    for (; !stop.load(std::memory_order_relaxed); ++count) {
      VersionRef& version = count % 2 == 0 ? large_ : small_[random_() % kSmallZones];
      version = with_next_serial(*version);
      ZoneTable::Retired replaced = table_.publish(version);  // first, for the token tells who may still see it
      retired_.push_back({rcu_.start(), std::move(replaced)});
      while (!retired_.empty() && rcu_.passed(retired_.front().token)) retired_.pop_front();
    }
    return count;
  }

 private:
  struct Retired {
    dataplane::Rcu::Token token;
    ZoneTable::Retired what;
  };

  // With one address added or taken away.
  VersionRef with_next_serial(const ZoneVersion& version) {
    OwnedRecord soa = version.soa_record();
    set_soa_serial(soa, version.serial() + 1);
    const std::string host = "extra" + std::to_string(random_() % 100) + ".";
    const Name owner = name_of(host + version.apex().name.to_text());
    const std::array<uint8_t, 4> address{192, 0, 2, 77};
    Delta delta;
    const Record record{owner, rrtype::A, 300, address};
    (version.records_at(owner).empty() ? delta.added : delta.removed).emplace_back(record);
    return version.apply(delta, soa, version.attributes());
  }

  ZoneTable& table_;
  dataplane::Rcu& rcu_;
  std::mt19937 random_{2};
  VersionRef large_;
  std::vector<VersionRef> small_;
  std::deque<Retired> retired_;
};

constexpr std::array<double, 5> kShares{0.5, 0.99, 0.999, 0.9999, 1};
constexpr std::array<const char*, 5> kNames{"half", "99 %", "99.9 %", "99.99 %", "the worst"};
using Figures = std::array<double, kShares.size()>;

// Microseconds within which each share of the turns ended.
Figures figures_of(std::vector<uint32_t> turns) {
  std::ranges::sort(turns);
  Figures figures;
  for (size_t i = 0; i < kShares.size(); ++i)
    figures[i] = turns[static_cast<size_t>(static_cast<double>(turns.size() - 1) * kShares[i])] / 1000.0;
  return figures;
}

double median(const std::vector<Figures>& rounds, size_t figure) {
  std::vector<double> values;
  for (const Figures& f : rounds) values.push_back(f[figure]);
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void run(unsigned rounds) {
  ZoneTable table;
  dataplane::Rcu rcu(1);
  Publisher publisher(table, rcu);
  Reader reader(table, rcu);
  const unsigned last_cpu = std::max(std::thread::hardware_concurrency(), 1U) - 1;
  std::vector<Figures> quiet, busy;
  std::vector<unsigned> published;
  pin(last_cpu);
  reader.run();
  for (unsigned round = 0; round < rounds; ++round) {
    quiet.push_back(figures_of(reader.run()));
    std::atomic<bool> stop{false};
    std::thread writer([&] {
      pin(0);
      published.push_back(publisher.run(stop));
    });
    busy.push_back(figures_of(reader.run()));
    stop = true;
    writer.join();
  }
  std::ranges::sort(published);
  std::printf("A turn of %u queries, µs, medians of %u rounds; %.0f versions a second were published.\n\n", kBurst,
              rounds, published[rounds / 2] / std::chrono::duration<double>(kRound).count());
  std::printf("| turns | quiet | while publishing | ratio |\n|---|---:|---:|---:|\n");
  for (size_t i = 0; i < kShares.size(); ++i) {
    const double q = median(quiet, i), b = median(busy, i);
    std::printf("| %s | %.1f | %.1f | %.2f |\n", kNames[i], q, b, b / q);
  }
}

}  // namespace
}  // namespace axfrd::bench

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 5;
  if (rounds < 1) {
    std::fprintf(stderr, "usage: bench_publish [ROUNDS]\n");
    return 2;
  }
  axfrd::bench::run(static_cast<unsigned>(rounds));
}
