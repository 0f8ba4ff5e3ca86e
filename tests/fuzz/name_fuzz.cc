// Names: off the wire, compressed or not, and from text.
#include "tests/fuzz/fuzz.h"

using namespace axfrd;         // NOLINT(google-build-using-namespace)
using namespace axfrd::zones;  // NOLINT(google-build-using-namespace)

namespace {

void check_name(NameView name) {
  const auto again = Name::from_text(name.to_text());
  fuzz::require(again && again->view().equals(name), "a name's text is that name");
  HashedName hashed;
  fuzz::require(hashed.read(name.data(), name.data() + name.size()), "a name can be hashed");
  fuzz::require(hashed.labels() == name.label_count() && hashed.size() == name.size(), "a name is read alike");
  for (unsigned n = 0; n <= hashed.labels(); ++n) {
    fuzz::require(hashed.hash(n) == NameHash::process().of(hashed.suffix(n)), "a suffix hashes as the name it is");
    fuzz::require(name.is_at_or_below(hashed.suffix(n)), "a name is below its suffixes");
    fuzz::require(hashed.suffix(n).equals(name.parent(name.label_count() - n)), "a suffix is a parent");
  }
}

void check_pair(NameView a, NameView b) {
  const auto order = canonical_order(a, b);
  fuzz::require(order == (sort_key(a) <=> sort_key(b)), "sort keys are in canonical order");
  fuzz::require((order == 0) == a.equals(b), "names are equal when neither is before the other");
  fuzz::require(common_labels(a, b) == common_labels(b, a), "names share labels both ways");
  fuzz::require(a.is_at_or_below(b) == (common_labels(a, b) == b.label_count()), "below is to share all labels");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  const auto first = NameView::read(bytes);
  HashedName hashed;
  fuzz::require(hashed.read(data, data + size) == first.has_value(), "two readers agree on what a name is");
  if (first) {
    check_name(*first);
    if (const auto second = NameView::read(bytes, first->size())) check_pair(*first, *second);
  }
  for (size_t at = 0; at < size;) {
    const size_t before = at;
    const auto name = Name::read(bytes, at);
    fuzz::require(!name || (at > before && at <= size), "reading a name moves on, and not beyond the end");
    if (!name) break;
    check_name(*name);
  }
  const auto text = Name::from_text({reinterpret_cast<const char*>(data), size});
  if (text) check_name(*text);
  return 0;
}
