#include "zones/data/page.h"

#include <algorithm>

#include "zones/data/unpack.h"

namespace axfrd::zones {

const Page::ChainPart* Page::chain_part(ChainId id) const {
  const auto parts = chain_parts();
  const auto part = std::ranges::lower_bound(parts, id, {}, &ChainPart::id);
  return part != parts.end() && part->id == id ? std::to_address(part) : nullptr;
}

bool Page::is_in_chain(const Node& node, ChainId id) const {
  const RRset* set = rrset(node, rrtype::NSEC3);
  bool found = false;
  if (set != nullptr) answer(*set).for_each_rdata([&](Bytes rdata) { found = found || nsec3_chain(rdata) == id; });
  return found;
}

bool Page::is_named(const Node& node, NameView name, const Apex& apex) const {
  const uint8_t* p = base_ + messages_at_ + node.name_at;
  const uint8_t* label = name.data();
  for (;;) {
    const unsigned length = *p;
    if (is_pointer(*p)) {
      const Message& in = message_holding(node.name_at);
      const unsigned target = load16(p) & 0x3FFFU;
      // Both names end in the apex, so what is left of them is the same if it is equally long.
      if (target < in.base) return name.data() + name.size() - label == kHeaderSize + apex.size - target;
      p = base_ + messages_at_ + in.at + (target - in.base);
      continue;
    }
    if (length != *label) return false;
    if (length == 0) return true;
    if (!same_folded(p + 1, label + 1, length)) return false;
    p += length + 1;
    label += length + 1;
  }
}

const Page::Node* Page::find(uint64_t hash, NameView name, const Apex& apex) const {
  const Slot* table = slots();
  const auto tag = static_cast<uint16_t>(hash);
  for (unsigned at = first_slot(hash); table[at].node != 0; at = at + 1 < slot_count_ ? at + 1 : 0) {
    if (table[at].tag != tag) continue;
    const Node& candidate = node(table[at].node - 1U);
    if (is_named(candidate, name, apex)) return &candidate;
  }
  return nullptr;
}

NameView Page::name(unsigned i, const Apex& apex, std::array<uint8_t, kMaxName>& buffer) const {
  const uint32_t name_at = node(i).name_at;
  const Message& in = message_holding(name_at);
  unsigned at = name_at - in.at;
  return unpack_name({base_ + messages_at_ + in.at, in.size}, at, in.base, apex, buffer);
}

std::strong_ordering Page::name_order(unsigned node, const Apex& apex, NameView name) const {
  std::array<uint8_t, kMaxName> buffer;
  return canonical_order(this->name(node, apex, buffer), name);
}

Name Page::first_name(const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  unsigned i = 0;
  while (rrsets(node(i)).empty()) ++i;
  return Name(name(i, apex, buffer));
}

Name Page::last_name(const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  return Name(name(node_count_ - 1, apex, buffer));
}

uint64_t Page::name_hash(unsigned i, const Apex& apex) const {
  std::array<uint8_t, kMaxName> buffer;
  return NameHash::process().of(name(i, apex, buffer));
}

PageImage Page::image() const {
  PageImage image;
  for (unsigned m = 0; m < message_count_; ++m) {
    const Bytes body = message_bytes(m);
    image.push_back({message(m).records, std::string(text_of(body))});
  }
  return image;
}

}  // namespace axfrd::zones
