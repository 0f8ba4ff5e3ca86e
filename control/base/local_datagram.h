// One datagram to a local socket: what the service manager (sd_notify(3)) and the journal listen to.
//
// Threads. Any.
#pragma once

#include <string>
#include <string_view>

namespace axfrd::control {

// `path`: of the socket; "@" begins an abstract one. Whether it was taken; does not wait for it.
bool send_local_datagram(const std::string& path, std::string_view message);

}  // namespace axfrd::control
