#include "tests/fuzz/fuzz.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "zones/text/zonefile.h"
#include "zones/wire/ldns.h"

namespace axfrd::fuzz {
namespace {

using zones::Bytes;
using zones::VersionRef;

constexpr const char* kSmall =
    "$TTL 60\n@ SOA ns admin 10 2 3 4 5\n@ NS ns\n@ NS ns.elsewhere.test.\n@ MX 10 mail\n@ TXT \"text\"\n"
    "ns A 192.0.2.1\nns AAAA 2001:db8::1\nmail A 192.0.2.2\nmail A 192.0.2.3\n"
    "www CNAME ns\nloop CNAME pool\npool CNAME loop\nout CNAME www.elsewhere.test.\n"
    "*.wild A 192.0.2.4\n*.alias CNAME www\na.deep.name TXT \"below an empty non-terminal\"\n"
    "cut NS ns.cut\nns.cut A 192.0.2.5\ncut DS 1 13 2 " /* 32 octets */
    "0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF\ntree DNAME www.example.\n"
    "\\000\\255 A 192.0.2.6\n_dns._udp SRV 1 2 53 ns\n";

VersionRef zone_of(const char* apex, const std::string& text) {
  const VersionRef zone = read_zone(text, *zones::Name::from_text(apex));
  require(zone != nullptr, "the fuzzers' own zone is sound");
  return zone;
}

VersionRef make_large_zone() {
  // A customer's zone: its SOA names the provider, with which it shares its parent.
  std::string text =
      "$TTL 60\n@ SOA ns1.provider.example. admin.Provider.EXAMPLE. 10 2 3 4 5\n@ NS ns1.provider.example.\n";
  for (unsigned i = 0; i < 300; ++i) text += "host" + std::to_string(i) + " A 192.0.2.1\n";
  for (unsigned i = 0; i < 40; ++i) text += "big TXT \"" + std::string(200, 'x') + std::to_string(i) + "\"\n";
  const VersionRef base = zone_of("large.example", text);
  zones::Draft draft(base);
  for (const char* record : {"new A 192.0.2.1", "host7 A 192.0.2.2"}) {
    const auto edit = zones::parse_addition(record, zones::Name(base->apex().name), [](auto, auto) { return 60U; });
    draft.apply(std::get<zones::Edit>(edit));
  }
  return commit(*base, draft);
}

struct World {
  World() : responder(table, cookies, {1232, 300, "nsid", "id", "version"}) {
    (void)table.publish(small_zone());
    (void)table.publish(large_zone());
  }
  zones::ZoneTable table;
  zones::CookieJar cookies;
  zones::Responder responder;
};

// Taken apart by ldns, which shares no code with ours.
void check_form(Bytes response) {
  ldns_pkt* packet = nullptr;
  const ldns_status status = ldns_wire2pkt(&packet, response.data(), response.size());
  if (status != LDNS_STATUS_OK) std::fprintf(stderr, "%s\n", ldns_get_errorstr_by_id(status));
  require(status == LDNS_STATUS_OK, "a response is well-formed");
  ldns_pkt_free(packet);
}

}  // namespace

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

uint8_t Input::octet() {
  const Bytes one = take(1);
  return one.empty() ? 0 : one[0];
}

unsigned Input::number() {
  const unsigned high = octet();
  return high << 8 | octet();
}

Bytes Input::take(size_t size) {
  const Bytes taken = rest_.first(std::min(size, rest_.size()));
  rest_ = rest_.subspan(taken.size());
  return taken;
}

VersionRef small_zone() {
  static const VersionRef zone = zone_of("example", kSmall);
  return zone;
}

VersionRef large_zone() {
  static const VersionRef zone = make_large_zone();
  return zone;
}

const zones::Responder& responder() {
  static const World world;
  return world.responder;
}

VersionRef read_zone(std::string_view text, const zones::Name& apex) {
  return read_zone(zones::ZoneSource::of_text(std::string(text), "fuzz.zone"), apex);
}

VersionRef read_zone(const zones::ZoneSource& source, const zones::Name& apex) {
  constexpr uint64_t kFew = 64;  // generated records; a larger zone is no other
  auto parsed = zones::parse_zone(source, apex, {.max_generated = kFew});
  auto* zone = std::get_if<zones::ZoneText>(&parsed);
  if (zone == nullptr) return nullptr;
  zones::Attributes attributes;
  attributes.pseudo = std::make_shared<const std::vector<zones::PseudoRecord>>(std::move(zone->pseudo));
  return zones::ZoneVersion::build(zone->records, std::move(attributes));
}

std::vector<std::string> lines_of(const zones::ZoneVersion& version) {
  std::vector<std::string> lines;
  zones::export_zone(version, [&](std::string_view line) { lines.emplace_back(line); });
  return lines;
}

void check_lines(const zones::ZoneVersion& version) {
  const auto lines = lines_of(version);
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  const VersionRef again = read_zone(text, zones::Name(version.apex().name));
  require(again != nullptr, "an exported zone can be imported");
  require(lines_of(*again) == lines, "an exported zone is imported as it was");
}

VersionRef commit(const zones::ZoneVersion& version, const zones::Draft& draft) {
  auto finished = draft.finish();
  auto* result = std::get_if<zones::Draft::Changes>(&finished);
  if (result == nullptr) return nullptr;
  const uint32_t serial = version.serial() + 1;
  zones::set_soa_serial(result->soa, serial);
  const zones::StepRef step(new zones::Step(version.soa_record(), serial, 0, result->delta));
  auto history = zones::History::extend(version.history(), step, size_t{1} << 20);
  return version.apply(result->delta, result->soa, {result->pseudo, std::move(history)});
}

void check_response(const zones::Query& query, Bytes request, Bytes response) {
  using namespace zones;  // NOLINT(google-build-using-namespace)
  require(response.size() >= kHeaderSize && response.size() <= query.capacity, "a response fits its buffer");
  require(load16(response.data()) == load16(request.data()), "a response has the request's ID");
  const uint16_t flags = load16(&response[2]);
  require((flags & flag::QR) != 0, "a response says that it is one");
  require((flags & flag::OPCODE_MASK) == (load16(&request[2]) & flag::OPCODE_MASK), "a response has the OPCODE");
  require(load16(&response[4]) == (query.has_question ? 1 : 0), "a response has the question, if there was one");
  if (query.has_question) {
    const size_t size = query.question_end - kHeaderSize;
    require(std::ranges::equal(response.subspan(kHeaderSize, size), request.subspan(kHeaderSize, size)),
            "a response repeats the question");
  }
  const size_t most = query.transport == Transport::udp ? std::max<size_t>(kMinUdp, query.payload) : kMaxMessage;
  require(response.size() <= most, "a response is no larger than the requester takes");
  check_form(response);
}

}  // namespace axfrd::fuzz
