// Zones as the oracle keeps them: text in plain containers, and nothing of the real ones.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace axfrd::model {

using Labels = std::vector<std::string>;  // lower case, leftmost first

Labels labels_of(const std::string& text);
std::string text_of(const Labels& labels);
bool at_or_below(const Labels& name, const Labels& ancestor);
Labels suffix(const Labels& name, size_t labels);
Labels below(const std::string& label, Labels name);

struct CanonicalOrder {  // RFC 4034 section 6.1
  bool operator()(const Labels& a, const Labels& b) const;
};

struct Line {
  std::string type, data;  // names in data are absolute and lower case
  unsigned ttl;
};

struct ModelZone {
  Labels apex;
  std::map<Labels, std::vector<Line>, CanonicalOrder> names;

  std::vector<Line> at(const Labels& name, const std::string& type) const;
  bool has(const Labels& name, const std::string& type) const { return !at(name, type).empty(); }
  bool is_signed() const { return has(apex, "DNSKEY"); }
  bool is_hashed() const { return has(apex, "NSEC3PARAM"); }
  // Whether the name owns records, or one below it does. The owners of NSEC3 are not names of the zone in this sense
  // (RFC 5155 section 7.2.8).
  bool exists(const Labels& name) const;
  std::string text() const;
};

struct Nsec3Parameters {
  unsigned iterations = 0;
  std::string salt = "-";  // in hexadecimal
};

// The hashed owner name in base32hex, without the zone's (RFC 5155 section 5).
std::string nsec3_hash(const Labels& name, const Nsec3Parameters& parameters);

}  // namespace axfrd::model
