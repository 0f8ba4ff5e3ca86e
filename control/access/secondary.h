// Secondaries as operators write them and read them.
//
//   ADDRESS[/LENGTH][@PORT][=KEY[+KEY]]     192.0.2.53   2001:db8::/64   192.0.2.53@5353=old.key+new.key
//
// Two keys are for the time of a change: the secondary may sign with either, NOTIFY is signed with the last.
// Several are a list, with commas between them.
//
// Errors. What an operator may have mistyped is std::invalid_argument with a sentence.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <string>
#include <vector>

#include "control/base/address.h"
#include "control/base/json.h"
#include "zones/data/secondary_dns.h"

namespace axfrd::control {

zones::Secondary parse_secondary(const std::string& text);
std::string to_text(const zones::Secondary& secondary);

IpAddress address_of(const zones::Secondary& secondary);
Prefix prefix_of(const zones::Secondary& secondary);
inline boost::asio::ip::udp::endpoint endpoint_of(const zones::Secondary& secondary) {
  return {address_of(secondary), secondary.port};
}
// Whether both are one host or prefix, and one port.
bool same_place(const zones::Secondary& a, const zones::Secondary& b);
// Whether `peer` is the secondary, or one of its prefix. @pre peer is normalised
bool covers(const zones::Secondary& secondary, const IpAddress& peer);

// {"enabled", "ns": […], "secondaries": [{"address", "transfers", "notified"}…]}, and, while it is ending, "ending":
// {"since", "leaving": […]}
Json to_json(const zones::SecondaryDns& settings);

// KEY[+KEY]; none, if it is empty.
std::vector<zones::Name> parse_keys(const std::string& text);
// Those of ADDRESS=KEY[+KEY]; none, if there is no =. Throws std::invalid_argument.
std::vector<zones::Name> keys_behind(const std::string& text);

// The items of a list; none, if it is empty.
std::vector<std::string> split_list(const std::string& list, char separator = ',');

}  // namespace axfrd::control
