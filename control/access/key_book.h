// KeyBook: all TSIG keys, and what the holder of each may change by DNS UPDATE.
//
// A book is immutable. The committer stores the next one, then publishes it. The store has the secret of a key (tagged
// values; JSON until format 6); nothing that is shown to people has it.
//
// Threads. Books and keys are shared by shared_ptr. The book in force is one of the settings (settings.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "control/access/grant.h"
#include "control/access/tsig.h"

namespace axfrd::control {

struct Key {
  TsigKeyRef tsig;
  std::vector<UpdateGrant> grants;
  // The stored form, if it has a tag that this axfrd does not know (zones/disk/tagged.h): the key is used, and it
  // cannot be edited. Null: all tags are known.
  std::shared_ptr<const std::string> kept = nullptr;

  bool may_update(const zones::Name& apex) const;
  bool may_make(const zones::Name& apex, const zones::OwnedRecord& record) const;
};
using KeyRef = std::shared_ptr<const Key>;

// All but the secret: {"key", "algorithm", "last_used": seconds since 1970 or null, "grants"}.
Json to_json(const Key& key);

// The stored form of a key.
std::string key_to_stored(const Key& key);
// Throws std::invalid_argument.
Key key_from_stored(const zones::Name& name, const std::string& stored);

class KeyBook {
 public:
  KeyBook() = default;
  explicit KeyBook(std::vector<KeyRef> keys);

  const KeyRing& ring() const { return ring_; }
  // In canonical order of their names.
  const std::vector<KeyRef>& keys() const { return keys_; }
  // Null if there is none.
  KeyRef find(zones::NameView name) const;
  // with(): this book, with `key` in place of the key of the same name. without(): this book without the key of that
  // name.
  KeyBook with(KeyRef key) const;
  KeyBook without(zones::NameView name) const;

 private:
  std::vector<KeyRef> keys_;
  KeyRing ring_;
};
using KeyBookRef = std::shared_ptr<const KeyBook>;

}  // namespace axfrd::control
