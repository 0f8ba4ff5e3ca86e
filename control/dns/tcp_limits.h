// The limits of TCP clients.
#pragma once

#include <chrono>
#include <cstddef>

namespace axfrd::control {

struct TcpLimits {
  size_t max_sessions = 4096;
  size_t max_per_client = 256;                // a client is an IPv4 address or an IPv6 /64
  size_t max_per_prefix = 1024;               // IPv4 /24 or IPv6 /48
  size_t max_per_secondary = 16;              // per host in the room for secondaries
  std::chrono::milliseconds idle{30'000};     // without a request, or without the client reading what we send
  std::chrono::milliseconds request{10'000};  // from a request's first octet, or the session's begin, to its last
};

}  // namespace axfrd::control
