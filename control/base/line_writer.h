// LineWriter: lines for a descriptor that may not take them now: a pipe that nobody reads, a file on a full disk.
//
// write() never waits. A thread of the writer's own hands the lines to the descriptor, and some may wait for that in a
// bounded queue. Lines beyond it are dropped, as are those that the descriptor refuses. How many there were is told by
// a line as soon as the descriptor takes lines again.
//
// Threads. Any may write.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace axfrd::control {

class LineWriter {
 public:
  // The line, with its newline, that tells of so many dropped ones. Called in the writer's thread.
  using Told = std::function<std::string(uint64_t lines)>;

  // Writes to a duplicate of `fd`.
  LineWriter(int fd, Told told);
  // Waits for lines to be written, but for a second at most.
  ~LineWriter();
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;

  // Lines that nobody has begun to write go to a duplicate of `fd` from now on. The thread closes the old one.
  void change(int fd);
  // `line` ends with a newline.
  void write(std::string line);
  // Waits until all lines are written or dropped, but for a second at most; whether they are.
  bool flush() const;
  // Lines that were dropped until now.
  uint64_t dropped() const;

 private:
  struct State;

  static void run(State& state);

  // Shared with the thread, which may be held up for ever, and is left behind then.
  const std::shared_ptr<State> state_;
  std::thread thread_;
};

}  // namespace axfrd::control
