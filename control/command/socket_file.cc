#include "control/command/socket_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace axfrd::control {

namespace {

constexpr mode_t kMode = 0660;
constexpr int kBacklog = 64;

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& what) {
  throw std::runtime_error("control socket " + path.string() + ": " + what);
}
[[noreturn]] void fail_errno(const std::filesystem::path& path, const std::string& what) {
  fail(path, what + ": " + std::strerror(errno));
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof address.sun_path) fail(path, "the path is too long");
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  return address;
}

int new_socket(const std::filesystem::path& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_errno(path, "cannot make a socket");
  return fd;
}

// Holds a lock on the directory while one daemon looks whether there is another and takes its place.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::filesystem::path& path) {
    const std::filesystem::path parent = std::filesystem::absolute(path).parent_path();
    std::error_code error;
    std::filesystem::create_directories(parent, error);
    if (error) fail(path, "cannot create its directory: " + error.message());
    fd_ = open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd_ < 0) fail_errno(path, "cannot open its directory");
    flock(fd_, LOCK_EX);  // held for the time of a bind(); file systems without locks are no worse off than before
  }
  ~DirectoryLock() { close(fd_); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int fd_;
};

// Whether somebody listens at `path`. Throws when that cannot be told.
bool is_served(const std::filesystem::path& path) {
  const sockaddr_un address = address_of(path);
  const int fd = new_socket(path);
  const int result = connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = errno;
  close(fd);
  if (result == 0) return true;
  if (error == ENOENT || error == ECONNREFUSED) return false;
  fail(path, std::string("cannot tell whether another axfrd is there: ") + std::strerror(error));
}

void clear_the_way(const std::filesystem::path& path) {
  if (is_served(path)) fail(path, "another axfrd is listening there; stop it first, or use another --control-socket");
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return;
  if (!S_ISSOCK(status.st_mode)) fail(path, "there is a file that is no socket");
  if (unlink(path.c_str()) != 0) fail_errno(path, "cannot remove the stale file");
}

bool in_supplementary_groups(int connection, gid_t group) {
  std::vector<gid_t> groups(65536);  // NGROUPS_MAX
  socklen_t size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
  if (getsockopt(connection, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size) != 0) return false;
  groups.resize(size / sizeof(gid_t));
  return std::find(groups.begin(), groups.end(), group) != groups.end();
}

}  // namespace

SocketFile::SocketFile(std::filesystem::path path) : path_(std::move(path)) {
  const sockaddr_un address = address_of(path_);
  const DirectoryLock lock(path_);
  clear_the_way(path_);
  fd_ = new_socket(path_);
  fchmod(fd_, kMode);  // on Linux the mode that bind() gives to the file: there is no moment when others may connect
  struct stat status {};
  const bool bound = bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
                     chmod(path_.c_str(), kMode) == 0 && stat(path_.c_str(), &status) == 0 &&
                     listen(fd_, kBacklog) == 0;
  if (!bound) {
    const int error = errno;
    close(fd_);
    fail(path_, std::string("cannot listen: ") + std::strerror(error));
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  group_ = status.st_gid;
}

SocketFile::~SocketFile() {
  if (fd_ >= 0) close(fd_);
  struct stat status {};
  if (lstat(path_.c_str(), &status) != 0 || status.st_dev != device_ || status.st_ino != inode_) return;
  unlink(path_.c_str());
}

int SocketFile::release() { return std::exchange(fd_, -1); }

std::optional<uint32_t> SocketFile::allowed_peer(int connection) const {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return std::nullopt;
  const bool may =
      peer.uid == 0 || peer.uid == geteuid() || peer.gid == group_ || in_supplementary_groups(connection, group_);
  return may ? std::optional<uint32_t>(peer.uid) : std::nullopt;
}

}  // namespace axfrd::control
