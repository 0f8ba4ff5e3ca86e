// Counters as the JSON that `stats` gives.
#pragma once

#include "control/alias/alias.h"
#include "control/base/json.h"
#include "control/dns/counters.h"
#include "control/notify/delivery.h"
#include "control/operate/server_operations.h"
#include "dataplane/counters.h"

namespace axfrd::control {

Json to_json(const dataplane::DataplaneStats& stats);  // workers, kernel_path, ports, buffers
Json to_json(const UdpCounters& counters);
Json to_json(const NotifyCounters& counters);
Json to_json(const TcpCounters& counters);
Json to_json(const AliasCounters& counters);
Json to_json(const EndingCounters& counters);
Json to_json(const ServerStats& stats);  // all of them

}  // namespace axfrd::control
