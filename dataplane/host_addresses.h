// Reads the IP addresses of this host from its kernel.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/address.h"

namespace axfrd::dataplane {

// The addresses of one interface, or of all interfaces. Throws std::runtime_error.
std::vector<Address> host_addresses(const std::optional<std::string>& interface = {});

bool is_link_local(const Address& address);
bool is_loopback(const Address& address);

}  // namespace axfrd::dataplane
