// SocketFile: the Unix socket file of a daemon that runs once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace axfrd::control {

class SocketFile {
 public:
  // Creates the socket, mode 0660, and its directory, and listens. A socket file that nobody listens to any more is
  // replaced. Throws std::runtime_error with a sentence, above all when another axfrd listens there.
  explicit SocketFile(std::filesystem::path path);
  ~SocketFile();  // removes the file if it is still ours
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  // The listening socket, given away.
  int release();
  // The user id of the process at the other end of a connection, if it may give orders: root, our own user, or a member
  // of the file's group.
  std::optional<uint32_t> allowed_peer(int connection) const;

 private:
  const std::filesystem::path path_;
  int fd_ = -1;
  uint64_t device_ = 0, inode_ = 0;  // of the file we made
  unsigned group_ = 0;
};

}  // namespace axfrd::control
