// HTTP: octets to a request, its target, and bodies of PowerDNS's API to changes of a zone. Input: the size of the
// pieces in which the rest comes; the octets of a connection.
#include <algorithm>
#include <string>

#include "control/http/pdns_body.h"
#include "control/http/pdns_names.h"
#include "control/http/request_reader.h"
#include "control/http/target.h"
#include "tests/fuzz/fuzz.h"

using namespace axfrd;           // NOLINT(google-build-using-namespace)
using namespace axfrd::control;  // NOLINT(google-build-using-namespace)

namespace {

constexpr size_t kMostOfBody = 4096;

template <class Work>
void or_pdns_error(Work&& work) {
  try {
    work();
  } catch (const PdnsError& error) {
    fuzz::require(error.status >= 400 && error.status < 500, "a body is the client's fault");
  }
}

void check_target(const HttpRequest& request) {
  const auto target = parse_target(request.target);
  if (!target) return;
  for (const std::string& segment : target->path) {
    const auto apex = zone_of_id(segment);
    fuzz::require(!apex || zone_of_id(zone_id(*apex)) == apex, "an id is that of its zone");
  }
}

// What the zone is after a body was taken for a PATCH of it, is one that can be written and read.
void check_patch(const HttpRequest& request) {
  const zones::VersionRef zone = fuzz::small_zone();
  const ChangeRRsets changes = read_changes(pdns_body(request), zones::Name(zone->apex().name));
  zones::Draft draft(zone);
  if (make_changes(changes, draft)) return;
  if (const zones::VersionRef next = fuzz::commit(*zone, draft)) fuzz::check_lines(*next);
}

void check_new_zone(const HttpRequest& request) {
  const PdnsNewZone zone = read_new_zone(pdns_body(request), 1'800'000'000);
  if (const zones::VersionRef made = fuzz::read_zone(zone.text, zone.apex)) fuzz::check_lines(*made);
}

void check_whole(const HttpRequest& request) {
  fuzz::require(request.body.size() <= kMostOfBody, "a body is bounded");
  check_target(request);
  or_pdns_error([&] { check_patch(request); });
  or_pdns_error([&] { check_new_zone(request); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const size_t step = std::max<size_t>(input.octet(), 1);
  const std::string_view all = input.text();
  std::string waiting;
  RequestReader reader;
  bool allowed = false;
  for (size_t at = 0; at < all.size() && reader.state() != RequestReader::State::refused; at += step) {
    waiting += all.substr(at, step);
    for (bool again = true; again;) {
      const size_t taken = reader.feed(waiting);
      fuzz::require(taken <= waiting.size(), "nothing is taken that did not come");
      waiting.erase(0, taken);
      again = false;
      if (reader.state() == RequestReader::State::body && !std::exchange(allowed, true)) {
        reader.allow_body(kMostOfBody);
        again = true;
      }
      if (reader.state() == RequestReader::State::whole) {
        check_whole(reader.take());
        reader = RequestReader();
        allowed = false;
        again = !waiting.empty();
      }
    }
  }
  return 0;
}
