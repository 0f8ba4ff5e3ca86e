#include "control/access/key_book.h"

#include <algorithm>
#include <stdexcept>

#include "control/base/parse_name.h"

namespace axfrd::control {
namespace {

using zones::Name;
using zones::NameView;

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
  return (grant.below ? "*." : "") + grant.name->to_text();
}

std::string types_of(const UpdateGrant& grant) {
  std::string text;
  for (const uint16_t type : grant.types) text += (text.empty() ? "" : ",") + zones::type_to_text(type);
  return text;
}

auto is_named(NameView name) {
  return [name](const KeyRef& key) { return key->tsig->name().view().equals(name); };
}

KeyRing ring_of(const std::vector<KeyRef>& keys) {
  std::vector<TsigKeyRef> ring;
  for (const KeyRef& key : keys) ring.push_back(key->tsig);
  return KeyRing(std::move(ring));
}

}  // namespace

// ---- grants ----

bool UpdateGrant::covers(const zones::OwnedRecord& record) const {
  if (!types.empty() && std::ranges::find(types, record.type) == types.end()) return false;
  if (!name) return true;
  return below ? record.owner.view().is_at_or_below(*name) && !(record.owner == *name) : record.owner == *name;
}

UpdateGrant parse_grant(const std::string& zone, const std::string& names, const std::string& types) {
  UpdateGrant grant;
  if (zone != "*") grant.zone = parse_name(zone);
  if (names != "*") {
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

// ---- keys ----

bool Key::may_update(const Name& apex) const {
  return std::ranges::any_of(grants, [&](const UpdateGrant& grant) { return grant.covers_zone(apex); });
}

bool Key::may_make(const Name& apex, const zones::OwnedRecord& record) const {
  return std::ranges::any_of(grants,
                             [&](const UpdateGrant& grant) { return grant.covers_zone(apex) && grant.covers(record); });
}

Json to_json(const Key& key) {
  const uint64_t used = key.tsig->last_used();
  Json grants = Json::array();
  for (const UpdateGrant& grant : key.grants) grants.push_back(to_json(grant));
  return {{"key", key.tsig->name().to_text()},
          {"algorithm", to_text(key.tsig->algorithm())},
          {"last_used", used != 0 ? Json(used) : Json()},
          {"grants", std::move(grants)}};
}

std::string key_to_text(const Key& key) {
  Json text = to_json(key);
  text["secret"] = encode_secret(key.tsig->secret());
  return text.dump();
}

Key key_from_text(const Name& name, const std::string& text) {
  try {
    const Json value = Json::parse(text);
    Key key{std::make_shared<const TsigKey>(name, parse_tsig_algorithm(value.at("algorithm").get<std::string>()),
                                            decode_secret(value.at("secret").get<std::string>()), Md5::allowed),
            {}};
    for (const Json& grant : value.at("grants")) {
      key.grants.push_back(parse_grant(grant.at("zone").get<std::string>(), grant.at("names").get<std::string>(),
                                       grant.at("types").get<std::string>()));
    }
    return key;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(error.what());
  }
}

// ---- KeyBook ----

KeyBook::KeyBook(std::vector<KeyRef> keys) : keys_(std::move(keys)), ring_(ring_of(keys_)) {
  std::ranges::sort(keys_, [](const KeyRef& a, const KeyRef& b) {
    return zones::canonical_order(a->tsig->name(), b->tsig->name()) < 0;
  });
}

KeyRef KeyBook::find(NameView name) const {
  const auto before = [](const KeyRef& key, NameView wanted) {
    return zones::canonical_order(key->tsig->name(), wanted) < 0;
  };
  const auto at = std::lower_bound(keys_.begin(), keys_.end(), name, before);
  return at != keys_.end() && is_named(name)(*at) ? *at : nullptr;
}

KeyBook KeyBook::with(KeyRef key) const {
  auto keys = without(key->tsig->name()).keys_;
  keys.push_back(std::move(key));
  return KeyBook(std::move(keys));
}

KeyBook KeyBook::without(NameView name) const {
  auto keys = keys_;
  std::erase_if(keys, is_named(name));
  return KeyBook(std::move(keys));
}

}  // namespace axfrd::control
