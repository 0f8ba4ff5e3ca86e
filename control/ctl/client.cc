#include "control/ctl/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace axfrd::control {

namespace {

[[noreturn]] void fail(const std::string& what) { throw ConnectionError(what); }

std::string advice(int error) {
  if (error == ENOENT || error == ECONNREFUSED)
    return "; axfrd may not be running, or listen elsewhere (--socket PATH)";
  if (error == EACCES) return "; root and the group of that file may connect";
  return "";
}

int open_process(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return -1;
  return static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0));
}

}  // namespace

CtlClient::CtlClient(const std::filesystem::path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.native().size() >= sizeof address.sun_path) fail(socket.string() + ": the path is too long for a socket");
  std::memcpy(address.sun_path, socket.c_str(), socket.native().size());
  fd_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) fail(std::strerror(errno));
  if (connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    const int error = errno;
    close(fd_);
    fail("cannot connect to " + socket.string() + ": " + std::strerror(error) + advice(error));
  }
  process_ = open_process(fd_);
}

CtlClient::~CtlClient() {
  close(fd_);
  if (process_ >= 0) close(process_);
}

Json CtlClient::call(const std::string& method, const Json& params, const std::function<void()>& waiting) {
  const Json request{{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}};
  send(dump(request) + "\n");
  Json reply = Json::parse(receive_line(waiting), nullptr, false);
  if (reply.is_discarded() || !reply.is_object()) fail("axfrd's reply is not to be understood");
  if (reply.contains("error")) throw RefusedError(std::move(reply["error"]));
  return std::move(reply["result"]);
}

void CtlClient::send(const std::string& line) const {
  for (size_t at = 0; at < line.size();) {
    const ssize_t sent = ::send(fd_, line.data() + at, line.size() - at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) fail(std::string("axfrd does not listen any more: ") + std::strerror(errno));
    at += static_cast<size_t>(sent);
  }
}

void CtlClient::wait_for_input(const std::function<void()>& waiting) const {
  constexpr int kPause = 250;  // milliseconds
  pollfd input{fd_, POLLIN, 0};
  while (poll(&input, 1, kPause) == 0) waiting();
}

// One request has one reply, so the newline is the last octet there is.
std::string CtlClient::receive_line(const std::function<void()>& waiting) {
  std::string line;
  std::array<char, 64 * 1024> chunk{};
  while (line.empty() || line.back() != '\n') {
    if (waiting) wait_for_input(waiting);
    const ssize_t got = recv(fd_, chunk.data(), chunk.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(std::string("axfrd does not answer: ") + std::strerror(errno));
    if (got == 0) fail("axfrd closed the connection without an answer");
    line.append(chunk.data(), static_cast<size_t>(got));
  }
  return line;
}

bool CtlClient::wait_for_end(std::chrono::milliseconds limit) {
  // Without a process descriptor the end of the connection has to do.
  pollfd end{process_ >= 0 ? process_ : fd_, POLLIN, 0};
  return poll(&end, 1, static_cast<int>(limit.count())) == 1;
}

}  // namespace axfrd::control
