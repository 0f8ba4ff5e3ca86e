#include "control/base/log.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>

#include "control/base/unix_time.h"

namespace axfrd::control {

namespace {

struct Level {
  LogLevel level;
  std::string_view name;
};
constexpr std::array kLevels{Level{LogLevel::error, "error"}, Level{LogLevel::warning, "warning"},
                             Level{LogLevel::info, "info"}, Level{LogLevel::debug, "debug"}};

// $JOURNAL_STREAM is "device:inode" of the stream that systemd gave us; it may since have been redirected.
bool is_journal(int fd) {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat status {};
  if (stream == nullptr || fstat(fd, &status) != 0) return false;
  return std::string_view(stream) == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

std::string line_of(bool journal, LogLevel level, std::string_view text) {
  const std::string head = journal ? "<" + std::to_string(static_cast<int>(level)) + ">"
                                   : utc_text(unix_time_ms()) + " " + std::string(to_text(level)) + ": ";
  return head + std::string(text) + "\n";
}

}  // namespace

std::string_view to_text(LogLevel level) {
  return std::find_if(kLevels.begin(), kLevels.end(), [&](const Level& l) { return l.level == level; })->name;
}

LogLevel parse_log_level(std::string_view text) {
  for (const Level& level : kLevels) {
    if (level.name == text) return level.level;
  }
  throw std::invalid_argument("'" + std::string(text) + "' is no log level: use error, warning, info or debug");
}

Log::Log(LogLevel most, int fd)
    : most_(most), journal_(is_journal(fd)), writer_(fd, [journal = journal_](uint64_t lines) {
        const char* were = lines == 1 ? " line is" : " lines are";
        return line_of(journal, LogLevel::warning, text(lines, were, " missing here: the log could not be written"));
      }) {}

void Log::write_line(LogLevel level, std::string text) const {
  // Messages quote file contents and peers: no control character of theirs starts a line or drives a terminal.
  std::replace_if(
      text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, '?');
  if (const Listener* listener = listener_.load(std::memory_order_acquire); listener && level <= LogLevel::warning)
    (*listener)(level, text);
  writer_.write(line_of(journal_, level, text));
}

}  // namespace axfrd::control
