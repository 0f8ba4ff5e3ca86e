// What does one answer cost, without packets? Nanoseconds a query of the answering core, parse included, for bursts of
// 32 as the worker handles them: hit, NXDOMAIN, delegation, SOA poll; in one zone, signed or not, and in 100 000 zones;
// what a cookie and the rate limit add; beside a bare copy of the same message.
//
//   bench_answer [--benchmark_filter=REGEX] [--benchmark_repetitions=5]

#include <benchmark/benchmark.h>

#include <malloc.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <random>

#include "bench/world.h"
#include "dataplane/rate_limit.h"
#include "zones/answer/respond.h"

namespace axfrd::bench {
namespace {

using namespace zones;

constexpr unsigned kBurst = 32, kQueries = 1 << 16, kManyZones = 100000, kHosts = 100000, kCuts = 10000,
                   kSignedHosts = 20000;
constexpr uint32_t kNow = 1'700'000'000;
constexpr std::array<uint8_t, 4> kClient{192, 0, 2, 1};

// Zones, made when a case first asks for them.
const ZoneTable& table_of(const std::function<void(ZoneTable&)>& fill, const char* what, unsigned parts) {
  auto* table = new ZoneTable;  // for as long as the program runs
  const size_t before = mallinfo2().uordblks;
  fill(*table);
  std::fprintf(stderr, "%s: %.1f octets each\n", what, static_cast<double>(mallinfo2().uordblks - before) / parts);
  return *table;
}
const ZoneTable& one() {
  static const ZoneTable& table = table_of([](ZoneTable& t) { (void)t.publish(big_zone("example.test.", kHosts, 0)); },
                                           "records of one zone", kHosts);
  return table;
}
const ZoneTable& cuts() {
  static const ZoneTable& table =
      table_of([](ZoneTable& t) { (void)t.publish(big_zone("example.test.", kHosts, kCuts)); },
               "records of a zone with delegations", kHosts + 4 * kCuts);
  return table;
}
const ZoneTable& secure() {
  static const ZoneTable& table =
      table_of([](ZoneTable& t) { (void)t.publish(signed_zone("example.test.", kSignedHosts)); },
               "names of a signed zone", kSignedHosts);
  return table;
}
const ZoneTable& many() {
  static const ZoneTable& table = table_of(
      [](ZoneTable& t) {
        std::vector<VersionRef> versions;
        for (unsigned i = 0; i < kManyZones; ++i) versions.push_back(small_zone(i));
        (void)t.publish_new(std::move(versions));
      },
      "zones of 12 records", kManyZones);
  return table;
}

const CookieJar& cookies() {
  static const CookieJar jar;
  return jar;
}

// An OPT record with these flags and options.
std::string opt(unsigned flags = 0, const std::string& options = "") {
  std::array<uint8_t, 11> head{0, 0, rrtype::OPT, 0x04, 0xD0};
  store16(&head[7], flags);
  store16(&head[9], static_cast<unsigned>(options.size()));
  return std::string(head.begin(), head.end()) + options;
}

// A COOKIE option as a client shows it that has been here before.
std::string good_cookie() {
  std::array<uint8_t, kCookie> cookie{'c', 'l', 'i', 'e', 'n', 't', '.', '.'};
  renew_cookie(cookie, kClientCookie, kClient, kNow, cookies().current());
  return std::string("\0\x0A\0\x18", 4) + std::string(cookie.begin(), cookie.end());
}

std::vector<std::string> queries(uint16_t qtype, const std::function<std::string(unsigned)>& qname,
                                 const std::string& edns = opt()) {
  std::vector<std::string> all(kQueries);
  std::mt19937 random(1);
  for (auto& q : all) {
    std::array<uint8_t, 4> tail;
    store16(tail.data(), qtype);
    store16(tail.data() + 2, rrclass::IN);
    q = std::string("\x12\x34\0\0\0\1\0\0\0\0\0\1", 12) + wire_of(qname(static_cast<unsigned>(random()))) +
        std::string(reinterpret_cast<const char*>(tail.data()), 4) + edns;
  }
  return all;
}

// As a worker does it, but for the clock.
void limit(dataplane::RateLimiter& limiter, std::span<Query> burst, uint64_t now) {
  std::array<dataplane::RateLimiter::Key, kBurst> keys;
  for (unsigned i = 0; i < kBurst; ++i) {
    keys[i] = limiter.key_of(burst[i]);
    limiter.prefetch(keys[i]);
  }
  for (unsigned i = 0; i < kBurst; ++i) benchmark::DoNotOptimize(limiter.decide(keys[i], burst[i], now));
}

// Answers bursts; each query is copied into its buffer first, as a NIC would.
void answer(benchmark::State& state, const ZoneTable& zones, const std::vector<std::string>& all,
            dataplane::RateLimiter* limiter = nullptr) {
  const Responder responder(zones, cookies(), {});
  static std::array<std::array<uint8_t, 2048>, kBurst> buffers;
  static std::array<Query, kBurst> burst;
  size_t next = 0, octets = 0;
  for (auto _ : state) {
    for (unsigned i = 0; i < kBurst; ++i) {
      const std::string& q = all[next++ % kQueries];
      std::memcpy(buffers[i].data(), q.data(), q.size());
      burst[i].message = buffers[i].data();
      burst[i].size = static_cast<unsigned>(q.size());
      burst[i].capacity = 1472;
      burst[i].client = kClient;
      burst[i].now = kNow;
      burst[i].parse();
    }
    responder.prepare([](auto&& step) {
      for (Query& q : burst) step(q);
    });
    for (Query& q : burst) octets += responder.write(q);
    if (limiter != nullptr) limit(*limiter, burst, next * 1000);
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBurst);
  state.counters["octets"] =
      benchmark::Counter(static_cast<double>(octets) / static_cast<double>(state.iterations() * kBurst));
}

void copy_only(benchmark::State& state) {
  const auto all = queries(rrtype::A, [](unsigned r) { return host_of(r % kHosts, "example.test."); });
  static std::array<std::array<uint8_t, 2048>, kBurst> buffers;
  size_t next = 0;
  for (auto _ : state) {
    for (unsigned i = 0; i < kBurst; ++i) {
      const std::string& q = all[next++ % kQueries];
      std::memcpy(buffers[i].data(), q.data(), q.size());
      benchmark::DoNotOptimize(buffers[i].data());
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * kBurst);
}
BENCHMARK(copy_only);

void one_zone_hit(benchmark::State& state) {
  answer(state, one(), queries(rrtype::A, [](unsigned r) { return host_of(r % kHosts, "example.test."); }));
}
BENCHMARK(one_zone_hit);

void one_zone_hit_with_cookie(benchmark::State& state) {
  answer(state, one(),
         queries(
             rrtype::A, [](unsigned r) { return host_of(r % kHosts, "example.test."); }, opt(0, good_cookie())));
}
BENCHMARK(one_zone_hit_with_cookie);

void one_zone_hit_with_rate_limit(benchmark::State& state) {
  dataplane::RateLimiter limiter(1'000'000'000, {});
  answer(state, one(), queries(rrtype::A, [](unsigned r) { return host_of(r % kHosts, "example.test."); }), &limiter);
}
BENCHMARK(one_zone_hit_with_rate_limit);

void one_zone_hit_one_name(benchmark::State& state) {
  answer(state, one(), queries(rrtype::A, [](unsigned) { return host_of(7, "example.test."); }));
}
BENCHMARK(one_zone_hit_one_name);

void one_zone_nxdomain(benchmark::State& state) {
  answer(state, one(), queries(rrtype::A, [](unsigned r) { return "x" + std::to_string(r) + ".example.test."; }));
}
BENCHMARK(one_zone_nxdomain);

void one_zone_delegation(benchmark::State& state) {
  answer(state, cuts(), queries(rrtype::A, [](unsigned r) { return "www." + cut_of(r % kCuts, "example.test."); }));
}
BENCHMARK(one_zone_delegation);

void signed_hit(benchmark::State& state) {
  answer(state, secure(),
         queries(
             rrtype::A, [](unsigned r) { return host_of(r % kSignedHosts, "example.test."); }, opt(0x8000)));
}
BENCHMARK(signed_hit);

void signed_hit_without_do(benchmark::State& state) {
  answer(state, secure(), queries(rrtype::A, [](unsigned r) { return host_of(r % kSignedHosts, "example.test."); }));
}
BENCHMARK(signed_hit_without_do);

void signed_nxdomain(benchmark::State& state) {
  answer(state, secure(),
         queries(
             rrtype::A, [](unsigned r) { return "x" + std::to_string(r) + ".example.test."; }, opt(0x8000)));
}
BENCHMARK(signed_nxdomain);

void many_zones_soa(benchmark::State& state) {
  answer(state, many(), queries(rrtype::SOA, [](unsigned r) { return small_apex(r % kManyZones); }));
}
BENCHMARK(many_zones_soa);

void many_zones_hit(benchmark::State& state) {
  answer(state, many(), queries(rrtype::A, [](unsigned r) { return "www." + small_apex(r % kManyZones); }));
}
BENCHMARK(many_zones_hit);

void many_zones_nxdomain(benchmark::State& state) {
  answer(state, many(), queries(rrtype::A, [](unsigned r) { return "nx." + small_apex(r % kManyZones); }));
}
BENCHMARK(many_zones_nxdomain);

void refused(benchmark::State& state) {
  answer(state, many(), queries(rrtype::A, [](unsigned r) { return "www.stranger" + std::to_string(r) + ".test."; }));
}
BENCHMARK(refused);

}  // namespace
}  // namespace axfrd::bench

BENCHMARK_MAIN();
