// The disk format: values that the store gives back damaged are refused, or are a zone that can be served.
//
// Input: an octet that picks the value and the format; then damages, each of which is two octets of place, one that
// says what is done there, and up to seven octets. The good values are made here, so that the corpus does not age with
// the format. The checksum is made right, for it keeps no one out who writes to the disk.
#include <libdeflate.h>

#include <algorithm>
#include <stdexcept>

#include "tests/fuzz/fuzz.h"
#include "zones/disk/disk_format.h"
#include "zones/disk/tagged.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

constexpr size_t kChecksum = 4;

// A zone as the store keeps it.
struct Values {
  explicit Values(const ZoneVersion& version) : zone(encode_zone(version)) {
    for (const uint32_t id : version.page_ids()) ids.push_back(id);
    order = encode_order(ids);
    for (unsigned i = 0; i < version.page_count(); ++i) pages.push_back(encode_page(version.page(i)));
    if (version.history()) step = encode_step(*version.history()->steps().front());
  }
  std::string zone, order, step;
  std::vector<std::string> pages;
  std::vector<uint32_t> ids;
};

// The small zone with all that may stand beside records.
VersionRef rich_zone() {
  const VersionRef plain = fuzz::small_zone();
  Attributes attributes;
  Addresses addresses;
  addresses.a = {true, 60, std::string("\xC0\0\2\1", 4)};
  attributes.pseudo = std::make_shared<const std::vector<PseudoRecord>>(std::vector<PseudoRecord>{
      {PseudoRecord::Kind::alias, *Name::from_text("mail.example"), 60, "target.test.", addresses},
      {PseudoRecord::Kind::url, *Name::from_text("ns.example"), 60, "https://target.test/", {}}});
  SecondaryDns settings{true, {*Name::from_text("ns.elsewhere.test")}, {}, {{}}};
  settings.secondaries.front().keys.push_back(*Name::from_text("key"));
  attributes.secondary_dns = std::make_shared<const SecondaryDns>(std::move(settings));
  return plain->apply({}, plain->soa_record(), std::move(attributes));
}

const Values& small_values() {
  static const Values values(*rich_zone());
  return values;
}

const Values& large_values() {
  static const Values values(*fuzz::large_zone());
  return values;
}

// Damages what is sealed, and seals it again; or leaves the checksum of format 6, which is read as that.
std::string damaged(const std::string& value, fuzz::Input& input, bool old_format) {
  std::string body(text_of(unseal(bytes_of(value)).content));
  while (!input.rest().empty()) {
    const size_t at = input.number() % (body.size() + 1);
    const uint8_t what = input.octet();
    const Bytes octets = input.take(what & 7);
    if ((what & 8) != 0) {
      body.insert(at, octets.size(), '\0');
    } else if ((what & 16) != 0) {
      body.erase(at, what >> 5);
    }
    for (size_t i = 0; i < octets.size() && at + i < body.size(); ++i) body[at + i] = static_cast<char>(octets[i]);
  }
  if (!old_format) return seal(body);
  const size_t size = body.size();
  body.resize(size + kChecksum);
  store32(reinterpret_cast<uint8_t*>(body.data()) + size, libdeflate_crc32(0, body.data(), size));
  return body;
}

// As Store::restore() does it.
VersionRef restore(const Values& values) {
  StoredZone zone = decode_zone(bytes_of(values.zone));
  std::vector<ZoneVersion::NumberedPage> pages;
  if (!zone.page.empty()) pages.push_back({0, std::move(zone.page)});
  if (zone.pages != 0) {
    const auto ids = decode_order(bytes_of(values.order));
    if (ids.size() != zone.pages || ids.size() != values.pages.size()) throw std::invalid_argument("pages are missing");
    for (size_t i = 0; i < ids.size(); ++i) pages.push_back({ids[i], decode_page(bytes_of(values.pages[i]))});
  }
  Attributes attributes;
  if (!values.step.empty()) attributes.history = new History({decode_step(bytes_of(values.step)).step});
  attributes.pseudo = zone.pseudo;
  attributes.secondary_dns = zone.secondary_dns;
  return ZoneVersion::restore(zone.apex, zone.soa.view(), pages, std::move(attributes));
}

void ask(const Responder& responder, NameView name, uint16_t type) {
  std::vector<uint8_t> message(kMaxMessage);
  store16(&message[4], 1);
  std::copy_n(name.data(), name.size(), &message[kHeaderSize]);
  const unsigned end = kHeaderSize + name.size() + 4;
  store16(&message[end - 4], type);
  store16(&message[end - 2], rrclass::IN);
  Query query;
  query.message = message.data();
  query.size = end;
  query.capacity = kMaxMessage;
  query.transport = Transport::tcp;
  fuzz::require(query.parse() == Disposition::answer, "a question of ours is well-formed");
  fuzz::require(responder.respond(query) <= kMaxMessage, "a response fits its buffer");
}

// Nothing that is done with a zone goes beyond its memory. The questions are for what stood in it, or some of that.
void serve(const VersionRef& version) {
  version->for_each_record([](const Record&) {});
  if (version->page_count() <= 1) (void)fuzz::lines_of(*version);  // of many pages it takes too long
  if (version->history()) (void)version->history()->since(version->history()->steps().front()->from());
  ZoneTable table;
  (void)table.publish(version);
  const CookieJar cookies;
  const Responder responder(table, cookies, {});
  const Name apex(version->apex().name);
  for (const uint16_t type : {rrtype::SOA, rrtype::NS, rrtype::ANY}) ask(responder, apex, type);
  const VersionRef good = version->page_count() > 1 ? fuzz::large_zone() : fuzz::small_zone();
  unsigned count = 0;
  good->for_each_record([&](const Record& record) {
    if (count++ < 32) ask(responder, record.owner, record.type);
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const uint8_t choice = input.octet();
  const bool small = (choice & 1) != 0;
  Values values = small ? small_values() : large_values();
  const unsigned which = small ? 0 : (choice >> 1) % 5;
  std::string& value = which == 0   ? values.zone
                       : which == 1 ? values.order
                       : which == 2 ? values.step
                       : which == 3 ? values.pages.front()
                                    : values.pages[1];
  value = damaged(value, input, (choice & 0x80) != 0);
  try {
    serve(restore(values));
  } catch (const std::invalid_argument&) {
  }
  return 0;
}
