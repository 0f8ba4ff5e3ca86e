#include "tests/model/zone.h"

#include <algorithm>
#include <utility>

#include "zones/wire/ldns.h"

namespace axfrd::model {

Labels labels_of(const std::string& text) {
  Labels labels;
  std::string label;
  for (const char c : text) {
    if (c != '.') {
      label += static_cast<char>(std::tolower(c));
    } else if (!label.empty()) {
      labels.push_back(std::exchange(label, ""));
    }
  }
  if (!label.empty()) labels.push_back(label);
  return labels;
}

std::string text_of(const Labels& labels) {
  std::string text;
  for (const std::string& label : labels) text += label + ".";
  return text.empty() ? "." : text;
}

bool at_or_below(const Labels& name, const Labels& ancestor) {
  return name.size() >= ancestor.size() && std::equal(ancestor.rbegin(), ancestor.rend(), name.rbegin());
}

Labels suffix(const Labels& name, size_t labels) {
  return Labels(name.end() - static_cast<ptrdiff_t>(labels), name.end());
}

Labels below(const std::string& label, Labels name) {
  name.insert(name.begin(), label);
  return name;
}

bool CanonicalOrder::operator()(const Labels& a, const Labels& b) const {
  return std::lexicographical_compare(a.rbegin(), a.rend(), b.rbegin(), b.rend());
}

std::vector<Line> ModelZone::at(const Labels& name, const std::string& type) const {
  std::vector<Line> found;
  const auto lines = names.find(name);
  if (lines == names.end()) return found;
  for (const Line& line : lines->second) {
    if (line.type == type) found.push_back(line);
  }
  return found;
}

bool ModelZone::exists(const Labels& name) const {
  for (auto it = names.lower_bound(name); it != names.end() && at_or_below(it->first, name); ++it) {
    for (const Line& line : it->second) {
      if (line.type != "NSEC3" && line.type != "RRSIG") return true;
    }
  }
  return false;
}

std::string ModelZone::text() const {
  std::string text;
  for (const auto& [owner, lines] : names) {
    for (const Line& l : lines)
      text += text_of(owner) + " " + std::to_string(l.ttl) + " IN " + l.type + " " + l.data + "\n";
  }
  return text;
}

std::string nsec3_hash(const Labels& name, const Nsec3Parameters& parameters) {
  std::vector<uint8_t> salt;
  for (size_t i = 0; i + 1 < parameters.salt.size(); i += 2)
    salt.push_back(static_cast<uint8_t>(std::stoul(parameters.salt.substr(i, 2), nullptr, 16)));
  ldns_rdf* plain = ldns_dname_new_frm_str(text_of(name).c_str());
  ldns_rdf* hashed = ldns_nsec3_hash_name(plain, LDNS_SHA1, static_cast<uint16_t>(parameters.iterations),
                                          static_cast<uint8_t>(salt.size()), salt.data());
  char* text = ldns_rdf2str(hashed);
  const std::string label = labels_of(text).front();
  std::free(text);  // NOLINT
  ldns_rdf_deep_free(hashed);
  ldns_rdf_deep_free(plain);
  return label;
}

}  // namespace axfrd::model
