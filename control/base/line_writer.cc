#include "control/base/line_writer.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <deque>
#include <utility>

#include "dataplane/mutex.h"

namespace axfrd::control {

namespace {

constexpr size_t kMostQueued = 1U << 20;  // octets
constexpr auto kFlushPatience = std::chrono::seconds(1);

// What came of a line.
enum class Written : uint8_t { whole, part, nothing };

// Waits for as long as it takes.
Written write_whole(int fd, std::string_view line) {
  size_t at = 0;
  while (at < line.size()) {
    const ssize_t octets = ::write(fd, line.data() + at, line.size() - at);
    if (octets > 0) {
      at += static_cast<size_t>(octets);
    } else if (errno == EAGAIN) {  // somebody else has made this description non-blocking
      pollfd wanted{fd, POLLOUT, 0};
      poll(&wanted, 1, -1);
    } else if (errno != EINTR) {
      return at == 0 ? Written::nothing : Written::part;
    }
  }
  return Written::whole;
}

}  // namespace

struct LineWriter::State {
  State(int to, Told how) : fd(fcntl(to, F_DUPFD_CLOEXEC, 0)), told(std::move(how)) {}
  ~State() {
    close(fd);
    if (next_fd >= 0) close(next_fd);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  int fd;  // of the thread; when there is none, all lines are refused
  const Told told;

  dataplane::Mutex mutex;
  std::condition_variable changed;
  int next_fd GUARDED_BY(mutex) = -1;  // takes the place of fd
  std::deque<std::string> queue GUARDED_BY(mutex);
  size_t queued GUARDED_BY(mutex) = 0;     // octets
  uint64_t dropped GUARDED_BY(mutex) = 0;  // lines
  uint64_t untold GUARDED_BY(mutex) = 0;   // of these, those that no line has told of
  bool writing GUARDED_BY(mutex) = false;
  bool stopping GUARDED_BY(mutex) = false;
};

LineWriter::LineWriter(int fd, Told told)
    : state_(std::make_shared<State>(fd, std::move(told))), thread_([state = state_] { run(*state); }) {}

LineWriter::~LineWriter() {
  const bool written = flush();
  {
    const dataplane::Lock lock(state_->mutex);
    state_->stopping = true;
  }
  state_->changed.notify_all();
  written ? thread_.join() : thread_.detach();
}

void LineWriter::change(int fd) {
  const int duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (duplicate < 0) return;
  const dataplane::Lock lock(state_->mutex);
  if (state_->next_fd >= 0) close(state_->next_fd);
  state_->next_fd = duplicate;
}

void LineWriter::write(std::string line) {
  {
    const dataplane::Lock lock(state_->mutex);
    if (state_->queued + line.size() > kMostQueued) {
      ++state_->dropped;
      ++state_->untold;
      return;
    }
    state_->queued += line.size();
    state_->queue.push_back(std::move(line));
  }
  state_->changed.notify_all();
}

bool LineWriter::flush() const {
  dataplane::Lock lock(state_->mutex);
  return lock.wait_for(state_->changed, kFlushPatience,
                       [this]() REQUIRES(state_->mutex) { return state_->queue.empty() && !state_->writing; });
}

uint64_t LineWriter::dropped() const {
  const dataplane::Lock lock(state_->mutex);
  return state_->dropped;
}

void LineWriter::run(State& state) {
  // Who has left the other end of a pipe is told of by the error, too.
  sigset_t broken_pipe;
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
  bool broken_line = false;  // the descriptor took the beginning of a line
  const auto put = [&](const std::string& line) -> bool {
    if (broken_line && write_whole(state.fd, "\n") != Written::whole) return false;
    broken_line = false;
    const Written written = write_whole(state.fd, line);
    broken_line = written == Written::part;
    return written == Written::whole;
  };
  dataplane::Lock lock(state.mutex);
  while (true) {
    state.writing = false;
    state.changed.notify_all();
    lock.wait(state.changed, [&]() REQUIRES(state.mutex) { return !state.queue.empty() || state.stopping; });
    if (state.queue.empty()) return;
    state.writing = true;
    if (state.next_fd >= 0) {
      close(state.fd);
      state.fd = std::exchange(state.next_fd, -1);
      broken_line = false;
    }
    const std::deque<std::string> lines = std::exchange(state.queue, {});
    state.queued = 0;
    uint64_t untold = std::exchange(state.untold, 0);  // they came when these lines had filled the queue
    lock.unlock();
    uint64_t refused = 0, untold_before = 0;
    // Tells of the dropped lines, if there are any. Whether there are none to be told of any more.
    const auto tell = [&](uint64_t& count) {
      if (count != 0 && put(state.told(count))) count = 0;
      return count == 0;
    };
    for (const std::string& line : lines) {
      if (tell(untold_before) && put(line)) continue;
      ++refused;
      ++untold_before;
    }
    untold += untold_before;
    tell(untold);
    lock.lock();
    state.dropped += refused;
    state.untold += untold;
  }
}

}  // namespace axfrd::control
