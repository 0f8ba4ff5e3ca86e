// JSON objects that keep the order in which they were filled, which is the order in which people read them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace axfrd::control {

using Json = nlohmann::ordered_json;

// JSON text; octets that are no UTF-8 (file names, quoted lines of zone files) are replaced.
std::string dump(const Json& value);

}  // namespace axfrd::control
