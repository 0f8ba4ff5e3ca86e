// What we take of ldns: owners of what it allocates, and its RDATA as octets.
#pragma once

// Without it ldns makes macros of bool, true and false.
#include <stdbool.h>  // NOLINT(modernize-deprecated-headers)

#include <ldns/ldns.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "zones/wire/wire.h"

namespace axfrd::zones {

struct LdnsFree {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(char* text) const { std::free(text); }  // NOLINT(cppcoreguidelines-no-malloc): malloc'd by ldns
};
using LdnsRr = std::unique_ptr<ldns_rr, LdnsFree>;
using LdnsRdf = std::unique_ptr<ldns_rdf, LdnsFree>;
using LdnsText = std::unique_ptr<char, LdnsFree>;

inline std::string_view octets_of(const ldns_rdf& field) {
  return {reinterpret_cast<const char*>(ldns_rdf_data(&field)), ldns_rdf_size(&field)};
}

inline std::string rdata_of(const ldns_rr& rr) {
  std::string rdata;
  for (size_t i = 0; i < ldns_rr_rd_count(&rr); ++i) rdata.append(octets_of(*ldns_rr_rdf(&rr, i)));
  return rdata;
}

// A field in presentation format.
inline std::string ldns_text(ldns_rdf_type type, Bytes octets) {
  if (octets.empty()) return "";
  const LdnsRdf field(ldns_rdf_new_frm_data(type, octets.size(), octets.data()));
  const LdnsText text(ldns_rdf2str(field.get()));
  return text ? text.get() : "";
}

}  // namespace axfrd::zones
