// Answers queries of a file from zones of files and ends, for bench/instructions.py, which counts what that takes.
//
//   query_loop core|worker QUERIES COUNT ZONE-FILE...
//     core      parses, looks up and writes, without packets
//     worker    a worker's whole turns over a port made of memory
//
// QUERIES are DNS messages, each behind its length in two octets; COUNT of them are taken in turn. A zone file is
// called after its zone: example.com.zone.

#include <array>
#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "bench/memory_port.h"
#include "zones/text/zonefile.h"

namespace axfrd::bench {
namespace {

std::string content_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + file.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<std::string> read_queries(const std::filesystem::path& file) {
  const std::string all = content_of(file);
  std::vector<std::string> queries;
  for (size_t at = 0; at + 2 <= all.size();) {
    const unsigned size = zones::load16(octets_of(all) + at);
    queries.push_back(all.substr(at + 2, size));
    at += 2 + size;
  }
  return queries;
}

void load(zones::ZoneTable& table, const std::filesystem::path& file) {
  auto parsed = zones::parse_zone(content_of(file), name_of(file.stem()), file.string());
  if (!std::holds_alternative<zones::ZoneText>(parsed)) throw std::runtime_error("errors in " + file.string());
  (void)table.publish(zones::ZoneVersion::build(std::get<zones::ZoneText>(parsed).records));
}

// Parses a burst, looks it up and writes the responses: what is counted of the core, and nothing else.
[[gnu::noinline]] void answer_burst(const zones::Responder& responder, std::span<zones::Query> burst) {
  for (zones::Query& query : burst) query.parse();
  responder.prepare([&](auto&& step) {
    for (zones::Query& query : burst) step(query);
  });
  for (zones::Query& query : burst) responder.write(query);
}

// Calls each(i) for the queries, a burst at a time, and then(), after each burst.
template <class Each, class Then>
void in_bursts(unsigned count, Each&& each, Then&& then) {
  for (unsigned i = 0; i < count;) {
    for (unsigned n = 0; n < kBurst; ++n) each(n, i++);
    then();
  }
}

void answer(const zones::Responder& responder, const std::vector<std::string>& queries, unsigned count) {
  constexpr std::array<uint8_t, 4> client{192, 0, 2, 1};
  std::array<std::array<uint8_t, 2048>, kBurst> buffers;
  std::array<zones::Query, kBurst> burst;
  const auto arrive = [&](unsigned n, unsigned i) {
    const std::string& query = queries[i % queries.size()];
    std::memcpy(buffers[n].data(), query.data(), query.size());
    burst[n].message = buffers[n].data();
    burst[n].size = static_cast<unsigned>(query.size());
    burst[n].capacity = 1472;
    burst[n].client = client;
  };
  in_bursts(count, arrive, [&] { answer_burst(responder, burst); });
}

void work(const zones::Responder& responder, const std::vector<std::string>& queries, unsigned count) {
  const auto eal = eal_in_memory();
  Wire wire;
  PuntRings to_kernel{0};
  PollRing polls{0};
  Rcu rcu(1);
  const std::atomic<bool> stop{false};
  WorkerOptions options{0, {{&wire.port, nullptr}}, &to_kernel, &polls, false, {.rate = 0}};
  Worker worker(options, responder, rcu, stop);
  std::vector<std::string> frames;
  for (const std::string& query : queries) frames.push_back(frame_of(wire.port.interface().mac, query, 1));
  in_bursts(
      count, [&](unsigned, unsigned i) { wire.arrive(frames[i % frames.size()]); },
      [&] {
        worker.turn();
        wire.take_away();
      });
}

void run(const std::vector<std::string>& arguments) {
  if (arguments.size() < 5) throw std::runtime_error("usage: query_loop core|worker QUERIES COUNT ZONE-FILE...");
  const auto queries = read_queries(arguments[2]);
  const auto count = static_cast<unsigned>(std::stoul(arguments[3]));
  zones::ZoneTable table;
  for (size_t i = 4; i < arguments.size(); ++i) load(table, arguments[i]);
  const zones::CookieJar cookies;
  const zones::Responder responder(table, cookies, {});
  (arguments[1] == "worker" ? work : answer)(responder, queries, count);
}

}  // namespace
}  // namespace axfrd::bench

int main(int argc, char** argv) {
  try {
    axfrd::bench::run({argv, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "query_loop: %s\n", error.what());
    return 1;
  }
}
