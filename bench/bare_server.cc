// The physical limit of a transfer: answers each request on a TCP connection, whatever it asks, with the octets of one
// file.
//
// usage: bare_server PORT FILE [sendfile]
//
// One thread, one write(2) as large as the socket takes, nothing looked at but the length of requests. With `sendfile`
// the kernel takes the octets from the page cache by itself.
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

void check(bool good, const char* what) {
  if (good) return;
  std::perror(what);
  std::exit(1);
}

struct File {
  int fd;
  const char* octets;
  size_t size;
  bool by_sendfile;
};

struct Session {
  int fd;
  std::vector<uint8_t> input;  // less than one request
  unsigned responses = 0;      // to be written, the first from `at`
  size_t at = 0;
};

// False at the end of input.
bool read_requests(Session& session) {
  std::array<uint8_t, 16384> buffer;
  const ssize_t size = ::recv(session.fd, buffer.data(), buffer.size(), 0);
  if (size <= 0) return size < 0 && errno == EAGAIN;
  session.input.insert(session.input.end(), buffer.begin(), buffer.begin() + size);
  size_t at = 0;
  while (session.input.size() - at >= 2) {
    const size_t frame = 2U + static_cast<unsigned>(session.input[at] << 8) + session.input[at + 1];
    if (session.input.size() - at < frame) break;
    at += frame;
    ++session.responses;
  }
  session.input.erase(session.input.begin(), session.input.begin() + static_cast<ptrdiff_t>(at));
  return true;
}

bool write_responses(Session& session, const File& file) {
  while (session.responses > 0) {
    auto at = static_cast<off_t>(session.at);
    const ssize_t size = file.by_sendfile
                             ? ::sendfile(session.fd, file.fd, &at, file.size - session.at)
                             : ::send(session.fd, file.octets + session.at, file.size - session.at, MSG_NOSIGNAL);
    if (size < 0) return errno == EAGAIN;
    session.at += static_cast<size_t>(size);
    if (session.at < file.size) continue;
    session.at = 0;
    --session.responses;
  }
  return true;
}

int listen_at(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  // Sessions inherit these, which are those of axfrd. With more unsent, octets have left the cache before they are
  // read.
  const int unsent = 256 * 1024;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof unsent);
  const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
  check(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0, "bind");
  check(::listen(fd, SOMAXCONN) == 0, "listen");
  return fd;
}

void accept_from(int listener, int epoll) {
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
  if (fd < 0) return;
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLET, {new Session{fd, {}}}};
  check(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

void serve(Session* session, const File& file) {
  if (read_requests(*session) && write_responses(*session, file)) return;
  ::close(session->fd);
  delete session;
}

File open_file(const char* path, bool by_sendfile) {
  const int fd = ::open(path, O_RDONLY);
  check(fd >= 0, path);
  struct stat status {};
  check(::fstat(fd, &status) == 0, path);
  const auto size = static_cast<size_t>(status.st_size);
  void* octets = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
  check(octets != MAP_FAILED, path);
  return {fd, static_cast<const char*>(octets), size, by_sendfile};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bare_server PORT FILE [sendfile]\n", stderr);
    return 2;
  }
  const File file = open_file(argv[2], argc > 3);
  const int listener = listen_at(static_cast<uint16_t>(std::atoi(argv[1])));
  const int epoll = ::epoll_create1(0);
  epoll_event event{EPOLLIN, {nullptr}};
  check(::epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll_ctl");
  std::array<epoll_event, 64> events;
  for (;;) {
    const int count = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < count; ++i) {
      auto* session = static_cast<Session*>(events[static_cast<size_t>(i)].data.ptr);
      session == nullptr ? accept_from(listener, epoll) : serve(session, file);
    }
  }
}
