#include "control/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "control/base/descriptor.h"

namespace axfrd::control {

namespace {

constexpr size_t kChunk = 64 * 1024;

[[noreturn]] void fail(const std::string& name) { throw std::system_error(errno, std::generic_category(), name); }

// Room for what fstat says there is, so that a large file is not moved while it grows in memory.
void reserve_for(int fd, std::string& content) {
  struct stat status {};
  if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode)) content.reserve(static_cast<size_t>(status.st_size) + kChunk);
}

}  // namespace

std::string read_all(int fd, const std::string& name) {
  std::string content;
  reserve_for(fd, content);
  for (;;) {
    const size_t size = content.size();
    content.resize(size + kChunk);
    const ssize_t got = read(fd, content.data() + size, kChunk);
    content.resize(size + (got > 0 ? static_cast<size_t>(got) : 0));
    if (got == 0) return content;
    if (got < 0 && errno != EINTR) fail(name);
  }
}

std::string read_file(const std::filesystem::path& file) {
  const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(file.string());
  const Descriptor owner(fd);
  return read_all(fd, file.string());
}

}  // namespace axfrd::control
