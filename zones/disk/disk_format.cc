#include "zones/disk/disk_format.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>

#include "zones/disk/disk_checks.h"
#include "zones/disk/disk_format_6.h"
#include "zones/disk/tagged.h"

namespace axfrd::zones {
namespace disk {

PageImage take_page(OctetReader& in) {
  PageImage page;
  for (unsigned m = in.take16(); m > 0; --m) {
    const uint16_t records = in.take16();
    const Bytes body = in.take(in.take16());
    page.push_back({records, std::string(text_of(body))});
  }
  return page;
}

OwnedRecord sound_soa(const Name& apex, uint32_t ttl, std::string_view rdata) {
  const Record soa{apex, rrtype::SOA, ttl, bytes_of(rdata)};
  if (ttl > kMaxTtl || !rdata_is_sound(rrtype::SOA, soa.rdata)) throw std::invalid_argument("a malformed SOA");
  return OwnedRecord(soa);
}

SerialPolicy policy_of(uint8_t number) {
  if (number > static_cast<uint8_t>(SerialPolicy::keep)) throw std::invalid_argument("an unknown serial policy");
  return static_cast<SerialPolicy>(number);
}

PseudoRecord::Kind kind_of(uint8_t number) {
  const auto kind = static_cast<PseudoRecord::Kind>(number);
  if (kind > PseudoRecord::Kind::url) throw std::invalid_argument("an unknown kind of record");
  return kind;
}

void check_prefix(const Secondary& s) {
  constexpr std::array<uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const bool v4 = std::equal(mapped.begin(), mapped.end(), s.address.begin());
  if (s.prefix > 8 * s.address.size()) throw std::invalid_argument("a prefix longer than an address");
  if (v4 && s.prefix < 8 * mapped.size()) throw std::invalid_argument("a prefix that is neither IPv4's nor IPv6's");
}

void check_addresses(const AddressSet& set, size_t size) {
  if (set.octets.size() % size != 0) throw std::invalid_argument("addresses cut short");
}

PseudoRecords shared_or_null(std::vector<PseudoRecord>&& pseudo) {
  return pseudo.empty() ? nullptr : std::make_shared<const std::vector<PseudoRecord>>(std::move(pseudo));
}

}  // namespace disk

namespace {

using namespace disk;  // NOLINT(google-build-using-namespace)

void put_page(OctetWriter& out, const Page& page) {
  out.put16(page.message_count());
  for (unsigned m = 0; m < page.message_count(); ++m) {
    const Bytes body = page.message_bytes(m);
    out.put16(page.message(m).records);
    out.put16(static_cast<unsigned>(body.size()));
    out.put(body);
  }
}

PageImage read_page(Bytes value) {
  OctetReader in(value);
  PageImage page = take_page(in);
  in.expect_end();
  return page;
}

// ---- ALIAS and URL ----

enum class AliasTag : uint16_t { kind = 1, owner, ttl, target, a, aaaa, found_at };

void put_address_set(TagWriter& out, AliasTag tag, const AddressSet& set) {
  OctetWriter value;
  value.put8(set.known ? 1 : 0);
  value.put32(set.ttl);
  value.put(set.octets);
  out.put(tag, std::move(value).finish());
}

AddressSet address_set_of(Bytes value, size_t size) {
  OctetReader in(value);
  AddressSet set;
  set.known = in.take8() != 0;
  set.ttl = in.take32();
  set.octets = text_of(in.rest());
  check_addresses(set, size);
  return set;
}

template <class Tag>
void put_pseudo(TagWriter& out, Tag tag, const PseudoRecords& pseudo) {
  if (!pseudo) return;
  for (const PseudoRecord& r : *pseudo) {
    TagWriter alias;
    alias.put8(AliasTag::kind, static_cast<unsigned>(r.kind));
    alias.put_name(AliasTag::owner, r.owner);
    alias.put32(AliasTag::ttl, r.ttl);
    alias.put(AliasTag::target, r.target);
    put_address_set(alias, AliasTag::a, r.addresses.a);
    put_address_set(alias, AliasTag::aaaa, r.addresses.aaaa);
    alias.put64(AliasTag::found_at, static_cast<uint64_t>(r.addresses.time));
    out.put(tag, std::move(alias).finish());
  }
}

// `knows_all` becomes false when there is a tag that is not known.
PseudoRecord pseudo_of(Bytes value, bool& knows_all) {
  std::optional<PseudoRecord::Kind> kind;
  std::optional<Name> owner;
  PseudoRecord record{{}, Name(), 0, {}, {}};
  TagReader in(value);
  while (in.next()) {
    switch (in.tag<AliasTag>()) {
      case AliasTag::kind:
        kind = kind_of(in.number8());
        break;
      case AliasTag::owner:
        owner = in.name();
        break;
      case AliasTag::ttl:
        record.ttl = in.number32();
        break;
      case AliasTag::target:
        record.target = in.text();
        break;
      case AliasTag::a:
        record.addresses.a = address_set_of(in.value(), 4);
        break;
      case AliasTag::aaaa:
        record.addresses.aaaa = address_set_of(in.value(), 16);
        break;
      case AliasTag::found_at:
        record.addresses.time = static_cast<int64_t>(in.number64());
        break;
      default:
        knows_all = false;
    }
  }
  record.kind = required(kind, "kind");
  record.owner = required(std::move(owner), "owner");
  return record;
}

// ---- secondary DNS ----

enum class SecondaryDnsTag : uint16_t {
  enabled = 1,
  server,
  added,
  secondary,
  provider,
  own_server,
  own_secondary,
  ending_since,
  leaving
};
enum class SecondaryTag : uint16_t { address = 1, prefix, port, transfers, notified, key };

std::string encode_secondary(const Secondary& s) {
  TagWriter out;
  out.put(SecondaryTag::address, text_of(s.address));
  out.put8(SecondaryTag::prefix, s.prefix);
  out.put16(SecondaryTag::port, s.port);
  out.put8(SecondaryTag::transfers, s.transfers ? 1 : 0);
  out.put8(SecondaryTag::notified, s.notified ? 1 : 0);
  for (const Name& key : s.keys) out.put_name(SecondaryTag::key, key);
  return std::move(out).finish();
}

std::array<uint8_t, 16> address_of(Bytes value) {
  std::array<uint8_t, 16> address;
  if (value.size() != address.size()) throw std::invalid_argument("an address of another size");
  std::ranges::copy(value, address.begin());
  return address;
}

Secondary secondary_of(Bytes value, bool& knows_all) {
  Secondary s;
  TagReader in(value);
  while (in.next()) {
    switch (in.tag<SecondaryTag>()) {
      case SecondaryTag::address:
        s.address = address_of(in.value());
        break;
      case SecondaryTag::prefix:
        s.prefix = in.number8();
        break;
      case SecondaryTag::port:
        s.port = in.number16();
        break;
      case SecondaryTag::transfers:
        s.transfers = in.number8() != 0;
        break;
      case SecondaryTag::notified:
        s.notified = in.number8() != 0;
        break;
      case SecondaryTag::key:
        s.keys.push_back(in.name());
        break;
      default:
        knows_all = false;
    }
  }
  check_prefix(s);
  return s;
}

std::string encode_secondary_dns(const SecondaryDns& settings) {
  TagWriter out;
  out.put8(SecondaryDnsTag::enabled, settings.enabled ? 1 : 0);
  for (const Name& name : settings.servers) out.put_name(SecondaryDnsTag::server, name);
  for (const Name& name : settings.added) out.put_name(SecondaryDnsTag::added, name);
  for (const Secondary& s : settings.secondaries) out.put(SecondaryDnsTag::secondary, encode_secondary(s));
  for (const std::string& provider : settings.providers) out.put(SecondaryDnsTag::provider, provider);
  for (const Name& name : settings.own_servers) out.put_name(SecondaryDnsTag::own_server, name);
  for (const Secondary& s : settings.own_secondaries) out.put(SecondaryDnsTag::own_secondary, encode_secondary(s));
  if (settings.ending) {
    out.put64(SecondaryDnsTag::ending_since, static_cast<uint64_t>(settings.ending->since));
    for (const Name& name : settings.ending->leaving) out.put_name(SecondaryDnsTag::leaving, name);
  }
  return std::move(out).finish();
}

SecondaryDnsRef secondary_dns_of(Bytes value, bool& knows_all) {
  SecondaryDns settings;
  const auto ending = [&settings]() -> Ending& {
    return settings.ending ? *settings.ending : settings.ending.emplace();
  };
  TagReader in(value);
  while (in.next()) {
    switch (in.tag<SecondaryDnsTag>()) {
      case SecondaryDnsTag::enabled:
        settings.enabled = in.number8() != 0;
        break;
      case SecondaryDnsTag::server:
        settings.servers.push_back(in.name());
        break;
      case SecondaryDnsTag::added:
        settings.added.push_back(in.name());
        break;
      case SecondaryDnsTag::secondary:
        settings.secondaries.push_back(secondary_of(in.value(), knows_all));
        break;
      case SecondaryDnsTag::provider:
        settings.providers.push_back(in.text());
        break;
      case SecondaryDnsTag::own_server:
        settings.own_servers.push_back(in.name());
        break;
      case SecondaryDnsTag::own_secondary:
        settings.own_secondaries.push_back(secondary_of(in.value(), knows_all));
        break;
      case SecondaryDnsTag::ending_since:
        ending().since = static_cast<int64_t>(in.number64());
        break;
      case SecondaryDnsTag::leaving:
        ending().leaving.push_back(in.name());
        break;
      default:
        knows_all = false;
    }
  }
  return std::make_shared<const SecondaryDns>(std::move(settings));
}

// ---- origin ----

enum class OriginTag : uint16_t { kind = 1, primary, catalog, member, expires };
enum class PrimaryTag : uint16_t { address = 1, port, key };

std::string encode_primary(const Primary& p) {
  TagWriter out;
  out.put(PrimaryTag::address, text_of(p.address));
  out.put16(PrimaryTag::port, p.port);
  if (p.key) out.put_name(PrimaryTag::key, *p.key);
  return std::move(out).finish();
}

Primary primary_of(Bytes value, bool& knows_all) {
  Primary p;
  TagReader in(value);
  while (in.next()) {
    switch (in.tag<PrimaryTag>()) {
      case PrimaryTag::address:
        p.address = address_of(in.value());
        break;
      case PrimaryTag::port:
        p.port = in.number16();
        break;
      case PrimaryTag::key:
        p.key = in.name();
        break;
      default:
        knows_all = false;
    }
  }
  return p;
}

std::string encode_origin(const Origin& origin) {
  TagWriter out;
  out.put8(OriginTag::kind, static_cast<unsigned>(origin.kind));
  for (const Primary& p : origin.primaries) out.put(OriginTag::primary, encode_primary(p));
  if (origin.catalog) out.put_name(OriginTag::catalog, *origin.catalog);
  if (!origin.member.empty()) out.put(OriginTag::member, origin.member);
  if (origin.expires != 0) out.put64(OriginTag::expires, origin.expires);
  return std::move(out).finish();
}

// A kind that is not known is no local zone, which is all that may be edited.
OriginRef origin_of(Bytes value, bool& knows_all) {
  Origin origin;
  TagReader in(value);
  while (in.next()) {
    switch (in.tag<OriginTag>()) {
      case OriginTag::kind:
        origin.kind = static_cast<Origin::Kind>(in.number8());
        knows_all = knows_all && origin.kind >= Origin::Kind::local && origin.kind <= Origin::Kind::replica;
        break;
      case OriginTag::primary:
        origin.primaries.push_back(primary_of(in.value(), knows_all));
        break;
      case OriginTag::catalog:
        origin.catalog = in.name();
        break;
      case OriginTag::member:
        origin.member = in.text();
        break;
      case OriginTag::expires:
        origin.expires = in.number64();
        break;
      default:
        knows_all = false;
    }
  }
  return std::make_shared<const Origin>(std::move(origin));
}

Serving serving_of(uint8_t number) {
  if (number > static_cast<uint8_t>(Serving::hidden)) throw std::invalid_argument("an unknown serving state");
  return static_cast<Serving>(number);
}

enum class ZoneTag : uint16_t {
  apex = 1,
  soa_ttl,
  soa_rdata,
  serial_policy,
  steps,
  pages,
  page,
  pseudo,
  secondary_dns,
  origin,
  serving
};
enum class StepTag : uint16_t { to = 1, time, removed, added, records, pseudo_changed, pseudo_before, by };

// Whether that belongs to the zone's settings, and not to its content.
bool is_setting(ZoneTag tag) {
  switch (tag) {
    case ZoneTag::apex:
    case ZoneTag::soa_ttl:
    case ZoneTag::soa_rdata:
    case ZoneTag::steps:
    case ZoneTag::pages:
    case ZoneTag::page:
      return false;
    default:
      return true;
  }
}

void put_settings(TagWriter& out, const Attributes& attributes) {
  if (attributes.kept) return out.put_raw(*attributes.kept);
  out.put8(ZoneTag::serial_policy, static_cast<unsigned>(attributes.serial_policy));
  put_pseudo(out, ZoneTag::pseudo, attributes.pseudo);
  if (attributes.secondary_dns) out.put(ZoneTag::secondary_dns, encode_secondary_dns(*attributes.secondary_dns));
  if (attributes.origin) out.put(ZoneTag::origin, encode_origin(*attributes.origin));
  if (attributes.serving != Serving::served) out.put8(ZoneTag::serving, static_cast<unsigned>(attributes.serving));
}

StoredZone decode_tagged_zone(Bytes content) {
  std::optional<Name> apex;
  std::optional<uint32_t> ttl;
  std::optional<Bytes> rdata;
  SerialPolicy policy{};
  uint32_t steps = 0, pages = 0;
  PageImage page;
  std::vector<PseudoRecord> pseudo;
  SecondaryDnsRef secondary_dns;
  OriginRef origin;
  Serving serving = Serving::served;
  std::string settings;
  bool knows_all = true;
  TagReader in(content);
  while (in.next()) {
    if (is_setting(in.tag<ZoneTag>())) settings += in.whole();
    switch (in.tag<ZoneTag>()) {
      case ZoneTag::apex:
        apex = in.name();
        break;
      case ZoneTag::soa_ttl:
        ttl = in.number32();
        break;
      case ZoneTag::soa_rdata:
        rdata = in.value();
        break;
      case ZoneTag::serial_policy:
        policy = policy_of(in.number8());
        break;
      case ZoneTag::steps:
        steps = in.number32();
        break;
      case ZoneTag::pages:
        pages = in.number32();
        break;
      case ZoneTag::page:
        page = read_page(in.value());
        break;
      case ZoneTag::pseudo:
        pseudo.push_back(pseudo_of(in.value(), knows_all));
        break;
      case ZoneTag::secondary_dns:
        secondary_dns = secondary_dns_of(in.value(), knows_all);
        break;
      case ZoneTag::origin:
        origin = origin_of(in.value(), knows_all);
        break;
      case ZoneTag::serving:
        serving = serving_of(in.number8());
        break;
      default:
        knows_all = false;
    }
  }
  const Name name = required(std::move(apex), "name");
  OwnedRecord soa = sound_soa(name, required(ttl, "TTL"), text_of(required(rdata, "SOA")));
  return {name,
          std::move(soa),
          policy,
          steps,
          shared_or_null(std::move(pseudo)),
          std::move(secondary_dns),
          std::move(origin),
          serving,
          pages,
          std::move(page),
          std::move(settings),
          knows_all};
}

StoredStep decode_tagged_step(Bytes content) {
  std::optional<uint32_t> to;
  int64_t time = 0;
  uint32_t removed = 0, added = 0;
  std::string records, by;
  bool pseudo_changed = false, knows_all = true;
  std::vector<PseudoRecord> pseudo;
  TagReader in(content);
  while (in.next()) {
    switch (in.tag<StepTag>()) {
      case StepTag::to:
        to = in.number32();
        break;
      case StepTag::time:
        time = static_cast<int64_t>(in.number64());
        break;
      case StepTag::removed:
        removed = in.number32();
        break;
      case StepTag::added:
        added = in.number32();
        break;
      case StepTag::records:
        records = in.text();
        break;
      case StepTag::pseudo_changed:
        pseudo_changed = true;
        break;
      case StepTag::pseudo_before:
        pseudo.push_back(pseudo_of(in.value(), knows_all));
        break;
      case StepTag::by:
        by = in.text();
        break;
      default:
        knows_all = false;
    }
  }
  Step::PseudoBefore before;
  if (pseudo_changed) before = shared_or_null(std::move(pseudo));
  return {new Step(required(to, "serial"), time, removed, added, std::move(records), std::move(before), std::move(by)),
          knows_all};
}

}  // namespace

std::string encode_zone(const ZoneVersion& version) {
  const OwnedRecord soa = version.soa_record();
  TagWriter out;
  out.put(ZoneTag::apex, text_of(version.apex().name.bytes()));
  out.put32(ZoneTag::soa_ttl, soa.ttl);
  out.put(ZoneTag::soa_rdata, soa.rdata);
  if (version.history()) out.put32(ZoneTag::steps, static_cast<uint32_t>(version.history()->steps().size()));
  if (!version.page_ids().empty()) out.put32(ZoneTag::pages, static_cast<uint32_t>(version.page_ids().size()));
  if (version.page_count() == 1) {
    OctetWriter page;
    put_page(page, version.page(0));
    out.put(ZoneTag::page, std::move(page).finish());
  }
  put_settings(out, version.attributes());
  return seal(std::move(out).finish());
}

StoredZone decode_zone(Bytes value) {
  const Unsealed sealed = unseal(value);
  return sealed.format == kOldestFormat ? format_6::decode_zone(sealed.content) : decode_tagged_zone(sealed.content);
}

std::string encode_step(const Step& step) {
  TagWriter out;
  out.put32(StepTag::to, step.to());
  out.put64(StepTag::time, static_cast<uint64_t>(step.time()));
  out.put32(StepTag::removed, step.removed());
  out.put32(StepTag::added, step.added());
  out.put(StepTag::records, step.records());
  if (step.pseudo_before()) {
    out.put(StepTag::pseudo_changed, {});
    put_pseudo(out, StepTag::pseudo_before, *step.pseudo_before());
  }
  if (!step.by().empty()) out.put(StepTag::by, step.by());
  return seal(std::move(out).finish());
}

StoredStep decode_step(Bytes value) {
  const Unsealed sealed = unseal(value);
  if (sealed.format == kOldestFormat) return {format_6::decode_step(sealed.content), true};
  return decode_tagged_step(sealed.content);
}

// The ids and the messages of a page are the same in both formats.
std::string encode_order(std::span<const uint32_t> page_ids) {
  OctetWriter out;
  for (const uint32_t id : page_ids) out.put32(id);
  return seal(std::move(out).finish());
}

std::vector<uint32_t> decode_order(Bytes value) {
  OctetReader in(unseal(value).content);
  std::vector<uint32_t> page_ids;
  while (!in.at_end()) page_ids.push_back(in.take32());
  return page_ids;
}

std::string encode_page(const Page& page) {
  OctetWriter out;
  put_page(out, page);
  return seal(std::move(out).finish());
}

PageImage decode_page(Bytes value) { return read_page(unseal(value).content); }

}  // namespace axfrd::zones
