// RdataReader: RDATA as people write it, to octets (RFC 1035 §5.1, RFC 3597 §5).
//
// ldns knows most types; those that it does not know are read by their form (rdata_form.h). What it takes for something
// else than it says, and what it refuses though others serve it, is seen to here. What comes of it is checked as octets
// from elsewhere are (rdata_check.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "zones/text/tokens.h"
#include "zones/wire/ldns.h"
#include "zones/wire/name.h"
#include "zones/wire/rdata_form.h"
#include "zones/wire/wire.h"

namespace axfrd::zones {

class RdataReader {
 public:
  // What names without a final dot are below; the root, to begin with.
  void set_origin(const Name& origin);
  // From now on reads what check_rdata() refuses, too: a record may have been stored before it was refused, and
  // somebody wants to name it.
  void allow_refused() { allows_refused_ = true; }

  // Reads what stands behind `type`, which is how the entry has it, and `number`. Returns why that is no such RDATA;
  // nothing if it is.
  std::optional<std::string> read(std::string_view type, uint16_t number, std::string_view text);
  // What read() has found, until it is called again.
  Bytes octets() const { return bytes_of(octets_); }
  // What is to be told of RDATA that read() has taken, until it is called again.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  using Reason = std::optional<std::string>;
  Reason read_unchecked(std::string_view type, uint16_t number, Tokens fields);
  Reason read_by_ldns(std::string_view type, uint16_t number, Tokens fields);
  Reason compose_line(std::string_view type, uint16_t number, Tokens fields);
  Reason append_strings(std::string_view token, bool may_split);
  void append_token(ldns_rdf_type field, std::string_view token);
  Reason read_reserved_cert(std::string_view type, Tokens fields);
  Reason read_gateway(unsigned kind, std::string_view gateway, std::string& rdata);
  Reason read_ipseckey(Tokens fields);
  Reason read_amtrelay(Tokens fields);
  Reason read_a6(Tokens fields);
  Reason read_atma(Tokens fields);
  Reason read_service(Tokens fields);
  Reason read_service_value(std::string_view name, uint16_t key, const std::optional<std::string>& value,
                            std::string& octets);
  Reason read_form(const Form& form, Tokens fields);
  Reason read_field(Field field, Tokens& fields, std::string& rdata);
  Reason read_wks(Tokens fields);
  Reason read_octets(Tokens fields);
  Reason read_digits(std::string_view text);

  LdnsRdf origin_;
  std::string line_;  // the record as ldns is given it
  std::string octets_;
  std::vector<std::string> warnings_;
  bool allows_refused_ = false;
};

}  // namespace axfrd::zones
