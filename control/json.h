// JSON objects that keep the order in which they were filled, which is the order in which people read them.
#pragma once

#include <nlohmann/json.hpp>

namespace axfrd::control {

using Json = nlohmann::ordered_json;

}  // namespace axfrd::control
