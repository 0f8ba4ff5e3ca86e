#include "control/base/json.h"

namespace axfrd::control {

std::string dump(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace axfrd::control
