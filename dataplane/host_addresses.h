// The addresses that this host has, as its kernel knows them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dataplane/address.h"

namespace axfrd::dataplane {

// Those of one interface, or of all. Throws std::runtime_error.
std::vector<Address> host_addresses(const std::optional<std::string>& interface = {});

bool is_link_local(const Address& address);
bool is_loopback(const Address& address);

}  // namespace axfrd::dataplane
