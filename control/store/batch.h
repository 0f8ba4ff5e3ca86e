// Batch: changes of the database as octets, which the redo log keeps, and which can be applied later. Applying them
// twice has the same effect as applying them once.
//
//   change  [what 1 | table 1 | key size 2 | value size 4 | key | value], numbers big-endian;
//           what: put, erase, erase_all
#pragma once

#include <string>

#include "control/store/database.h"

namespace axfrd::control {

class Batch : public Writer {
 public:
  // Holds up to `limit` octets. A change beyond that is dropped, and too_large() is true from then on.
  explicit Batch(size_t limit) : limit_(limit) {}

  void put(StoreTable table, std::string_view key, std::string_view value) override {
    add(Change::put, table, key, value);
  }
  void erase(StoreTable table, std::string_view key) override { add(Change::erase, table, key, {}); }
  void erase_all(StoreTable table, std::string_view prefix) override { add(Change::erase_all, table, prefix, {}); }

  bool too_large() const { return too_large_; }
  const std::string& octets() const { return octets_; }

  // Applies one or more batches to `writer`. Throws std::invalid_argument if they are malformed.
  static void apply(zones::Bytes batches, Writer& writer);

 private:
  enum class Change : uint8_t { put, erase, erase_all };
  void add(Change change, StoreTable table, std::string_view key, std::string_view value);

  const size_t limit_;
  bool too_large_ = false;
  std::string octets_;
};

}  // namespace axfrd::control
