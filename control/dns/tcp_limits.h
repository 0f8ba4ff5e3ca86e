// What TCP clients may take.
#pragma once

#include <chrono>
#include <cstddef>

namespace axfrd::control {

struct TcpLimits {
  size_t max_sessions = 4096;
  size_t max_per_client = 256;             // a client is an IPv4 address or an IPv6 /64
  std::chrono::milliseconds idle{30'000};  // without a request, or without the client reading what we send
};

}  // namespace axfrd::control
