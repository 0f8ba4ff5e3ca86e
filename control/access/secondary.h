// Secondaries as operators write them and read them.
//
//   ADDRESS[/LENGTH][@PORT][=KEY[+KEY]]     192.0.2.53   2001:db8::/64   192.0.2.53@5353=old.key+new.key
//
// Two keys are for the time of a key change: the secondary may sign with either, and NOTIFY is signed with the last.
// Several secondaries form a list, separated by commas.
//
// Errors. std::invalid_argument, with a sentence for the operator.
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
// Whether both have the same address, prefix length and port.
bool same_place(const zones::Secondary& a, const zones::Secondary& b);
// Whether the address or the prefix of the secondary covers `peer`. @pre peer is normalised
bool covers(const zones::Secondary& secondary, const IpAddress& peer);

// {"enabled", "ns": […], "secondaries": [{"address", "transfers", "notified"}…]}. Also "providers": […] if the zone
// refers to some, and "ending": {"since", "leaving": […]} while secondary DNS is ending.
Json to_json(const zones::SecondaryDns& settings);

// Reads KEY[+KEY]. No keys if `text` is empty.
std::vector<zones::Name> parse_keys(const std::string& text);
// The keys of ADDRESS=KEY[+KEY]. None if there is no =. Throws std::invalid_argument.
std::vector<zones::Name> keys_behind(const std::string& text);

// The items of a list. None if it is empty.
std::vector<std::string> split_list(const std::string& list, char separator = ',');

}  // namespace axfrd::control
