// Log: one line an event, to standard error.
//
// When standard error is the journal, lines carry its `<N>` priority prefix (sd-daemon(3)); otherwise a time stamp and
// the level. Nobody waits for standard error: when it takes no more lines, they are dropped, and a line says how many
// as soon as it takes some again.
//
// Threads. Any thread may log, and change the level. Packet workers do not log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>

#include "control/base/line_writer.h"

namespace axfrd::control {

enum class LogLevel : uint8_t { error = 3, warning = 4, info = 6, debug = 7 };  // as in syslog(3)

// Throws std::invalid_argument when `text` names no level.
LogLevel parse_log_level(std::string_view text);
std::string_view to_text(LogLevel level);

class Log {
 public:
  explicit Log(LogLevel most, int fd = 2);

  // Waits until what was logged is written or dropped, but for a second at most; whether it is.
  bool flush() const { return writer_.flush(); }
  uint64_t dropped_lines() const { return writer_.dropped(); }

  // Whether lines of that level are written: for those that take work to make.
  bool shows(LogLevel level) const { return level <= most(); }
  // The level of the least lines that are written.
  LogLevel most() const { return most_.load(std::memory_order_relaxed); }
  void set_most(LogLevel level) { most_.store(level, std::memory_order_relaxed); }

  // Who hears of warnings and errors, in any thread; null: nobody. Until another one is set, it must be there.
  using Listener = std::function<void(LogLevel level, const std::string& text)>;
  void set_listener(const Listener* listener) { listener_.store(listener, std::memory_order_release); }

  // A line for later.
  template <class... Parts>
  static std::string text(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    return std::move(text).str();
  }

  template <class... Parts>
  void error(const Parts&... parts) const {
    write(LogLevel::error, parts...);
  }
  template <class... Parts>
  void warning(const Parts&... parts) const {
    write(LogLevel::warning, parts...);
  }
  template <class... Parts>
  void info(const Parts&... parts) const {
    write(LogLevel::info, parts...);
  }
  template <class... Parts>
  void debug(const Parts&... parts) const {
    write(LogLevel::debug, parts...);
  }

 private:
  template <class... Parts>
  void write(LogLevel level, const Parts&... parts) const {
    if (shows(level)) write_line(level, text(parts...));
  }
  void write_line(LogLevel level, std::string text) const;

  std::atomic<LogLevel> most_;
  std::atomic<const Listener*> listener_ = nullptr;
  const bool journal_;
  mutable LineWriter writer_;
};

}  // namespace axfrd::control
