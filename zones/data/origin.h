// Origin: where the content of a zone comes from, and who may change it.
//
// Threads. Immutable once it is part of a version.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "zones/wire/name.h"

namespace axfrd::zones {

// Where a zone is followed from, by NOTIFY and transfers.
struct Primary {
  std::array<uint8_t, 16> address{};  // as in Secondary (secondary_dns.h)
  uint16_t port = 53;
  std::optional<Name> key;
  friend bool operator==(const Primary&, const Primary&) = default;
};

struct Origin {
  enum class Kind : uint8_t {
    local = 1,  // we are its primary: it is changed here
    secondary,  // it follows primaries elsewhere
    member,     // a catalog zone says that we have it (RFC 9432), and where it follows
    replica     // another axfrd makes its versions
  };
  Kind kind = Kind::local;
  std::vector<Primary> primaries;  // of `secondary` and `member`
  std::optional<Name> catalog;     // of `member`
  std::string member;              // its label there
  uint64_t expires = 0;            // of what follows: when it is not to be served any more, Unix seconds; 0: never
  friend bool operator==(const Origin&, const Origin&) = default;
};
using OriginRef = std::shared_ptr<const Origin>;  // null: local

// What queries for a zone get.
enum class Serving : uint8_t {
  served,   // answers
  expired,  // SERVFAIL, transfers too: its primaries have not been heard of for too long (RFC 1035 §3.3.13)
  hidden    // REFUSED, but it is transferred, as catalog zones are (RFC 9432 §7)
};

}  // namespace axfrd::zones
