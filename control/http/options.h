// HttpOptions: where and how HTTP is served.
//
// Threads. Values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "control/base/address.h"

namespace axfrd::control {

// Who may use the console, and how.
struct ConsoleOptions {
  bool is_on = false;
  std::vector<std::string> origins = {};        // "https://dns.example.net", from which its pages may be, besides ours
  std::vector<IpAddress> trusted_proxies = {};  // who say by a header which user a request is of
};

struct HttpOptions {
  std::vector<Endpoint> endpoints;
  std::optional<std::filesystem::path> socket;            // a Unix socket, which is always plain
  std::optional<std::filesystem::path> certificate, key;  // none: plain
  bool open_metrics = false;                              // /metrics without a token
  ConsoleOptions console = {};
  size_t max_connections = 1024, max_per_client = 128;
  bool is_on() const { return !endpoints.empty() || socket; }
};

}  // namespace axfrd::control
