// Reading what pages hold: names and records as they stand in the messages of a page, pointers and all.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "zones/data/apex.h"
#include "zones/data/record.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

// Throws std::invalid_argument: the octets of a page are not what rendering makes.
[[noreturn]] void malformed_page(const char* what);

// Reads the (compressed) name at `at` of a message body whose records begin at offset `base`, for the question `apex`.
// Writes it uncompressed to `buffer` and moves `at` behind it. Throws std::invalid_argument if it is malformed.
NameView unpack_name(Bytes body, unsigned& at, unsigned base, const Apex& apex, std::array<uint8_t, kMaxName>& buffer);

// Reads the record at `at` of a message body and moves `at` behind it; owner and RDATA are written out to `scratch`.
struct RecordScratch {
  std::array<uint8_t, kMaxName> owner;
  std::string rdata;
};
Record unpack_record(Bytes body, unsigned& at, unsigned base, const Apex& apex, RecordScratch& scratch);

}  // namespace axfrd::zones
