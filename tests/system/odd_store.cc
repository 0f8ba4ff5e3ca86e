// For test_store.py: makes a store as another axfrd has left it.
//
// usage: odd_store refused DIRECTORY     with records that an earlier release took and that are refused today;
//                                        stdout: each of them as `zone check` speaks of it, a line each
//        odd_store later DIRECTORY       whose zone, key, provider and cookies have settings of a later release
//        odd_store removed DIRECTORY     with the last serials of two zones that were removed two years ago, and of one
//                                        that was removed an hour ago
#include <array>
#include <ctime>
#include <iostream>
#include <map>

#include "control/access/settings.h"
#include "control/store/store.h"
#include "zones/data/stored_check.h"
#include "zones/disk/tagged.h"
#include "zones/text/zonefile.h"

using namespace axfrd;  // NOLINT(google-build-using-namespace)

namespace {

zones::Name name(const std::string& text) { return *zones::Name::from_text(text); }

zones::RecordSet records_of(const std::string& apex) {
  auto parsed = zones::parse_zone(
      "$TTL 60\n@ SOA ns.example.net. admin 1 7200 3600 1209600 300\n@ NS ns.example.net.\nwww A 192.0.2.1\n",
      name(apex), apex);
  return std::move(std::get<zones::ZoneText>(parsed).records);
}

void add(control::Store& store, const zones::ZoneVersion& version) {
  store.commit({.zones = {{nullptr, &version}}, .settings = {}, .ledger = {}});
}

bool make_refused(const std::filesystem::path& directory) {
  struct Refused {
    const char* owner;
    uint16_t type;
    std::string rdata;
  };
  const std::array<Refused, 4> refused{{{"ds", zones::rrtype::DS, {"\0\1\10\2xx", 6}},
                                        {"sshfp", zones::rrtype::SSHFP, {"\1\1xx", 4}},
                                        {"caa", zones::rrtype::CAA, {"\0\0value", 7}},
                                        {"loc", zones::rrtype::LOC, {"\0\0", 2}}}};
  zones::RecordSet records = records_of("refused.example");
  for (const Refused& r : refused) {
    const zones::Name owner = name(std::string(r.owner) + ".refused.example");
    if (records.add({owner, r.type, 60, zones::bytes_of(r.rdata)})) return false;
  }
  if (records.finish()) return false;
  const zones::VersionRef version = zones::ZoneVersion::build(records);
  control::Store store(directory);
  add(store, *version);
  for (const std::string& sentence : zones::find_refused(*version)) std::cout << sentence << '\n';
  return true;
}

// Tagged values with one more, of a tag that no release has.
std::string with_more(std::string tagged) {
  zones::TagWriter more;
  more.put(uint16_t{4711}, "of a later axfrd");
  return tagged + std::move(more).finish();
}

void make_later(const std::filesystem::path& directory) {
  const zones::VersionRef version = zones::ZoneVersion::build(records_of("later.example"));
  {
    control::Store store(directory);
    add(store, *version);
    const auto tsig = std::make_shared<const control::TsigKey>(name("later.key"), control::TsigAlgorithm::hmac_sha256,
                                                               control::random_secret());
    const auto set = [&store](const control::Setting& setting) {
      const std::string text = with_more(control::setting_to_stored(setting.value));
      store.commit({.zones = {}, .settings = {{static_cast<char>(setting.kind), setting.name, text}}, .ledger = {}});
    };
    set(control::key_setting(name("later.key"), std::make_shared<const control::Key>(control::Key{tsig, {}, nullptr})));
    control::SecondaryWish wish;
    wish.ns = "ns.later.test";
    wish.allow = "192.0.2.9";
    set(control::provider_setting("later", wish));
    set(control::cookies_setting({{zones::random_cookie_secret(), {}}, true}));
  }
  const std::string value = zones::encode_zone(*version);
  const std::string content(zones::text_of(zones::unseal(zones::bytes_of(value)).content));
  control::Database(directory).write([&](control::Writer& writer) {
    const std::string key(zones::text_of(name("later.example").view().bytes()));
    writer.put(control::StoreTable::zones, key, zones::seal(with_more(content)));
  });
}

void make_removed(const std::filesystem::path& directory) {
  control::Store{directory};
  constexpr int64_t hour = 3600, year = 366 * 24 * hour;
  const std::map<std::string, int64_t> ages{
      {"old.example", 2 * year}, {"filed.example", 2 * year}, {"new.example", hour}};
  control::Database(directory).write([&](control::Writer& writer) {
    for (const auto& [apex, age] : ages) {
      zones::TagWriter out;  // serial, time, policy
      out.put32(uint16_t{1}, 100);
      out.put64(uint16_t{2}, static_cast<uint64_t>(std::time(nullptr) - age));
      out.put8(uint16_t{3}, 0);
      const std::string key(zones::text_of(name(apex).view().bytes()));
      writer.put(control::StoreTable::serials, key, zones::seal(std::move(out).finish(), key));
    }
  });
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 3 ? argv[1] : "";
  if (what == "refused") return make_refused(argv[2]) ? 0 : 1;
  if (what == "later") return make_later(argv[2]), 0;
  if (what == "removed") return make_removed(argv[2]), 0;
  return 2;
}
