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

auto is_named(NameView name) {
  return [name](const KeyRef& key) { return key->tsig->name().view().equals(name); };
}

KeyRing ring_of(const std::vector<KeyRef>& keys) {
  std::vector<TsigKeyRef> ring;
  for (const KeyRef& key : keys) ring.push_back(key->tsig);
  return KeyRing(std::move(ring));
}

}  // namespace

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

TsigKeyRef tsig_key(const Name& name, const std::string& algorithm, Secret secret) {
  return std::make_shared<const TsigKey>(name, parse_tsig_algorithm(algorithm), std::move(secret), Md5::allowed);
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
  for (const UpdateGrant& grant : key.grants) out.put(KeyTag::grant, grant_to_stored(grant));
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
        grants.push_back(grant_from_stored(in.value(), knows_all));
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
