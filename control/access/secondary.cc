#include "control/access/secondary.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "control/base/parse_name.h"

namespace axfrd::control {
namespace {

using zones::Name;
using zones::Secondary;
using zones::SecondaryDns;

constexpr size_t kMaxKeys = 2;
constexpr unsigned kMapped = 96;  // bits before the IPv4 address in a mapped one

std::array<uint8_t, 16> mapped(const IpAddress& address) {
  if (address.is_v6()) return address.to_v6().to_bytes();
  return boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4()).to_bytes();
}

std::string names_text(const std::vector<Name>& names, const char* separator) {
  std::string text;
  for (const Name& name : names) text += (text.empty() ? "" : separator) + name.to_text();
  return text;
}

}  // namespace

std::vector<Name> parse_keys(const std::string& text) {
  std::vector<Name> keys;
  for (const std::string& key : split_list(text, '+')) keys.push_back(parse_name(key));
  if (keys.size() > kMaxKeys)
    throw std::invalid_argument("'" + text + "': a secondary has at most two keys, the old one and the new one");
  return keys;
}

std::vector<Name> keys_behind(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos) return {};
  // An operator who meant to require a key must not open the address to all by mistake.
  if (equals + 1 == text.size()) throw std::invalid_argument("'" + text + "': the key behind = is missing");
  return parse_keys(text.substr(equals + 1));
}

Secondary parse_secondary(const std::string& text) {
  const size_t equals = text.find('=');
  const WithPort place = WithPort::split(text.substr(0, equals));
  const Prefix prefix = Prefix::parse(place.address);
  Secondary secondary;
  const IpAddress address = normalised(prefix.address);
  secondary.address = mapped(address);
  secondary.prefix = static_cast<uint8_t>(prefix.length + (address.is_v4() ? kMapped : 0));
  secondary.notified = secondary.is_host();
  if (place.port) secondary.port = *place.port;
  secondary.keys = keys_behind(text);
  return secondary;
}

Prefix prefix_of(const Secondary& secondary) {
  const IpAddress address = address_of(secondary);
  return {address, secondary.prefix - (address.is_v4() ? kMapped : 0)};
}

IpAddress address_of(const Secondary& secondary) { return normalised(boost::asio::ip::address_v6(secondary.address)); }

std::string to_text(const Secondary& secondary) {
  std::string text = prefix_of(secondary).to_text();
  if (secondary.port != 53) text += "@" + std::to_string(secondary.port);
  if (!secondary.keys.empty()) text += "=" + names_text(secondary.keys, "+");
  return text;
}

bool covers(const Secondary& secondary, const IpAddress& peer) {
  const Prefix prefix = prefix_of(secondary);
  if (peer.is_v4() != prefix.address.is_v4()) return false;  // ::/0 covers no IPv4 address
  return Prefix::masked(peer, prefix.length) == prefix.address;
}

Json to_json(const SecondaryDns& settings) {
  Json servers = Json::array(), secondaries = Json::array();
  for (const Name& server : settings.servers) servers.push_back(server.to_text());
  for (const Secondary& s : settings.secondaries)
    secondaries.push_back({{"address", to_text(s)}, {"transfers", s.transfers}, {"notified", s.notified}});
  Json json{{"enabled", settings.enabled}, {"ns", std::move(servers)}, {"secondaries", std::move(secondaries)}};
  if (!settings.providers.empty()) json["providers"] = settings.providers;
  if (settings.ending) {
    Json leaving = Json::array();
    for (const Name& name : settings.ending->leaving) leaving.push_back(name.to_text());
    json["ending"] = {{"since", settings.ending->since}, {"leaving", std::move(leaving)}};
  }
  return json;
}

bool same_place(const Secondary& a, const Secondary& b) {
  return a.address == b.address && a.prefix == b.prefix && a.port == b.port;
}

std::vector<std::string> split_list(const std::string& list, char separator) {
  std::vector<std::string> items;
  for (size_t at = 0; at <= list.size() && !list.empty();) {
    const size_t end = std::min(list.find(separator, at), list.size());
    items.push_back(list.substr(at, end - at));
    at = end + 1;
  }
  return items;
}

}  // namespace axfrd::control
