// Notices: what the log says of hosts, once for each host and reason.
//
// The first time is a line at once. What is the same again is counted, and told with its number after ten minutes, and
// after an hour each from then on. In all there are no more lines a minute than somebody reads; others are counted, and
// a line says how many were left out.
//
// Threads. One.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "control/base/log.h"
#include "dataplane/counters.h"

namespace axfrd::control {

class Notices {
 public:
  using Time = std::chrono::steady_clock::time_point;

  // `what`: the lines that may be left out, as in "about secondaries".
  Notices(const Log& log, LogLevel level, unsigned lines_a_minute, std::string what)
      : log_(log), level_(level), most_(lines_a_minute), what_(std::move(what)) {}

  // `text`: the whole line. `zone`: that it is about this time.
  void tell(Time now, const std::string& host, const std::string& reason, const std::string& text,
            const std::string& zone);
  // A line that counts as one of those a minute, and comes each time.
  void say(Time now, LogLevel level, const std::string& text);
  // Tells what has gathered. To be called each second or so.
  void turn(Time now);

  // Lines that were left out. Any thread.
  uint64_t left_out() const { return left_out_.read(); }

 private:
  static constexpr size_t kMostEntries = 512;

  struct Entry {
    uint64_t more = 0;  // times that no line tells of
    std::string last_zone;
    Time told;
    bool told_again = false;
  };

  void tell_again(Time now, const std::pair<std::string, std::string>& of, Entry& entry);
  void leave_out();

  const Log& log_;
  const LogLevel level_;
  const unsigned most_;
  const std::string what_;
  std::map<std::pair<std::string, std::string>, Entry> entries_;  // by host and reason
  Time minute_{};
  unsigned in_minute_ = 0;
  uint64_t left_out_untold_ = 0;
  dataplane::Counter left_out_;
};

}  // namespace axfrd::control
