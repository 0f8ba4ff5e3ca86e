#include "zones/answer/denial.h"

#include <algorithm>

namespace axfrd::zones {
namespace {

// A name put together from a label and a suffix; empty if it would be too long.
class Joined {
 public:
  Joined(Bytes label, NameView suffix) {
    if (label.size() + suffix.size() > kMaxName) return;
    std::ranges::copy(label, bytes_.begin());
    std::memcpy(bytes_.data() + label.size(), suffix.data(), suffix.size());
    size_ = static_cast<unsigned>(label.size()) + suffix.size();
  }
  explicit operator bool() const { return size_ != 0; }
  NameView view() const { return {bytes_.data(), size_}; }

 private:
  std::array<uint8_t, kMaxName> bytes_;
  unsigned size_ = 0;
};

Joined wildcard_below(NameView encloser) {
  static constexpr std::array<uint8_t, 2> kStar{1, '*'};
  return {kStar, encloser};
}

}  // namespace

Denial::Kind Denial::kind(Place place) {
  const ChainId chain = place.version.chain();
  if (response_.truncated() || chain == 0) return Kind::unsigned_zone;
  if (chain == kNsecChain) return Kind::nsec;
  parameters_ = place.version.nsec3_parameters();
  return Kind::nsec3;
}

void Denial::add(Place place, ZoneVersion::Found found) {
  const auto end = added_.begin() + count_;
  if (response_.truncated() || count_ == added_.size() || std::find(added_.begin(), end, found.node) != end) return;
  added_[count_++] = found.node;
  const Apex& apex = place.version.apex();
  std::array<uint8_t, kMaxName> buffer;
  const NameView owner = found.page->name(static_cast<unsigned>(found.node - &found.page->node(0)), apex, buffer);
  const uint16_t type = place.version.chain() == kNsecChain ? rrtype::NSEC : rrtype::NSEC3;
  const Answer answer = found.page->answer(*found.page->rrset(*found.node, type));
  if (!response_.add_stranger(Section::authority, answer, owner, apex, place.apex_at)) response_.truncate();
}

void Denial::cover(Place place, NameView name) { add(place, place.version.predecessor(name)); }

void Denial::cover_hashed(Place place, NameView name) {
  const Joined hashed(nsec3_label(name, parameters_), place.version.apex().name);
  if (hashed) add(place, place.version.predecessor(hashed.view()));
}

bool Denial::match_hashed(Place place, NameView name) {
  const Nsec3Label label = nsec3_label(name, parameters_);
  const Joined hashed(label, place.version.apex().name);
  if (!hashed) return false;
  const uint64_t hash = NameHash::process().extend(place.version.apex().hash, label.data());
  const auto found = place.version.find(hash, hashed.view());
  if (!found || !found.page->is_in_chain(*found.node, place.version.chain())) return false;
  add(place, found);
  return true;
}

// RFC 5155 §7.2.1. With opt-out, names between unsigned delegations and the apex may have no NSEC3: the proof is then
// of the closest encloser that has. Returns its labels.
unsigned Denial::prove_encloser(Place place, const HashedName& name, unsigned labels) {
  while (!match_hashed(place, name.suffix(labels)) && labels > place.version.apex().labels) --labels;
  if (labels < name.labels()) cover_hashed(place, name.suffix(labels + 1));
  return labels;
}

void Denial::no_data(Place place, const HashedName& name, ZoneVersion::Found found) {
  switch (kind(place)) {
    case Kind::unsigned_zone:
      return;
    case Kind::nsec:
      if (found && found.page->rrset(*found.node, rrtype::NSEC) != nullptr) return add(place, found);
      return cover(place, name.view());  // an empty non-terminal
    case Kind::nsec3:
      prove_encloser(place, name, name.labels());
  }
}

void Denial::no_name(Place place, const HashedName& name, unsigned encloser) {
  switch (kind(place)) {
    case Kind::unsigned_zone:
      return;
    case Kind::nsec:
      cover(place, name.view());
      if (const Joined wildcard = wildcard_below(name.suffix(encloser))) cover(place, wildcard.view());
      return;
    case Kind::nsec3:
      encloser = prove_encloser(place, name, encloser);
      if (const Joined wildcard = wildcard_below(name.suffix(encloser))) cover_hashed(place, wildcard.view());
  }
}

void Denial::expanded(Place place, const HashedName& name, unsigned encloser) {
  switch (kind(place)) {
    case Kind::unsigned_zone:
      return;
    case Kind::nsec:
      return cover(place, name.view());
    case Kind::nsec3:
      cover_hashed(place, name.suffix(encloser + 1));
  }
}

void Denial::expanded_no_data(Place place, const HashedName& name, unsigned encloser, ZoneVersion::Found found) {
  switch (kind(place)) {
    case Kind::unsigned_zone:
      return;
    case Kind::nsec:
      cover(place, name.view());
      if (found.page->rrset(*found.node, rrtype::NSEC) != nullptr) return add(place, found);
      if (const Joined wildcard = wildcard_below(name.suffix(encloser))) cover(place, wildcard.view());
      return;
    case Kind::nsec3:
      encloser = prove_encloser(place, name, encloser);
      if (const Joined wildcard = wildcard_below(name.suffix(encloser))) match_hashed(place, wildcard.view());
  }
}

}  // namespace axfrd::zones
