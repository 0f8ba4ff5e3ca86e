// A library to preload into axfrd: ends it, as power loss would, at its n-th write to the store.
//
// FAULT=N:before|half|after|error. Writes are counted from the first on; fdatasync counts as one. `half` writes half of
// what was to be written; `error` ends nothing, but fails that write as a broken disk would. A commit is a write to the
// redo log and a sync: `after` that it is on disk, but not published. A checkpoint writes pages of the database, syncs,
// then writes its meta page.

// With it, the functions below would be called pwrite64 and so on; LMDB calls them by their plain names, axfrd by
// those.
#undef _FILE_OFFSET_BITS

#include <dlfcn.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

struct Fault {
  long at = 0;
  std::string when;
  std::atomic<long> writes{0};

  Fault() {
    const char* text = std::getenv("FAULT");
    if (text == nullptr) return;
    char* end = nullptr;
    at = std::strtol(text, &end, 10);
    when = *end == ':' ? end + 1 : "";
  }
};

Fault& fault() {
  static Fault instance;
  return instance;
}

bool is_store(int fd) {
  char path[4096];
  const ssize_t size = readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), path, sizeof path - 1);
  const std::string name(path, size > 0 ? static_cast<size_t>(size) : 0);
  return name.ends_with("/data.mdb") || name.ends_with("/redo.0") || name.ends_with("/redo.1");
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Does `all`, unless it is the store's turn to break: then as much of it as is asked for.
template <class All, class Half>
auto perform(int fd, All all, Half half) {
  Fault& f = fault();
  if (f.at == 0 || !is_store(fd) || ++f.writes != f.at) return all();
  if (f.when == "error") {
    errno = EIO;
    return decltype(all())(-1);
  }
  if (f.when == "half") half();
  if (f.when == "after") all();
  _exit(137);
}

}  // namespace

extern "C" {

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
  const auto write = real<ssize_t (*)(int, const void*, size_t, off_t)>("pwrite");
  return perform(
      fd, [&] { return write(fd, data, size, at); }, [&] { (void)write(fd, data, size / 2, at); });
}

ssize_t pwrite64(int fd, const void* data, size_t size, off_t at) { return pwrite(fd, data, size, at); }

ssize_t pwritev(int fd, const iovec* pieces, int count, off_t at) {
  const auto write = real<ssize_t (*)(int, const iovec*, int, off_t)>("pwritev");
  return perform(
      fd, [&] { return write(fd, pieces, count, at); }, [&] { (void)write(fd, pieces, count / 2, at); });
}

ssize_t writev(int fd, const iovec* pieces, int count) {
  const auto write = real<ssize_t (*)(int, const iovec*, int)>("writev");
  return perform(
      fd, [&] { return write(fd, pieces, count); }, [&] { (void)write(fd, pieces, count / 2); });
}

int fdatasync(int fd) {
  const auto sync = real<int (*)(int)>("fdatasync");
  return perform(
      fd, [&] { return sync(fd); }, [] {});
}

}  // extern "C"
