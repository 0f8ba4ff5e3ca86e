// Disk format: a zone version as the values that the store keeps.
//
//   zone value   one per zone: SOA, attributes and, for a zone of at most one page, the page
//   page value   one per page of a larger zone: the messages of a transfer, as they stand in memory
//   order value  one per larger zone: the ids of its pages in their order. Apart, because changes seldom touch it
//   step value   one per step of a zone's history
//
// Every value is sealed, and zone and step are tagged values (tagged.h, which has the rule of what may be added).
// Values of format 6 are read, too. Values read back are as hostile as anything else on a disk: decoding checks every
// length and throws std::invalid_argument.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "zones/data/version.h"

namespace axfrd::zones {

struct StoredZone {
  Name apex;
  OwnedRecord soa;
  SerialPolicy serial_policy;
  uint32_t steps;  // of its history
  PseudoRecords pseudo;
  SecondaryDnsRef secondary_dns;
  OriginRef origin;
  Serving serving;
  uint32_t pages;  // that are kept apart; 0 when `page` holds all there is
  PageImage page;  // empty: no records but the SOA, or they are kept apart
  // Its settings as they were read, for who has to keep tags that he does not know; and whether there are some.
  std::string settings;
  bool knows_all;
};

std::string encode_zone(const ZoneVersion& version);
StoredZone decode_zone(Bytes value);

std::string encode_step(const Step& step);
struct StoredStep {
  StepRef step;
  bool knows_all;  // false: it holds tags that are not known
};
StoredStep decode_step(Bytes value);

std::string encode_order(std::span<const uint32_t> page_ids);
std::vector<uint32_t> decode_order(Bytes value);

std::string encode_page(const Page& page);
PageImage decode_page(Bytes value);

}  // namespace axfrd::zones
