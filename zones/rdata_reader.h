// RdataReader: RDATA as people write it, to octets (RFC 1035 §5.1, RFC 3597 §5).
//
// ldns knows the types. What it takes for something else than it says, and what it refuses though others serve it, is
// seen to here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zones/ldns.h"
#include "zones/name.h"
#include "zones/tokens.h"
#include "zones/wire.h"

namespace axfrd::zones {

class RdataReader {
 public:
  // What names without a final dot are below; the root, to begin with.
  void set_origin(const Name& origin);

  // Reads what stands behind `type`, which is how the entry has it, and `number`. Returns why that is no such RDATA;
  // nothing if it is.
  std::optional<std::string> read(std::string_view type, uint16_t number, std::string_view text);
  // What read() has found, until it is called again.
  Bytes octets() const { return bytes_of(octets_); }
  // What is to be told of RDATA that read() has taken, until it is called again.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  using Reason = std::optional<std::string>;
  Reason compose_line(std::string_view type, uint16_t number, Tokens fields);
  void append_token(ldns_rdf_type field, std::string_view token);
  Reason read_reserved_cert(std::string_view type, Tokens fields);
  Reason read_ipseckey(Tokens fields);
  Reason read_wks(Tokens fields);
  Reason read_octets(uint16_t type, Tokens fields);

  LdnsRdf origin_;
  std::string line_;  // the record as ldns is given it
  std::string octets_;
  std::vector<std::string> warnings_;
};

}  // namespace axfrd::zones
