// PollRing: carries polls from a worker to control: which host asked for the SOA of a zone that has secondaries, and by
// IXFR from which serial. Polls are signs of life and no proofs, because the source address of a datagram can be
// forged.
//
// A full ring loses polls, because later ones will come.
//
// Threads. put(): the worker. take(): one thread of control.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>

struct rte_ring;

namespace axfrd::dataplane {

struct Poll {
  std::array<uint8_t, 16> address{};  // network order; IPv4 as ::ffff:a.b.c.d
  uint64_t zone = 0;                  // hash of the apex (NameHash::process())
  uint32_t serial = 0;                // stated by the request
  uint32_t states_serial = 0;         // whether it states one
};

class PollRing {
 public:
  static constexpr unsigned kSize = 4096;

  // `worker`: its number, unique in the process. Throws std::runtime_error. @pre the EAL is up
  explicit PollRing(unsigned worker);

  void put(const Poll& poll);
  // Fills the first places of `polls` and returns their number.
  unsigned take(std::span<Poll> polls);

 private:
  struct Free {
    void operator()(rte_ring* ring) const;
  };
  const std::unique_ptr<rte_ring, Free> ring_;
};

}  // namespace axfrd::dataplane
