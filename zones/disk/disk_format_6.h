// Values of format 6, the last one without tags: read for as long as stores may hold some.
//
// Their checksums are right and cut off. Reading throws std::invalid_argument.
#pragma once

#include "zones/disk/disk_format.h"

namespace axfrd::zones::format_6 {

StoredZone decode_zone(Bytes content);
StepRef decode_step(Bytes content);

}  // namespace axfrd::zones::format_6
