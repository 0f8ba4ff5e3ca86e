// Clients of the control socket for tests.
#pragma once

#include "control/command/control_socket.h"
#include "tests/control/support.h"

namespace axfrd::control::test {

inline int connect_to(const std::filesystem::path& path) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.c_str(), path.native().size());
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  return fd;
}

inline std::string request_line(const std::string& method, const Json& params = Json::object(), const Json& id = 1) {
  return Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump() + "\n";
}

inline Json receive_reply(StreamClient& client) { return Json::parse(client.receive_line(), nullptr, false); }

}  // namespace axfrd::control::test
