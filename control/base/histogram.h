// Histogram: how often something took how long, as Prometheus counts it.
//
// Threads. One writer; anybody may read, and sees each count late but never torn.
#pragma once

#include <array>
#include <chrono>

#include "control/base/json.h"
#include "dataplane/counters.h"

namespace axfrd::control {

class Histogram {
 public:
  void add(std::chrono::nanoseconds took);
  // {"buckets": {"0.001": …, "+Inf": …}, "sum": …, "count": …}: by seconds, how many took no longer; the seconds of
  // all; and their number.
  Json to_json() const;

 private:
  // A change reaches a secondary within milliseconds or, if that has to be called, within hours.
  static constexpr std::array kBounds{0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 3600.0};

  std::array<dataplane::Counter, kBounds.size() + 1> counts_;
  dataplane::Counter microseconds_;
};

}  // namespace axfrd::control
