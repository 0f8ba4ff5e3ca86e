#include "zones/disk/disk_format_6.h"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "zones/disk/disk_checks.h"

namespace axfrd::zones::format_6 {
namespace {

constexpr uint8_t kFormat = 6;

AddressSet take_address_set(OctetReader& in, size_t size) {
  AddressSet set;
  set.known = in.take8() != 0;
  set.ttl = in.take32();
  set.octets = in.take_sized();
  disk::check_addresses(set, size);
  return set;
}

Addresses take_addresses(OctetReader& in) {
  Addresses addresses;
  addresses.a = take_address_set(in, 4);
  addresses.aaaa = take_address_set(in, 16);
  addresses.time = static_cast<int64_t>(in.take64());
  return addresses;
}

PseudoRecords take_pseudo(OctetReader& in) {
  std::vector<PseudoRecord> pseudo;
  for (uint32_t n = in.take32(); n > 0; --n) {
    const auto kind = disk::kind_of(in.take8());
    Name owner = in.take_name();
    const uint32_t ttl = in.take32();
    std::string target = in.take_sized();
    pseudo.push_back({kind, std::move(owner), ttl, std::move(target), take_addresses(in)});
  }
  return disk::shared_or_null(std::move(pseudo));
}

std::vector<Name> take_names(OctetReader& in) {
  std::vector<Name> names;
  for (unsigned n = in.take16(); n > 0; --n) names.push_back(in.take_name());
  return names;
}

SecondaryDnsRef take_secondary_dns(OctetReader& in) {
  if (in.take8() == 0) return nullptr;
  SecondaryDns settings;
  settings.enabled = in.take8() != 0;
  settings.servers = take_names(in);
  settings.added = take_names(in);
  for (unsigned n = in.take16(); n > 0; --n) {
    Secondary s;
    std::ranges::copy(in.take(s.address.size()), s.address.begin());
    s.prefix = in.take8();
    disk::check_prefix(s);
    s.port = in.take16();
    const uint8_t flags = in.take8();
    s.transfers = (flags & 1) != 0;
    s.notified = (flags & 2) != 0;
    s.keys = take_names(in);
    settings.secondaries.push_back(std::move(s));
  }
  return std::make_shared<const SecondaryDns>(std::move(settings));
}

}  // namespace

StoredZone decode_zone(Bytes content) {
  OctetReader in(content);
  if (in.take8() != kFormat) throw std::invalid_argument("a format that this axfrd does not read");
  Name apex = in.take_name();
  const uint32_t ttl = in.take32();
  OwnedRecord soa = disk::sound_soa(apex, ttl, in.take_sized());
  const SerialPolicy policy = disk::policy_of(in.take8());
  const uint32_t steps = in.take32();
  StoredZone zone{std::move(apex), std::move(soa), policy, steps, {}, {}, {}, Serving::served, 0, {}, {}, true};
  zone.pseudo = take_pseudo(in);
  zone.secondary_dns = take_secondary_dns(in);
  zone.pages = in.take32();
  if (!in.at_end()) zone.page = disk::take_page(in);
  in.expect_end();
  return zone;
}

StepRef decode_step(Bytes content) {
  OctetReader in(content);
  const uint32_t to = in.take32();
  const auto time = static_cast<int64_t>(in.take64());
  const uint32_t removed = in.take32(), added = in.take32();
  std::string records = in.take_sized();
  Step::PseudoBefore pseudo;
  if (in.take8() != 0) pseudo = take_pseudo(in);
  in.expect_end();
  return new Step(to, time, removed, added, std::move(records), std::move(pseudo));
}

}  // namespace axfrd::zones::format_6
