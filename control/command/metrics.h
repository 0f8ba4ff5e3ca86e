// The counters of `axfrctl stats`, as Prometheus reads them (text format 0.0.4).
#pragma once

#include <string>

#include "control/base/json.h"

namespace axfrd::control {

// `stats`: what the verb of that name returns.
std::string metrics_text(const Json& stats);

}  // namespace axfrd::control
