// HttpOptions: where and how HTTP is served.
//
// Threads. Values.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <vector>

#include "control/base/address.h"

namespace axfrd::control {

struct HttpOptions {
  std::vector<Endpoint> endpoints;
  std::optional<std::filesystem::path> socket;            // a Unix socket, which is always plain
  std::optional<std::filesystem::path> certificate, key;  // none: plain
  bool open_metrics = false;                              // /metrics without a token
  size_t max_connections = 1024, max_per_client = 128;
  bool is_on() const { return !endpoints.empty() || socket; }
};

}  // namespace axfrd::control
