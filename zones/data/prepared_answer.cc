#include "zones/data/prepared_answer.h"

namespace axfrd::zones {

void Answer::move_pointers(uint8_t* out, unsigned at, unsigned prepared_at, unsigned prepared_apex, MessageHead message,
                           unsigned apex_at) const {
  for (unsigned i = 0; i < head_.fixup_count; ++i) {
    uint16_t where;
    std::memcpy(&where, fixups_ + 2 * i, 2);
    uint8_t* pointer = out + where;
    const unsigned target = load16(pointer) & 0x3FFFU;
    if (target == prepared_apex) {
      store16(pointer, pointer_to(apex_at));
    } else if (target >= prepared_at) {
      store16(pointer, pointer_to(target - prepared_at + at));
    } else {
      store16(pointer, pointer_to(message.part_of_name(apex_at, target - prepared_apex)));
    }
  }
}

}  // namespace axfrd::zones
