// What does a change cost, without the disk? Microseconds to build a zone, and to apply one changed record to zones of
// 12 to 1 000 000 records.

#include <benchmark/benchmark.h>

#include "bench/world.h"

namespace axfrd::bench {
namespace {

using namespace zones;

void change_one_record(benchmark::State& state) {
  const auto hosts = static_cast<unsigned>(state.range(0));
  VersionRef version = big_zone("example.test.", hosts, 0);
  const std::string owner = host_of(hosts / 2, "example.test.");
  const Name name = name_of(owner);
  uint32_t address = 0x0A000000 + hosts / 2;
  for (auto _ : state) {
    std::array<uint8_t, 4> before, after;
    store32(before.data(), address);
    store32(after.data(), address ^= 0x01000000);
    Delta delta;
    delta.removed.emplace_back(Record{name, rrtype::A, 300, before});
    delta.added.emplace_back(Record{name, rrtype::A, 300, after});
    version = version->apply(delta, version->soa_record(), {});
  }
}
BENCHMARK(change_one_record)->Arg(9)->Arg(1000)->Arg(100000)->Arg(1000000)->Unit(benchmark::kMicrosecond);

void build(benchmark::State& state) {
  const auto hosts = static_cast<unsigned>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(big_zone("example.test.", hosts, 0));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * hosts);
}
BENCHMARK(build)->Arg(9)->Arg(100000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace axfrd::bench

BENCHMARK_MAIN();
