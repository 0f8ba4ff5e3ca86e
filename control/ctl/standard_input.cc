#include "control/ctl/standard_input.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace axfrd::control {

StandardInput& StandardInput::get() {
  static StandardInput input;
  return input;
}

bool StandardInput::has_line() {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  while (!is_whole() && poll(&input, 1, 0) == 1) read();
  return is_whole();
}

std::optional<std::string> StandardInput::line() {
  while (!is_whole()) read();
  if (begin_ == text_.size()) return std::nullopt;
  const size_t end = std::min(text_.find('\n', begin_), text_.size());
  std::string line = text_.substr(begin_, end - begin_);
  begin_ = std::min(end + 1, text_.size());
  return line;
}

void StandardInput::read() {
  std::array<char, 16 * 1024> chunk{};
  const ssize_t got = ::read(STDIN_FILENO, chunk.data(), chunk.size());
  if (got < 0 && errno == EINTR) return;
  text_.erase(0, std::exchange(begin_, 0));
  if (got > 0) text_.append(chunk.data(), static_cast<size_t>(got));
  ended_ = got <= 0;
}

}  // namespace axfrd::control
