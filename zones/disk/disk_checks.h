// What both formats of stored values have to check, and share. For the decoders only.
#pragma once

#include <optional>
#include <vector>

#include "zones/disk/disk_format.h"
#include "zones/disk/tagged.h"

namespace axfrd::zones::disk {

PageImage take_page(OctetReader& in);
OwnedRecord sound_soa(const Name& apex, uint32_t ttl, std::string_view rdata);
SerialPolicy policy_of(uint8_t number);
PseudoRecord::Kind kind_of(uint8_t number);
void check_prefix(const Secondary& secondary);
void check_addresses(const AddressSet& set, size_t size);
PseudoRecords shared_or_null(std::vector<PseudoRecord>&& pseudo);

}  // namespace axfrd::zones::disk
