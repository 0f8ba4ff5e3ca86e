// The oracle: a slow, obvious authoritative responder, written from RFC 1034 §4.3.2, RFC 2308, RFC 4035 §3.1, RFC 4592,
// RFC 5155 §7.2, RFC 6672 and RFC 9471 without a look at the real one.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "tests/model/zone.h"

namespace axfrd::model {

// What a response says, order left out.
struct ModelAnswer {
  using Section = std::multiset<std::string>;  // "owner ttl type data"
  std::string rcode;
  bool authoritative = false;
  Section answer, authority, additional;
  friend bool operator==(const ModelAnswer&, const ModelAnswer&) = default;
};

class Oracle {
 public:
  void add(ModelZone zone) { zones_.push_back(std::move(zone)); }
  // ANY gets all that stands at the name, of which a server may leave out RRsets (RFC 8482 section 4.1).
  ModelAnswer ask(const Labels& qname, const std::string& qtype, bool dnssec_ok) const;

 private:
  const ModelZone* closest(const Labels& name, const std::string& qtype) const;
  std::vector<ModelZone> zones_;
};

}  // namespace axfrd::model
