#include "zones/disk_format.h"

#include <libdeflate.h>

#include <algorithm>
#include <stdexcept>

namespace axfrd::zones {
namespace {

constexpr uint8_t kFormat = 6;

uint32_t checksum(Bytes bytes) { return libdeflate_crc32(0, bytes.data(), bytes.size()); }

class Encoder {
 public:
  void put(Bytes bytes) { out_.append(text_of(bytes)); }
  void put8(unsigned v) { out_ += static_cast<char>(v); }
  void put16(unsigned v) {
    put8(v >> 8);
    put8(v & 0xFF);
  }
  void put32(uint32_t v) {
    put16(v >> 16);
    put16(v & 0xFFFF);
  }
  void put64(uint64_t v) {
    put32(static_cast<uint32_t>(v >> 32));
    put32(static_cast<uint32_t>(v));
  }
  void put_sized(std::string_view text) {
    put32(static_cast<uint32_t>(text.size()));
    out_.append(text);
  }
  void put_page(const Page& page) {
    put16(page.message_count());
    for (unsigned m = 0; m < page.message_count(); ++m) {
      const Bytes body = page.message_bytes(m);
      put16(page.message(m).records);
      put16(static_cast<unsigned>(body.size()));
      put(body);
    }
  }
  std::string finish() && {
    put32(checksum(bytes_of(out_)));
    return std::move(out_);
  }

 private:
  std::string out_;
};

class Decoder {
 public:
  explicit Decoder(Bytes value) : rest_(value) {
    if (value.size() < 4) throw std::invalid_argument("a value too short for its checksum");
    rest_ = value.first(value.size() - 4);
    if (load32(value.data() + rest_.size()) != checksum(rest_))
      throw std::invalid_argument("a checksum that does not match");
  }
  Bytes take(size_t n) {
    if (n > rest_.size()) throw std::invalid_argument("a value cut short");
    const Bytes taken = rest_.first(n);
    rest_ = rest_.subspan(n);
    return taken;
  }
  uint8_t take8() { return take(1)[0]; }
  uint16_t take16() { return load16(take(2).data()); }
  uint32_t take32() { return load32(take(4).data()); }
  uint64_t take64() {
    const uint64_t high = take32();
    return high << 32 | take32();
  }
  std::string take_sized() { return std::string(text_of(take(take32()))); }
  Name take_name() {
    const auto name = NameView::read(rest_);
    if (!name) throw std::invalid_argument("a malformed name");
    Name copy(*name);
    take(name->size());
    return copy;
  }
  PageImage take_page() {
    PageImage page;
    for (unsigned m = take16(); m > 0; --m) {
      const uint16_t records = take16();
      const Bytes body = take(take16());
      page.push_back({records, std::string(text_of(body))});
    }
    return page;
  }
  bool at_end() const { return rest_.empty(); }
  void expect_end() const {
    if (!at_end()) throw std::invalid_argument("a value with octets left over");
  }

 private:
  Bytes rest_;
};

OwnedRecord take_soa(Decoder& in, const Name& apex) {
  const uint32_t ttl = in.take32();
  const std::string rdata = in.take_sized();
  const Record soa{apex, rrtype::SOA, ttl, bytes_of(rdata)};
  if (ttl > kMaxTtl || !rdata_is_sound(rrtype::SOA, soa.rdata)) throw std::invalid_argument("a malformed SOA");
  return OwnedRecord(soa);
}

// ---- the addresses of ALIAS and URL ----

void put_addresses(Encoder& out, const Addresses& addresses) {
  for (const AddressSet* set : {&addresses.a, &addresses.aaaa}) {
    out.put8(set->known ? 1 : 0);
    out.put32(set->ttl);
    out.put_sized(set->octets);
  }
  out.put64(static_cast<uint64_t>(addresses.time));
}

AddressSet take_address_set(Decoder& in, size_t size) {
  AddressSet set;
  set.known = in.take8() != 0;
  set.ttl = in.take32();
  set.octets = in.take_sized();
  if (set.octets.size() % size != 0) throw std::invalid_argument("addresses cut short");
  return set;
}

Addresses take_addresses(Decoder& in) {
  Addresses addresses;
  addresses.a = take_address_set(in, 4);
  addresses.aaaa = take_address_set(in, 16);
  addresses.time = static_cast<int64_t>(in.take64());
  return addresses;
}

void put_pseudo(Encoder& out, const PseudoRecords& pseudo) {
  out.put32(pseudo ? static_cast<uint32_t>(pseudo->size()) : 0);
  if (!pseudo) return;
  for (const PseudoRecord& r : *pseudo) {
    out.put8(static_cast<unsigned>(r.kind));
    out.put(r.owner.view().bytes());
    out.put32(r.ttl);
    out.put_sized(r.target);
    put_addresses(out, r.addresses);
  }
}

PseudoRecords take_pseudo(Decoder& in) {
  std::vector<PseudoRecord> pseudo;
  for (uint32_t n = in.take32(); n > 0; --n) {
    const auto kind = static_cast<PseudoRecord::Kind>(in.take8());
    if (kind > PseudoRecord::Kind::url) throw std::invalid_argument("an unknown kind of record");
    Name owner = in.take_name();
    const uint32_t ttl = in.take32();
    std::string target = in.take_sized();
    pseudo.push_back({kind, std::move(owner), ttl, std::move(target), take_addresses(in)});
  }
  return pseudo.empty() ? nullptr : std::make_shared<const std::vector<PseudoRecord>>(std::move(pseudo));
}

// ---- secondary DNS: 0 if nothing was set, or 1 and all of it ----

void put_names(Encoder& out, const std::vector<Name>& names) {
  out.put16(static_cast<unsigned>(names.size()));
  for (const Name& name : names) out.put(name.view().bytes());
}

std::vector<Name> take_names(Decoder& in) {
  std::vector<Name> names;
  for (unsigned n = in.take16(); n > 0; --n) names.push_back(in.take_name());
  return names;
}

void put_secondary_dns(Encoder& out, const SecondaryDns* settings) {
  out.put8(settings != nullptr ? 1 : 0);
  if (settings == nullptr) return;
  out.put8(settings->enabled ? 1 : 0);
  put_names(out, settings->servers);
  put_names(out, settings->added);
  out.put16(static_cast<unsigned>(settings->secondaries.size()));
  for (const Secondary& s : settings->secondaries) {
    out.put(s.address);
    out.put8(s.prefix);
    out.put16(s.port);
    out.put8((s.transfers ? 1U : 0U) | (s.notified ? 2U : 0U));
    put_names(out, s.keys);
  }
}

void check_prefix(const Secondary& s) {
  constexpr std::array<uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  const bool v4 = std::equal(mapped.begin(), mapped.end(), s.address.begin());
  if (s.prefix > 8 * s.address.size()) throw std::invalid_argument("a prefix longer than an address");
  if (v4 && s.prefix < 8 * mapped.size()) throw std::invalid_argument("a prefix that is neither IPv4's nor IPv6's");
}

SecondaryDnsRef take_secondary_dns(Decoder& in) {
  if (in.take8() == 0) return nullptr;
  SecondaryDns settings;
  settings.enabled = in.take8() != 0;
  settings.servers = take_names(in);
  settings.added = take_names(in);
  for (unsigned n = in.take16(); n > 0; --n) {
    Secondary s;
    std::ranges::copy(in.take(s.address.size()), s.address.begin());
    s.prefix = in.take8();
    check_prefix(s);
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

std::string encode_zone(const ZoneVersion& version) {
  Encoder out;
  out.put8(kFormat);
  out.put(version.apex().name.bytes());
  const OwnedRecord soa = version.soa_record();
  out.put32(soa.ttl);
  out.put_sized(soa.rdata);
  out.put8(static_cast<unsigned>(version.attributes().serial_policy));
  out.put32(version.history() ? static_cast<uint32_t>(version.history()->steps().size()) : 0);
  put_pseudo(out, version.pseudo());
  put_secondary_dns(out, version.attributes().secondary_dns.get());
  out.put32(static_cast<uint32_t>(version.page_ids().size()));
  if (version.page_count() == 1) out.put_page(version.page(0));
  return std::move(out).finish();
}

StoredZone decode_zone(Bytes value) {
  Decoder in(value);
  if (in.take8() != kFormat) throw std::invalid_argument("a format this version does not know");
  Name apex = in.take_name();
  OwnedRecord soa = take_soa(in, apex);
  const uint8_t policy = in.take8();
  if (policy > static_cast<uint8_t>(SerialPolicy::keep)) throw std::invalid_argument("an unknown serial policy");
  const uint32_t steps = in.take32();
  StoredZone zone{std::move(apex), std::move(soa), static_cast<SerialPolicy>(policy), steps, {}, {}, 0, {}};
  zone.pseudo = take_pseudo(in);
  zone.secondary_dns = take_secondary_dns(in);
  zone.pages = in.take32();
  if (!in.at_end()) zone.page = in.take_page();
  in.expect_end();
  return zone;
}

std::string encode_step(const Step& step) {
  Encoder out;
  out.put32(step.to());
  out.put64(static_cast<uint64_t>(step.time()));
  out.put32(step.removed());
  out.put32(step.added());
  out.put_sized(step.records());
  out.put8(step.pseudo_before() ? 1 : 0);
  if (step.pseudo_before()) put_pseudo(out, *step.pseudo_before());
  return std::move(out).finish();
}

StepRef decode_step(Bytes value) {
  Decoder in(value);
  const uint32_t to = in.take32();
  const auto time = static_cast<int64_t>(in.take64());
  const uint32_t removed = in.take32(), added = in.take32();
  std::string records = in.take_sized();
  Step::PseudoBefore pseudo;
  if (in.take8() != 0) pseudo = take_pseudo(in);
  in.expect_end();
  return new Step(to, time, removed, added, std::move(records), std::move(pseudo));
}

std::string encode_order(std::span<const uint32_t> page_ids) {
  Encoder out;
  for (const uint32_t id : page_ids) out.put32(id);
  return std::move(out).finish();
}

std::vector<uint32_t> decode_order(Bytes value) {
  Decoder in(value);
  std::vector<uint32_t> page_ids;
  while (!in.at_end()) page_ids.push_back(in.take32());
  return page_ids;
}

std::string encode_page(const Page& page) {
  Encoder out;
  out.put_page(page);
  return std::move(out).finish();
}

PageImage decode_page(Bytes value) {
  Decoder in(value);
  PageImage page = in.take_page();
  in.expect_end();
  return page;
}

}  // namespace axfrd::zones
