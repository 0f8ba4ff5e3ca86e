#include "control/operate/primary_view.h"

#include <algorithm>
#include <cctype>
#include <sstream>
#include <stdexcept>

#include "control/access/secondary.h"
#include "dataplane/host_addresses.h"

namespace axfrd::control {

namespace {

using zones::Name;

constexpr const char* kSecret = "SECRET";

// The labels of a name, each followed by a dot. Octets other than letters, digits and those in `plain` are written as
// escape(octet).
template <class Escape>
std::string spell(zones::NameView name, std::string_view plain, Escape&& escape) {
  std::string text;
  for (const uint8_t* label = name.data(); *label != 0; label += *label + 1U) {
    for (unsigned i = 1; i <= *label; ++i) {
      const auto c = static_cast<char>(label[i]);
      const bool is_plain = std::isalnum(label[i]) != 0 || plain.find(c) != std::string_view::npos;
      text += is_plain ? std::string(1, c) : escape(label[i]);
    }
    text += '.';
  }
  return text;
}

// A name with the final dot. An octet that could have a meaning in a configuration file or a shell is written as \DDD,
// because a customer chooses the name of a zone and an operator pastes it.
std::string plain_name(zones::NameView name) {
  if (name.is_root()) return ".";
  const std::string text =
      spell(name, "-_/*+", [](unsigned octet) { return "\\" + std::to_string(1000 + octet).substr(1); });
  return text.front() == '-' ? "\\045" + text.substr(1) : text;  // so that it is not taken for an option
}

// The name of a zone file: octets that are not plain become _XX, and a name that is too long for a file system is cut.
std::string file_name(zones::NameView apex) {
  constexpr size_t kMost = 200;
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (apex.is_root()) return "root.zone";
  std::string name = spell(apex, "-_", [&](unsigned octet) {
    return std::string{'_', kDigits[octet >> 4], kDigits[octet & 15]};
  });
  if (name.size() > kMost) {
    uint64_t hash = 14695981039346656037U;  // FNV-1a, so that two long names get different files
    for (const char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 1099511628211U;
    name.resize(kMost);
    for (unsigned shift = 0; shift < 64; shift += 4) name += kDigits[(hash >> shift) & 15];
    name += '.';
  }
  return name + "zone";
}

std::string without_dot(const std::string& name) { return name == "." ? name : name.substr(0, name.size() - 1); }

// Sources of NOTIFY that are not among the addresses for transfers, so that the secondary must be told to accept them.
std::vector<IpAddress> other_sources(const PrimaryView& primary) {
  std::vector<IpAddress> others;
  for (const IpAddress& source : primary.notify_sources) {
    if (std::ranges::find(primary.addresses, source) == primary.addresses.end()) others.push_back(source);
  }
  return others;
}

// All addresses that NOTIFY may come from.
std::vector<IpAddress> sources_of(const PrimaryView& primary) {
  return primary.notify_sources.empty() ? primary.addresses : primary.notify_sources;
}

// Quotes any text as one word for a shell.
std::string shell_word(const std::string& text) {
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return word + "'";
}

std::string with_port(const IpAddress& address, uint16_t port) {
  const std::string text = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return text + ":" + std::to_string(port);
}

std::string bind(const Name& apex, const PrimaryView& primary, const std::optional<PeerKey>& key) {
  std::ostringstream out;
  const std::string key_text = key ? " key \"" + plain_name(key->name) + "\"" : "";
  if (key) {
    out << "key \"" << plain_name(key->name) << "\" {\n    algorithm " << key->algorithm << ";\n    secret \""
        << kSecret << "\";\n};\n\n";
  }
  out << "zone \"" << plain_name(apex) << "\" {\n    type secondary;\n    file \"" << file_name(apex)
      << "\";\n    primaries {\n";
  for (const IpAddress& address : primary.addresses)
    out << "        " << address.to_string() << " port " << primary.port << key_text << ";\n";
  out << "    };\n";
  if (const auto others = other_sources(primary); !others.empty()) {
    out << "    allow-notify {";
    for (const IpAddress& address : others) out << ' ' << address.to_string() << ';';
    out << " };\n";
  }
  out << "};\n";
  return out.str();
}

std::string knot(const Name& apex, const PrimaryView& primary, const std::optional<PeerKey>& key) {
  std::ostringstream out;
  const auto list = [&out](const std::vector<IpAddress>& addresses, const std::string& port) {
    for (const IpAddress& address : addresses)
      out << (&address == addresses.data() ? " [ \"" : ", \"") << address.to_string() << port << '"';
    out << " ]\n";
  };
  if (key) {
    out << "key:\n  - id: \"" << plain_name(key->name) << "\"\n    algorithm: " << key->algorithm << "\n    secret: \""
        << kSecret << "\"\n\n";
  }
  const std::string key_line = key ? "    key: \"" + plain_name(key->name) + "\"\n" : "";
  out << "remote:\n  - id: axfrd\n    address:";
  list(primary.addresses, "@" + std::to_string(primary.port));
  out << key_line << "\nacl:\n  - id: axfrd-notify\n    address:";
  list(sources_of(primary), "");
  out << "    action: notify\n" << key_line;
  out << "\nzone:\n  - domain: \"" << plain_name(apex) << "\"\n    master: axfrd\n    acl: axfrd-notify\n";
  return out.str();
}

std::string nsd(const Name& apex, const PrimaryView& primary, const std::optional<PeerKey>& key) {
  std::ostringstream out;
  const std::string signer = key ? "\"" + plain_name(key->name) + "\"" : "NOKEY";
  if (key) {
    out << "key:\n    name: " << signer << "\n    algorithm: " << key->algorithm << "\n    secret: \"" << kSecret
        << "\"\n\n";
  }
  out << "zone:\n    name: \"" << plain_name(apex) << "\"\n    zonefile: \"" << file_name(apex) << "\"\n";
  for (const IpAddress& address : primary.addresses)
    out << "    request-xfr: " << address.to_string() << "@" << primary.port << ' ' << signer << '\n';
  for (const IpAddress& address : sources_of(primary))
    out << "    allow-notify: " << address.to_string() << ' ' << signer << '\n';
  return out.str();
}

std::string powerdns(const Name& apex, const PrimaryView& primary, const std::optional<PeerKey>& key) {
  std::ostringstream out;
  const std::string zone = shell_word(without_dot(plain_name(apex)));
  out << "# with secondary=yes in pdns.conf";
  if (const auto others = other_sources(primary); !others.empty()) {
    out << ", and there for NOTIFY\n# allow-notify-from=";
    for (const IpAddress& address : others) out << (&address == others.data() ? "" : ",") << address.to_string();
  }
  out << "\npdnsutil create-secondary-zone " << zone;
  for (const IpAddress& address : primary.addresses) out << " '" << with_port(address, primary.port) << "'";
  out << '\n';
  if (key) {
    const std::string name = shell_word(without_dot(plain_name(key->name)));
    out << "pdnsutil import-tsig-key " << name << ' ' << key->algorithm << ' ' << kSecret << '\n'
        << "pdnsutil activate-tsig-key " << zone << ' ' << name << " secondary\n";
  }
  return out.str();
}

}  // namespace

std::vector<IpAddress> host_addresses() {
  std::vector<IpAddress> addresses;
  try {
    for (const dataplane::Address& address : dataplane::host_addresses()) {
      if (!is_loopback(address) && !is_link_local(address)) addresses.push_back(to_ip(address));
    }
  } catch (const std::runtime_error&) {  // the operator has to fill them in
  }
  return addresses;
}

const zones::Secondary& chosen_secondary(const zones::SecondaryDns& settings, const std::optional<HostPort>& place) {
  const auto is_at_place = [&](const zones::Secondary& each) {
    return !place || (covers(each, place->address) && (!place->port || *place->port == each.port));
  };
  const zones::Secondary* chosen = nullptr;
  for (const zones::Secondary& each : settings.secondaries) {
    if (!each.transfers || !is_at_place(each)) continue;
    if (chosen != nullptr && chosen->keys != each.keys && !place)
      throw std::invalid_argument(
          "the secondaries of the zone have different keys; say for which one it is: "
          "--secondary ADDRESS");
    if (chosen == nullptr) chosen = &each;
  }
  if (chosen != nullptr) return *chosen;
  throw std::invalid_argument(place ? "no secondary of the zone has the address " + place->to_text()
                                    : "nobody may transfer the zone yet; axfrctl secondary enable");
}

std::string peer_configuration(std::string_view software, const Name& apex, const PrimaryView& primary,
                               const std::optional<PeerKey>& key) {
  if (software == "bind") return bind(apex, primary, key);
  if (software == "knot") return knot(apex, primary, key);
  if (software == "nsd") return nsd(apex, primary, key);
  if (software == "powerdns") return powerdns(apex, primary, key);
  throw std::invalid_argument("'" + std::string(software) + "' is none of bind, knot, nsd, powerdns");
}

}  // namespace axfrd::control
