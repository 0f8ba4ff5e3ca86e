// What the fuzzers share: what must hold of every input, zones to ask for, and a look at responses.
//
// A fuzzer is one function over bytes, and is built in two ways: with clang's libFuzzer, which looks for new inputs
// (scripts/fuzz), and as a test, with replay.cc in its place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "zones/answer/respond.h"
#include "zones/data/draft.h"
#include "zones/data/version.h"
#include "zones/text/zone_source.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace axfrd::fuzz {

// Ends the process if `holds` is false, for libFuzzer and the test alike to see.
void require(bool holds, const char* what);

// Takes an input apart, from its front. Beyond its end there are zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(data, size) {}
  uint8_t octet();
  unsigned number();  // of two octets
  zones::Bytes take(size_t size);
  zones::Bytes rest() const { return rest_; }
  std::string_view text() const { return {reinterpret_cast<const char*>(rest_.data()), rest_.size()}; }

 private:
  zones::Bytes rest_;
};

// The zone example., small, with one of each kind of answer in it.
zones::VersionRef small_zone();
// The zone large.example., of several pages, with a history of one step.
zones::VersionRef large_zone();

// A responder over both. Made on first use.
const zones::Responder& responder();

// The zone that a zone file says; null if it says none.
zones::VersionRef read_zone(std::string_view text, const zones::Name& apex);
zones::VersionRef read_zone(const zones::ZoneSource& source, const zones::Name& apex);
// The lines of a zone file that say what `version` holds.
std::vector<std::string> lines_of(const zones::ZoneVersion& version);
// What must hold of any version: its lines are read as just that.
void check_lines(const zones::ZoneVersion& version);

// What follows upon `version` by edits on `draft`, as the committer makes it; null if the zone would not be sound.
zones::VersionRef commit(const zones::ZoneVersion& version, const zones::Draft& draft);

// What must hold of `response` to the parsed `query`, whose message began with `request`.
void check_response(const zones::Query& query, zones::Bytes request, zones::Bytes response);

}  // namespace axfrd::fuzz
