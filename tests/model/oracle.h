// The oracle: a slow, obvious authoritative responder for unsigned zones, written from RFC 1034 §4.3.2, RFC 4592, RFC
// 6672, RFC 2308 and RFC 9471 without a look at the real one. It keeps zones as plain lists of lines and scans them for
// each question.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace axfrd::model {

using Labels = std::vector<std::string>;  // lower case, leftmost first

Labels labels_of(const std::string& text);
std::string text_of(const Labels& labels);

struct Line {
  Labels owner;
  std::string type, data;  // names in data are absolute and lower case
  unsigned ttl;
};

struct ModelZone {
  Labels apex;
  std::vector<Line> lines;
};

// What a response says, order left out.
struct ModelAnswer {
  std::string rcode;
  bool authoritative = false;
  std::multiset<std::string> answer, authority, additional;  // "owner ttl type data"
  friend bool operator==(const ModelAnswer&, const ModelAnswer&) = default;
};

class Oracle {
 public:
  void add(ModelZone zone) { zones_.push_back(std::move(zone)); }
  ModelAnswer ask(const Labels& qname, const std::string& qtype) const;

 private:
  const ModelZone* closest(const Labels& name, const std::string& qtype) const;
  std::vector<ModelZone> zones_;
};

}  // namespace axfrd::model
