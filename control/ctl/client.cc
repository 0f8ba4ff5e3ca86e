#include "control/ctl/client.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

namespace axfrd::control {

namespace {

// Octets of requests that wait to be sent.
constexpr size_t kMostOutput = 64 * 1024;

[[noreturn]] void fail(const std::string& what) { throw ConnectionError(what); }

std::string advice(int error) {
  if (error == ENOENT || error == ECONNREFUSED)
    return "; axfrd may not be running, or listen elsewhere (--socket PATH)";
  if (error == EACCES) return "; root and the group of that file may connect";
  return "";
}

Json result_of(CtlClient::Reply reply) {
  if (auto* refused = std::get_if<RefusedError>(&reply)) throw std::move(*refused);
  return std::get<Json>(std::move(reply));
}

int open_process(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || peer.pid <= 0) return -1;
  return static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0));
}

}  // namespace

CtlClient::CtlClient(const std::filesystem::path& socket, std::function<void()> idle) : idle_(std::move(idle)) {
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
  constexpr int kPause = 250;  // milliseconds
  await_all();
  std::optional<Reply> reply;
  send_ahead(method, params, [&](Reply came) { reply = std::move(came); });
  while (!reply) {
    if (exchange(waiting ? kPause : -1) == Came::nothing) waiting();
  }
  return result_of(std::move(*reply));
}

Json CtlClient::call(const std::string& method, const Json& params, ReplyReader& reader) {
  await_all();
  reader_ = &reader;
  return call(method, params);
}

void CtlClient::send_ahead(const std::string& method, const Json& params, Done done) {
  if (under_way_.size() >= kWindow) {
    while (under_way_.size() > kWindow / 2) exchange(-1);
  }
  output_ += dump(Json{{"jsonrpc", "2.0"}, {"id", ++last_id_}, {"method", method}, {"params", params}});
  output_ += '\n';
  under_way_.push_back(std::move(done));
  while (unsent() > kMostOutput) exchange(-1);
}

void CtlClient::await_all() {
  while (!under_way_.empty()) exchange(-1);
}

void CtlClient::await_input(int input) {
  while (!under_way_.empty() && exchange(-1, input) != Came::input) continue;
}

// Waits until something can be sent, received or read, for so many milliseconds at most; sends and receives.
CtlClient::Came CtlClient::exchange(int limit, int input) {
  const auto wanted = static_cast<short>(unsent() == 0 ? POLLIN : POLLIN | POLLOUT);
  std::array<pollfd, 2> polled{pollfd{fd_, wanted, 0}, pollfd{input, POLLIN, 0}};
  int ready = poll(polled.data(), polled.size(), 0);
  if (ready == 0) {
    idle_();
    ready = poll(polled.data(), polled.size(), limit);
  }
  if (ready == 0) return Came::nothing;
  if (ready < 0) {
    if (errno != EINTR) fail(std::string("cannot wait for axfrd: ") + std::strerror(errno));
    return Came::something;
  }
  if ((polled[0].revents & POLLOUT) != 0) send_some();
  if ((polled[0].revents & ~POLLOUT) != 0) receive_some();
  return polled[1].revents != 0 ? Came::input : Came::something;
}

// What axfrd has said before it went away is still to be read.
void CtlClient::send_some() {
  const ssize_t sent = ::send(fd_, output_.data() + sent_, unsent(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent >= 0) {
    sent_ += static_cast<size_t>(sent);
  } else if (errno != EINTR && errno != EAGAIN) {
    gone_ = std::string("axfrd does not listen any more: ") + std::strerror(errno);
    sent_ = output_.size();
  }
  if (unsent() == 0) {
    output_ = std::string();
    sent_ = 0;
  }
}

void CtlClient::receive_some() {
  std::array<char, 64 * 1024> chunk;  // NOLINT(cppcoreguidelines-pro-type-member-init)
  const ssize_t got = recv(fd_, chunk.data(), chunk.size(), MSG_DONTWAIT);
  if (got > 0) return take(std::string_view(chunk.data(), static_cast<size_t>(got)));
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (!gone_.empty()) fail(gone_);
  if (got < 0) fail(std::string("axfrd does not answer: ") + std::strerror(errno));
  fail("axfrd closed the connection without an answer");
}

void CtlClient::take(std::string_view octets) {
  if (reader_ != nullptr) {
    if (reader_->take(octets)) finish(std::exchange(reader_, nullptr)->rest());  // behind it is a newline alone
    return;
  }
  input_ += octets;
  size_t begin = 0;
  for (size_t end = input_.find('\n', searched_); end != std::string::npos; end = input_.find('\n', begin)) {
    const std::string_view line = std::string_view(input_).substr(begin, end - begin);
    begin = end + 1;
    if (!line.empty()) finish(Json::parse(line, nullptr, false));
  }
  input_.erase(0, begin);
  searched_ = input_.size();
}

void CtlClient::finish(Json reply) {
  if (!reply.is_object() || under_way_.empty()) fail("axfrd's reply is not to be understood");
  const Done done = std::move(under_way_.front());
  under_way_.pop_front();
  if (reply.contains("error")) return done(RefusedError(std::move(reply["error"])));
  done(std::move(reply["result"]));
}

bool CtlClient::wait_for_end(std::chrono::milliseconds limit) {
  // Without a process descriptor the end of the connection has to do.
  pollfd end{process_ >= 0 ? process_ : fd_, POLLIN, 0};
  return poll(&end, 1, static_cast<int>(limit.count())) == 1;
}

}  // namespace axfrd::control
