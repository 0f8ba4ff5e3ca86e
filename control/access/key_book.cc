#include "control/access/key_book.h"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include "control/base/parse_name.h"
#include "zones/disk/tagged.h"

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

bool operator==(const UpdateGrant& a, const UpdateGrant& b) {
  return a.zone == b.zone && a.name == b.name && a.below == b.below && std::ranges::is_permutation(a.types, b.types);
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

namespace {

enum class KeyTag : uint16_t { algorithm = 1, secret, grant };
enum class GrantTag : uint16_t { zone = 1, name, below, types };

TsigKeyRef tsig_key(const Name& name, const std::string& algorithm, Secret secret) {
  return std::make_shared<const TsigKey>(name, parse_tsig_algorithm(algorithm), std::move(secret), Md5::allowed);
}

std::string encode_grant(const UpdateGrant& grant) {
  zones::TagWriter out;
  if (grant.zone) out.put_name(GrantTag::zone, *grant.zone);
  if (grant.name) out.put_name(GrantTag::name, *grant.name);
  if (grant.below) out.put8(GrantTag::below, 1);
  zones::OctetWriter types;
  for (const uint16_t type : grant.types) types.put16(type);
  if (!grant.types.empty()) out.put(GrantTag::types, std::move(types).finish());
  return std::move(out).finish();
}

UpdateGrant grant_of(zones::Bytes value, bool& knows_all) {
  UpdateGrant grant;
  zones::TagReader in(value);
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
      case GrantTag::types:
        for (zones::OctetReader types(in.value()); !types.at_end();) grant.types.push_back(types.take16());
        break;
      default:
        knows_all = false;
    }
  }
  return grant;
}

// Format 6.
Key key_from_json(const Name& name, const std::string& text) {
  try {
    const Json value = Json::parse(text);
    Key key{
        tsig_key(name, value.at("algorithm").get<std::string>(), decode_secret(value.at("secret").get<std::string>())),
        {}};
    for (const Json& grant : value.at("grants")) {
      key.grants.push_back(parse_grant(grant.at("zone").get<std::string>(), grant.at("names").get<std::string>(),
                                       grant.at("types").get<std::string>()));
    }
    return key;
  } catch (const Json::exception&) {
    throw std::invalid_argument("it is no JSON of a key");
  }
}

}  // namespace

std::string key_to_stored(const Key& key) {
  if (key.kept) return *key.kept;
  zones::TagWriter out;
  out.put(KeyTag::algorithm, to_text(key.tsig->algorithm()));
  out.put(KeyTag::secret, zones::text_of(key.tsig->secret().bytes()));
  for (const UpdateGrant& grant : key.grants) out.put(KeyTag::grant, encode_grant(grant));
  return std::move(out).finish();
}

Key key_from_stored(const Name& name, const std::string& stored) {
  if (stored.starts_with('{')) return key_from_json(name, stored);
  std::string algorithm;
  std::optional<Secret> secret;
  std::vector<UpdateGrant> grants;
  bool knows_all = true;
  zones::TagReader in(zones::bytes_of(stored));
  while (in.next()) {
    switch (in.tag<KeyTag>()) {
      case KeyTag::algorithm:
        algorithm = in.text();
        break;
      case KeyTag::secret:
        secret.emplace(Octets(in.value().begin(), in.value().end()));
        break;
      case KeyTag::grant:
        grants.push_back(grant_of(in.value(), knows_all));
        break;
      default:
        knows_all = false;
    }
  }
  return {tsig_key(name, algorithm, zones::required(std::move(secret), "secret")), std::move(grants),
          knows_all ? nullptr : std::make_shared<const std::string>(stored)};
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
