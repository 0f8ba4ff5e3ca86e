#include "control/store/backup_writer.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "control/base/outcome.h"
#include "control/store/backup.h"
#include "control/store/store_error.h"

namespace axfrd::control {

namespace {

using dataplane::FileDescriptor;

StoreError file_failure(const std::filesystem::path& file) {
  return StoreError(file.string() + ": " + std::strerror(errno));
}

void write_whole(const FileDescriptor& to, std::string_view octets, const std::filesystem::path& file) {
  while (!octets.empty()) {
    const ssize_t n = ::write(to.get(), octets.data(), octets.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_failure(file);
    octets.remove_prefix(static_cast<size_t>(n));
  }
}

// Writes what comes through the socket to `file`, up to its end.
void receive(const FileDescriptor& from, const std::filesystem::path& file) {
  constexpr size_t kPiece = 256 * 1024;
  const FileDescriptor to(::open(file.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600));
  if (!to) throw file_failure(file);
  std::string piece(kPiece, '\0');
  for (;;) {
    const ssize_t n = ::read(from.get(), piece.data(), piece.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_failure(file);
    if (n == 0) break;
    write_whole(to, std::string_view(piece).substr(0, static_cast<size_t>(n)), file);
  }
  if (::fsync(to.get()) != 0) throw file_failure(file);
}

void sync_directory(const std::filesystem::path& directory) {
  const FileDescriptor fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) throw file_failure(directory);
}

}  // namespace

BackupWriter::BackupWriter(std::filesystem::path directory, Done done)
    : state_(std::make_shared<State>(std::move(directory), std::move(done))) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0)
    throw StoreError(std::string("there is no socket for the backup: ") + std::strerror(errno));
  state_->to = FileDescriptor(ends[0]);
  state_->from = FileDescriptor(ends[1]);
  try {
    std::thread([state = state_] {
      pthread_setname_np(pthread_self(), "axfrd-backup");
      run(state);
    }).detach();
  } catch (const std::system_error& error) {
    throw StoreError(std::string("there is no thread for the backup: ") + error.code().message());
  }
}

BackupWriter::~BackupWriter() {
  constexpr auto kPatience = std::chrono::seconds(1);
  give_up("axfrd is stopping");
  dataplane::Lock lock(state_->mutex);
  const Done dropped = std::exchange(state_->done, {});
  const auto has_left = [this]() REQUIRES(state_->mutex) { return state_->left; };
  if (state_->ended) {
    lock.wait(state_->changed, has_left);
  } else {
    lock.wait_for(state_->changed, kPatience, has_left);
  }
}

void BackupWriter::complete(Finish finish) {
  {
    const dataplane::Lock lock(state_->mutex);
    state_->finish = std::move(finish);
  }
  ::shutdown(state_->to.get(), SHUT_WR);
}

void BackupWriter::give_up(const std::string& reason) {
  {
    const dataplane::Lock lock(state_->mutex);
    if (state_->ended || !state_->failure.empty()) return;
    state_->failure = reason;
  }
  ::shutdown(state_->to.get(), SHUT_RDWR);
}

bool BackupWriter::ended() const {
  const dataplane::Lock lock(state_->mutex);
  return state_->ended;
}

void BackupWriter::run(const std::shared_ptr<State>& state) {
  const std::filesystem::path& directory = state->directory;
  const std::filesystem::path unfinished = directory.string() + ".unfinished";
  std::string failure;
  bool made = false;
  try {
    if (!is_vacant(directory))
      throw StoreError(directory.string() + " is not empty: name a directory that is not there");
    std::filesystem::remove_all(unfinished);
    std::filesystem::create_directories(unfinished);
    made = true;
    std::filesystem::permissions(unfinished, std::filesystem::perms::owner_all);
    receive(state->from, unfinished / "data.mdb");
    Finish finish;
    {
      const dataplane::Lock lock(state->mutex);
      if (!state->failure.empty()) throw StoreError(state->failure);
      finish = std::exchange(state->finish, {});
    }
    if (!finish) throw StoreError("the database was not read to its end");
    finish(unfinished);
    sync_directory(unfinished);
    std::filesystem::remove(directory);
    std::filesystem::rename(unfinished, directory);
    sync_directory(std::filesystem::absolute(directory).parent_path());
  } catch (const std::exception& error) {
    failure = reason_of(error);
    std::error_code ignored;
    if (made) std::filesystem::remove_all(unfinished, ignored);
  }
  ::shutdown(state->from.get(), SHUT_RDWR);  // unblocks the store, if it is still writing
  Done done;
  {
    const dataplane::Lock lock(state->mutex);
    if (!failure.empty() && !state->failure.empty()) failure = state->failure;  // it caused ours
    state->ended = true;
    done = std::exchange(state->done, {});
  }
  if (done) done(failure);
  const dataplane::Lock lock(state->mutex);
  state->left = true;
  state->changed.notify_all();
}

}  // namespace axfrd::control
