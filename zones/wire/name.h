// Domain names: views of wire-format names, text, canonical order and the keyed hash that every lookup uses.
//
// A name here is always uncompressed wire format, root label included (RFC 1035 §3.1). Comparison and hashing fold
// ASCII letters only (RFC 4343); any other octet, NUL and dot among them, is data.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "zones/wire/wire.h"

namespace axfrd::zones {

constexpr uint8_t fold(uint8_t octet) {
  return static_cast<uint8_t>(octet | (static_cast<unsigned>(octet - 'A') < 26U ? 0x20 : 0));
}

// The eight octets at `p` in one number, the first of them lowest.
inline uint64_t load64(const uint8_t* p) {
  uint64_t v;
  std::memcpy(&v, p, sizeof v);
  return std::endian::native == std::endian::little ? v : __builtin_bswap64(v);
}

// The n octets at `p` in one number, n from 1 to 8. Reads nothing else.
inline uint64_t load8(const uint8_t* p, unsigned n) {
  uint64_t v = 0;
  if (n == 8) {
    v = load64(p);
  } else if (n >= 4) {  // two overlapping loads
    uint32_t lo, hi;
    std::memcpy(&lo, p, 4);
    std::memcpy(&hi, p + n - 4, 4);
    v = lo | (static_cast<uint64_t>(hi) << 32);
  } else {
    v = p[0] | (static_cast<uint64_t>(p[n / 2]) << 8) | (static_cast<uint64_t>(p[n - 1]) << 16);
  }
  return v;
}

// Folds the case of eight octets at once: sets 0x20 in each octet within 'A'..'Z'.
inline uint64_t folded(uint64_t v) {
  constexpr uint64_t ones = 0x0101010101010101;
  const uint64_t low7 = v & (0x7F * ones);
  const uint64_t at_least_a = low7 + (0x80 - 'A') * ones;
  const uint64_t above_z = low7 + (0x80 - 'Z' - 1) * ones;
  const uint64_t upper = (at_least_a ^ above_z) & ~v & (0x80 * ones);  // what is above Z is at least A
  return v | (upper >> 2);
}

// Whether `same` holds for each eight octets of two runs of n, and for what is left.
template <class Same>
bool are_same(const uint8_t* a, const uint8_t* b, unsigned n, Same&& same) {
  if (n < 8) return n == 0 || same(load8(a, n), load8(b, n));
  for (unsigned at = 0; at + 8 < n; at += 8) {
    if (!same(load8(a + at, 8), load8(b + at, 8))) return false;
  }
  return same(load8(a + n - 8, 8), load8(b + n - 8, 8));
}
[[gnu::noinline]] inline bool are_same_but_for_case(const uint8_t* a, const uint8_t* b, unsigned n) {
  return are_same(a, b, n, [](uint64_t x, uint64_t y) { return folded(x) == folded(y); });
}
// Whether the n octets are the same but for case. Length octets are below 'A', so folding leaves them alone.
inline bool same_folded(const uint8_t* a, const uint8_t* b, unsigned n) {
  // Most names are written alike.
  return are_same(a, b, n, [](uint64_t x, uint64_t y) { return x == y; }) || are_same_but_for_case(a, b, n);
}

// A valid uncompressed name in somebody else's bytes. The bytes must outlive the view.
class NameView {
 public:
  NameView() : data_(reinterpret_cast<const uint8_t*>("")), size_(1) {}
  // @pre [data, data+size) is one well-formed name.
  NameView(const uint8_t* data, unsigned size) : data_(data), size_(size) {}

  const uint8_t* data() const { return data_; }
  unsigned size() const { return size_; }
  Bytes bytes() const { return {data_, size_}; }
  bool is_root() const { return size_ == 1; }
  // Labels without the root: 0 for ".", 2 for "example.com.".
  unsigned label_count() const;
  // The name without its first `labels` labels. @pre labels <= label_count()
  NameView parent(unsigned labels = 1) const;
  bool is_wildcard() const { return size_ > 2 && data_[0] == 1 && data_[1] == '*'; }
  // True when this name is `ancestor` or below it.
  bool is_at_or_below(NameView ancestor) const;
  bool equals(NameView other) const { return size_ == other.size_ && same_folded(data_, other.data_, size_); }

  // Presentation format with a final dot; octets outside printable ASCII as \DDD (RFC 1035 §5.1).
  std::string to_text() const;

  // The name at `offset` of a message, which must be uncompressed there; nothing if malformed or cut short.
  static std::optional<NameView> read(Bytes bytes, unsigned offset = 0);

 private:
  const uint8_t* data_;
  unsigned size_;
};

// How two names stand to each other, in canonical order: by label from the root, folded, shorter first (RFC 4034 §6.1).
struct NameRelation {
  std::strong_ordering order;
  unsigned common;  // labels, counted from the root, that both share
};
NameRelation relate(NameView a, NameView b);
inline std::strong_ordering canonical_order(NameView a, NameView b) { return relate(a, b).order; }
inline unsigned common_labels(NameView a, NameView b) { return relate(a, b).common; }

// A name that owns its bytes.
class Name {
 public:
  Name() : wire_(1, '\0') {}
  explicit Name(NameView view) : wire_(reinterpret_cast<const char*>(view.data()), view.size()) {}

  // Presentation format, absolute or relative: a missing final dot makes no difference. Nothing if it is no name.
  static std::optional<Name> from_text(std::string_view text);
  // The name at `at` of a message, which may be compressed; moves `at` behind it. Nothing if malformed or cut short.
  static std::optional<Name> read(Bytes message, size_t& at);

  operator NameView() const { return view(); }  // NOLINT(google-explicit-constructor): a Name is a name
  NameView view() const {
    return {reinterpret_cast<const uint8_t*>(wire_.data()), static_cast<unsigned>(wire_.size())};
  }
  std::string to_text() const { return view().to_text(); }
  friend bool operator==(const Name& a, const Name& b) { return a.view().equals(b.view()); }

 private:
  std::string wire_;
};

// A string whose plain byte order is the canonical order of names; sorts and keys ordered containers.
std::string sort_key(NameView name);
// Appends what follows the first `ancestors` labels, counted from the root, in the sort key of `name`.
void append_sort_key(std::string& key, NameView name, unsigned ancestors);
// The first eight octets of that, as a number that compares as they do: of two names whose numbers differ, it tells the
// order.
uint64_t sort_prefix(NameView name, unsigned ancestors);

// Name → 64 bits under a secret. Folds case and goes from the root label leftwards, one step a label, so that the
// hashes of all ancestors fall out of one pass. The secret is random per process: names in queries are chosen by
// attackers.
class NameHash {
 public:
  struct Secret {
    uint64_t root, key;
  };
  // With the secret of this process, which is drawn on first use. Any thread.
  static const NameHash& process() {
    static const NameHash hash(draw());
    return hash;
  }

  explicit NameHash(Secret secret) : secret_{secret.root, secret.key | 1} {}

  uint64_t root() const { return secret_.root; }
  // The hash of `label` (its length octet and octets) below the name whose hash is `parent`. Reads nothing at `end` or
  // behind it, where the label ends at the latest; is faster where eight octets can be read from each of the label's.
  // @pre the label is not the root's
  [[gnu::always_inline]] uint64_t extend(uint64_t parent, const uint8_t* label, const uint8_t* end) const {
    unsigned left = *label++;
    uint64_t state = parent;
    for (; left > 8; left -= 8, label += 8) state = mix(state ^ folded(load64(label)), secret_.key);
    const uint64_t last = end - label >= 8 ? load64(label) << (64 - 8 * left) : load_last(label, left);
    // The same number stands for "a" and "\0a", so that how many octets there are is part of the key: of the state,
    // other octets could make up for it.
    return spread(mix(state ^ folded(last), secret_.key + 2 * left));
  }
  uint64_t extend(uint64_t parent, const uint8_t* label) const { return extend(parent, label, label + label[0] + 1); }
  uint64_t of(NameView name) const { return below(root(), name, name.size() - 1); }
  // The hash of a name whose first `octets` octets are labels below the name whose hash is `ancestor`.
  uint64_t below(uint64_t ancestor, NameView name, unsigned octets) const;

 private:
  __extension__ using uint128 = unsigned __int128;

  static Secret draw();

  // As eight octets whose last n are those at `p`, n from 1 to 8, and the others zero. Reads nothing else.
  [[gnu::noinline]] static uint64_t load_last(const uint8_t* p, unsigned n) {
    uint64_t v = 0;
    for (unsigned i = 0; i < n; ++i) v = (v >> 8) | (static_cast<uint64_t>(p[i]) << 56);
    return v;
  }
  // Multiplies to 128 bits and folds them. A product of zero would lose the state, but nobody who does not know the
  // state can bring that about. @pre key is odd
  static uint64_t mix(uint64_t x, uint64_t key) {
    const uint128 product = static_cast<uint128>(x) * key;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  }

  // Names that count upwards differ in a few bits only, which a product with an unlucky secret leaves close together:
  // one secret in a hundred made searches six times as long.
  static uint64_t spread(uint64_t x) {
    x *= 0x9E3779B97F4A7C15;
    return x ^ (x >> 32);
  }

  Secret secret_;
};

// A name with the hash of each of its suffixes, read in one pass. Suffixes are named by their number of labels: 0 is
// the root, labels() the name itself. A view of the bytes it was read from.
class HashedName {
 public:
  // Reads the uncompressed name that begins at `at` and ends before `end`; false if it is malformed, cut short or
  // compressed.
  bool read(const uint8_t* at, const uint8_t* end) {
    if (at >= end) return false;
    const auto most = static_cast<unsigned>(std::min<ptrdiff_t>(end - at, kMaxName));
    unsigned size = 0, count = 0;
    while (const unsigned length = at[size]) {
      if (length > kMaxLabel || size + length + 2 > most) return false;  // the next length octet has to be there
      at_[count++] = static_cast<uint8_t>(size);
      size += length + 1;
    }
    at_[count] = static_cast<uint8_t>(size);
    data_ = at;
    size_ = static_cast<uint8_t>(size + 1);
    labels_ = static_cast<uint8_t>(count);
    const NameHash hash = NameHash::process();  // a copy, which no store here can change
    uint64_t* out = hash_.data();
    uint64_t state = *out = hash.root();
    for (const uint8_t* label = &at_[count]; label-- != at_.data();)
      *++out = state = hash.extend(state, at + *label, end);
    return true;
  }

  unsigned size() const { return size_; }
  unsigned labels() const { return labels_; }
  uint64_t hash(unsigned n) const { return hash_[n]; }
  // Where the suffix of `n` labels begins, counted from the start of the name.
  unsigned suffix_at(unsigned n) const { return at_[labels_ - n]; }
  NameView suffix(unsigned n) const { return {data_ + suffix_at(n), size_ - suffix_at(n)}; }
  NameView view() const { return {data_, size_}; }

 private:
  const uint8_t* data_ = nullptr;
  uint8_t size_ = 0, labels_ = 0;
  std::array<uint8_t, kMaxLabels> at_;     // of the labels, the leftmost first, and of the root
  std::array<uint64_t, kMaxLabels> hash_;  // of the suffixes, by their number of labels
};

}  // namespace axfrd::zones
