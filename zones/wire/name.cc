#include "zones/wire/name.h"

#include <algorithm>
#include <random>
#include <utility>

namespace axfrd::zones {
namespace {

// Offsets of a name's labels, leftmost first, without the root.
struct Labels {
  explicit Labels(NameView name) : Labels(name, name.size() - 1) {}
  // Of the name's first `octets` octets.
  Labels(NameView name, unsigned octets) {
    for (unsigned at = 0; at < octets; at += name.data()[at] + 1U) offset[count++] = static_cast<uint8_t>(at);
  }
  std::array<uint8_t, kMaxLabels> offset;
  unsigned count = 0;
};

std::strong_ordering label_order(const uint8_t* a, const uint8_t* b) {
  const unsigned shorter = std::min(a[0], b[0]);
  for (unsigned i = 1; i <= shorter; ++i) {
    if (auto order = fold(a[i]) <=> fold(b[i]); order != 0) return order;
  }
  return a[0] <=> b[0];
}

// Whether what follows the first labels is the same to the octet: neighbours in a zone are mostly children of one name.
bool are_siblings(NameView a, NameView b) {
  if (a.is_root() || b.is_root()) return false;
  const NameView x = a.parent(), y = b.parent();
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size()) == 0;
}

// Reads one \X or \DDD escape; nothing if it is malformed.
std::optional<uint8_t> unescape(std::string_view text, size_t& at) {
  const auto digit = [&](size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  if (at >= text.size()) return std::nullopt;
  if (!digit(at)) return static_cast<uint8_t>(text[at++]);
  if (!digit(at + 1) || !digit(at + 2)) return std::nullopt;
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 3;
  if (value > 255) return std::nullopt;
  return static_cast<uint8_t>(value);
}

// Gives the octets of a sort key, behind those of the first `ancestors` labels, to put(octet) until that returns false.
// Labels end in 0x00 so that a shorter label sorts first; the octets 0x00 and 0x01 are escaped to stay above that.
template <class Put>
void each_key_octet(NameView name, unsigned ancestors, Put put) {
  const Labels labels(name);
  for (unsigned i = labels.count - ancestors; i-- > 0;) {
    const uint8_t* label = name.data() + labels.offset[i];
    for (unsigned k = 1; k <= label[0]; ++k) {
      const uint8_t octet = fold(label[k]);
      if (octet > 1) {
        if (!put(octet)) return;
      } else if (!put(uint8_t{1}) || !put(static_cast<uint8_t>(octet + 1))) {
        return;
      }
    }
    if (!put(uint8_t{0})) return;
  }
}

}  // namespace

unsigned NameView::label_count() const {
  unsigned count = 0;
  for (const uint8_t* p = data_; *p != 0; p += *p + 1U) ++count;
  return count;
}

NameView NameView::parent(unsigned labels) const {
  const uint8_t* p = data_;
  for (; labels > 0; --labels) p += *p + 1U;
  return {p, static_cast<unsigned>(size_ - static_cast<unsigned>(p - data_))};
}

bool NameView::is_at_or_below(NameView ancestor) const {
  const uint8_t* p = data_;
  unsigned left = size_;
  while (left > ancestor.size_) {
    left -= *p + 1U;
    p += *p + 1U;
  }
  return left == ancestor.size_ && NameView(p, left).equals(ancestor);
}

std::string NameView::to_text() const {
  if (is_root()) return ".";
  std::string text;
  for (const uint8_t* p = data_; *p != 0; p += *p + 1U) {
    for (unsigned i = 1; i <= *p; ++i) {
      const uint8_t octet = p[i];
      if (octet <= 0x20 || octet >= 0x7F) {
        text += '\\';
        text += static_cast<char>('0' + octet / 100);
        text += static_cast<char>('0' + octet / 10 % 10);
        text += static_cast<char>('0' + octet % 10);
        continue;
      }
      if (std::string_view(".\\\"();@$").find(static_cast<char>(octet)) != std::string_view::npos) text += '\\';
      text += static_cast<char>(octet);
    }
    text += '.';
  }
  return text;
}

std::optional<NameView> NameView::read(Bytes bytes, unsigned offset) {
  size_t at = offset;
  while (at < bytes.size() && bytes[at] != 0) {
    if (bytes[at] > kMaxLabel) return std::nullopt;
    at += bytes[at] + 1U;
    if (at - offset >= kMaxName) return std::nullopt;
  }
  if (at >= bytes.size()) return std::nullopt;
  return NameView(bytes.data() + offset, static_cast<unsigned>(at - offset + 1));
}

NameRelation relate(NameView a, NameView b) {
  if (are_siblings(a, b)) {
    const auto order = label_order(a.data(), b.data());
    return {order, a.label_count() - (order != 0 ? 1U : 0U)};
  }
  const Labels x(a), y(b);
  unsigned common = 0;
  for (; common < x.count && common < y.count; ++common) {
    const uint8_t* one = a.data() + x.offset[x.count - 1 - common];
    const uint8_t* other = b.data() + y.offset[y.count - 1 - common];
    if (*one == *other && std::memcmp(one, other, *one + 1U) == 0) continue;
    if (const auto order = label_order(one, other); order != 0) return {order, common};
  }
  return {x.count <=> y.count, common};
}

// Every pointer points further back than the one before (RFC 1035 §4.1.4), which ends any loop.
std::optional<Name> Name::read(Bytes message, size_t& at) {
  std::array<uint8_t, kMaxName> wire;
  unsigned size = 0;
  size_t here = at, bound = at;
  bool jumped = false;
  while (here < message.size()) {
    const unsigned length = message[here];
    if (is_pointer(message[here])) {
      if (here + 2 > message.size()) return std::nullopt;
      if (!std::exchange(jumped, true)) at = here + 2;
      here = load16(&message[here]) & (kPointerReach - 1);
      if (here >= bound) return std::nullopt;
      bound = here;
      continue;
    }
    if (length > kMaxLabel || size + length + 1 > kMaxName || here + length + 1 > message.size()) return std::nullopt;
    std::copy_n(&message[here], length + 1, &wire[size]);
    size += length + 1;
    here += length + 1;
    if (length != 0) continue;
    if (!jumped) at = here;
    return Name(NameView(wire.data(), size));
  }
  return std::nullopt;
}

std::optional<Name> Name::from_text(std::string_view text) {
  Name name;
  if (text == ".") return name;
  if (text.empty()) return std::nullopt;
  std::string wire;
  size_t at = 0;
  while (at < text.size()) {
    const size_t length_at = wire.size();
    wire += '\0';
    while (at < text.size() && text[at] != '.') {
      const char c = text[at++];
      if (c != '\\') {
        wire += c;
        continue;
      }
      const auto octet = unescape(text, at);
      if (!octet) return std::nullopt;
      wire += static_cast<char>(*octet);
    }
    const size_t length = wire.size() - length_at - 1;
    if (length == 0 || length > kMaxLabel) return std::nullopt;
    wire[length_at] = static_cast<char>(length);
    if (at < text.size()) ++at;
  }
  wire += '\0';
  if (wire.size() > kMaxName) return std::nullopt;
  name.wire_ = std::move(wire);
  return name;
}

std::string sort_key(NameView name) {
  std::string key;
  key.reserve(name.size() + 1);
  append_sort_key(key, name, 0);
  return key;
}

void append_sort_key(std::string& key, NameView name, unsigned ancestors) {
  each_key_octet(name, ancestors, [&key](uint8_t octet) {
    key += static_cast<char>(octet);
    return true;
  });
}

uint64_t sort_prefix(NameView name, unsigned ancestors) {
  uint64_t prefix = 0;
  int shift = 56;
  each_key_octet(name, ancestors, [&](uint8_t octet) {
    prefix |= uint64_t{octet} << shift;
    shift -= 8;
    return shift >= 0;
  });
  return prefix;
}

NameHash::Secret NameHash::draw() {
  std::random_device entropy;
  const auto number = [&] { return (static_cast<uint64_t>(entropy()) << 32) | entropy(); };
  return {number(), number()};
}

uint64_t NameHash::below(uint64_t ancestor, NameView name, unsigned octets) const {
  const Labels labels(name, octets);
  uint64_t hash = ancestor;
  for (unsigned i = labels.count; i-- > 0;) hash = extend(hash, name.data() + labels.offset[i]);
  return hash;
}

}  // namespace axfrd::zones
