#include "control/access/grant.h"

#include <algorithm>
#include <stdexcept>

#include "control/base/parse_name.h"
#include "zones/disk/tagged.h"

namespace axfrd::control {

namespace {

using zones::NameView;

enum class GrantTag : uint16_t { zone = 1, name, below, types, leading };

std::vector<uint16_t> parse_types(const std::string& text) {
  std::vector<uint16_t> types;
  for (size_t at = 0; at < text.size();) {
    const size_t comma = std::min(text.find(',', at), text.size());
    const std::string name = text.substr(at, comma - at);
    const uint16_t type = zones::type_from_text(name);
    if (type == 0 || zones::rrtype::is_meta(type))
      throw std::invalid_argument("'" + name + "' is no record type; write types as in A,AAAA,TXT");
    types.push_back(type);
    at = comma + 1;
  }
  return types;
}

std::string names_of(const UpdateGrant& grant) {
  if (!grant.name) return "*";
  if (grant.leading) return grant.name->to_text() + "*";
  return (grant.below ? "*." : "") + grant.name->to_text();
}

std::string types_of(const UpdateGrant& grant) {
  std::string text;
  for (const uint16_t type : grant.types) text += (text.empty() ? "" : ",") + zones::type_to_text(type);
  return text;
}

// Whether the labels of `start`, its root aside, are the first of `name`.
bool begins_with(NameView name, NameView start) {
  const unsigned labels = start.label_count();
  return name.label_count() >= labels && name.size() - name.parent(labels).size() == start.size() - 1 &&
         std::ranges::equal(start.bytes().first(start.size() - 1), name.bytes().first(start.size() - 1),
                            [](uint8_t a, uint8_t b) { return zones::fold(a) == zones::fold(b); });
}

}  // namespace

bool UpdateGrant::covers(NameView owner, uint16_t type) const {
  if (!types.empty() && std::ranges::find(types, type) == types.end()) return false;
  if (!name) return true;
  if (leading) return begins_with(owner, *name);
  return below ? owner.is_at_or_below(*name) && !owner.equals(*name) : owner.equals(*name);
}

bool operator==(const UpdateGrant& a, const UpdateGrant& b) {
  return a.zone == b.zone && a.name == b.name && a.below == b.below && a.leading == b.leading &&
         std::ranges::is_permutation(a.types, b.types);
}

UpdateGrant parse_grant(const std::string& zone, const std::string& names, const std::string& types) {
  UpdateGrant grant;
  if (zone != "*") grant.zone = parse_name(zone);
  if (names.ends_with(".*") && names.size() > 2) {
    grant.leading = true;
    grant.name = parse_name(names.substr(0, names.size() - 2));
  } else if (names != "*") {
    grant.below = names.starts_with("*.") && names.size() > 2;
    grant.name = parse_name(grant.below ? names.substr(2) : names);
    if (grant.zone && !grant.name->view().is_at_or_below(*grant.zone))
      throw std::invalid_argument(grant.name->to_text() + " is not in the zone " + grant.zone->to_text());
  }
  grant.types = parse_types(types);
  return grant;
}

Json to_json(const UpdateGrant& grant) {
  return {{"zone", grant.zone ? grant.zone->to_text() : "*"}, {"names", names_of(grant)}, {"types", types_of(grant)}};
}

std::string grant_to_stored(const UpdateGrant& grant) {
  zones::TagWriter out;
  if (grant.zone) out.put_name(GrantTag::zone, *grant.zone);
  if (grant.name) out.put_name(GrantTag::name, *grant.name);
  if (grant.below) out.put8(GrantTag::below, 1);
  if (grant.leading) out.put8(GrantTag::leading, 1);
  zones::OctetWriter types;
  for (const uint16_t type : grant.types) types.put16(type);
  if (!grant.types.empty()) out.put(GrantTag::types, std::move(types).finish());
  return std::move(out).finish();
}

UpdateGrant grant_from_stored(zones::Bytes stored, bool& knows_all) {
  UpdateGrant grant;
  zones::TagReader in(stored);
  while (in.next()) {
    switch (in.tag<GrantTag>()) {
      case GrantTag::zone:
        grant.zone = in.name();
        break;
      case GrantTag::name:
        grant.name = in.name();
        break;
      case GrantTag::below:
        grant.below = in.number8() != 0;
        break;
      case GrantTag::leading:
        grant.leading = in.number8() != 0;
        break;
      case GrantTag::types:
        for (zones::OctetReader types(in.value()); !types.at_end();) grant.types.push_back(types.take16());
        break;
      default:
        knows_all = false;
    }
  }
  return grant;
}

}  // namespace axfrd::control
