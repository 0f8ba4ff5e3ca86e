// A record of ours as one of ldns.
#pragma once

#include <cstdint>
#include <string>

#include "zones/data/record.h"
#include "zones/wire/ldns.h"

namespace axfrd::zones {

// The record as ldns takes it apart; null if it cannot.
inline LdnsRr to_ldns(const Record& record) {
  std::string wire;
  append_record(wire, record);
  ldns_rr* raw = nullptr;
  size_t at = 0;
  const auto* octets = reinterpret_cast<const uint8_t*>(wire.data());
  if (ldns_wire2rr(&raw, octets, wire.size(), &at, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) return nullptr;
  return LdnsRr(raw);
}

}  // namespace axfrd::zones
