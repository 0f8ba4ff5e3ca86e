#include "control/http/pdns_body.h"

#include <algorithm>
#include <limits>
#include <set>
#include <tuple>
#include <utility>

#include "zones/text/zonefile.h"
#include "zones/wire/ascii.h"

namespace axfrd::control {

namespace {

using zones::Name;

constexpr unsigned kBad = 400, kUnprocessable = 422;
// A zone of a million records is more than a body may be.
constexpr JsonLimits kPdnsLimits{64, 4'000'000, 16};

[[noreturn]] void refuse_body(std::string reason) { throw PdnsError{kUnprocessable, std::move(reason)}; }

bool is_given(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || found->is_null()) return false;
  if (found->is_string()) return !found->get_ref<const std::string&>().empty();
  if (found->is_array()) return !found->empty();
  if (found->is_boolean()) return found->get<bool>();
  return true;
}

uint32_t number_member(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_number_unsigned() ||
      found->get<uint64_t>() > std::numeric_limits<uint32_t>::max())
    refuse_body(std::string("Key '") + member + "' not present or not an Integer");
  return found->get<uint32_t>();
}

// ---- records ----

struct RRsetHead {
  Name owner;
  uint16_t type = 0;
  std::optional<zones::PseudoRecord::Kind> pseudo = {};
  std::string shown;  // "RRset www.example.com. IN A"
};

RRsetHead read_head(const Json& rrset, const Name& apex) {
  if (!rrset.is_object()) refuse_body("an RRset is a JSON object");
  const std::string& name = text_member(rrset, "name");
  const std::string& type = text_member(rrset, "type");
  RRsetHead head{canonical_name(name), 0, {}, "RRset " + name + " IN " + type};
  if (zones::equals_ignoring_case(type, "ALIAS")) {
    head.pseudo = zones::PseudoRecord::Kind::alias;
  } else if (zones::equals_ignoring_case(type, "URL")) {
    head.pseudo = zones::PseudoRecord::Kind::url;
  } else {
    head.type = zones::type_from_text(type);
    if (head.type == 0 || zones::rrtype::is_meta(head.type)) refuse_body(head.shown + ": unknown type given");
  }
  if (!head.owner.view().is_at_or_below(apex)) refuse_body(head.shown + ": Name is out of zone");
  return head;
}

bool is_string_type(uint16_t type) {
  constexpr uint16_t kTxt = 16, kSpf = 99;
  return type == kTxt || type == kSpf;
}

bool same_edit(const zones::Edit& a, const zones::Edit& b) {
  if (a.pseudo) return b.pseudo && a.pseudo->target == b.pseudo->target;
  return a.record.rdata == b.record.rdata;
}

// One record, as an edit that adds it.
zones::Edit read_record(const RRsetHead& head, const Json& record, uint32_t ttl, const Name& apex) {
  if (!record.is_object()) refuse_body("a record is a JSON object");
  const std::string& content = text_member(record, "content");
  const std::string type = !head.pseudo                                       ? zones::type_to_text(head.type)
                           : *head.pseudo == zones::PseudoRecord::Kind::alias ? "ALIAS"
                                                                              : "URL";
  const std::string shown = "Record " + head.owner.to_text() + "/" + type + " '" + content + "': ";
  if (is_given(record, "disabled")) refuse_body(shown + "axfrd keeps no disabled records; leave it out, or remove it");
  if (is_string_type(head.type) && !content.starts_with('"') && !content.starts_with("\\#"))
    refuse_body(shown + "Not in expected format (parsed as '\"" + content + "\"')");
  const std::string line = head.owner.to_text() + " " + std::to_string(ttl) + " IN " + type + " " + content;
  const auto no_default = [ttl](zones::NameView, uint16_t) { return ttl; };
  auto read = zones::parse_addition(line, apex, no_default);
  if (const auto* reason = std::get_if<std::string>(&read)) refuse_body(shown + *reason);
  auto& edit = std::get<zones::Edit>(read);
  // A name without a final dot is read as below the zone, which nobody means here: below the root it is another one.
  const auto below_root = zones::parse_addition(line, Name(), no_default);
  const auto* other = std::get_if<zones::Edit>(&below_root);
  if (other == nullptr || !same_edit(edit, *other))
    refuse_body(shown + "Not in expected format (a name in it lacks its final dot)");
  return std::move(edit);
}

std::vector<zones::Edit> read_records(const RRsetHead& head, const Json& rrset, const Name& apex) {
  std::vector<zones::Edit> records;
  const auto found = rrset.find("records");
  if (found == rrset.end() || !found->is_array()) return records;
  if (found->empty()) return records;
  const uint32_t ttl = number_member(rrset, "ttl");
  if (ttl > zones::kMaxTtl) refuse_body(head.shown + ": the TTL is more than " + std::to_string(zones::kMaxTtl));
  records.reserve(found->size());
  for (const Json& record : *found) records.push_back(read_record(head, record, ttl, apex));
  return records;
}

void refuse_comments(const RRsetHead& head, const Json& rrset) {
  if (is_given(rrset, "comments"))
    refuse_body(head.shown + ": axfrd keeps no comments of RRsets; send none, or an empty list");
}

RRsetChange read_change(const Json& rrset, const Name& apex) {
  using Kind = RRsetChange::Kind;
  RRsetHead head = read_head(rrset, apex);
  const std::string& how = text_member(rrset, "changetype");
  const auto is = [&](const char* what) { return zones::equals_ignoring_case(how, what); };
  RRsetChange change{Kind::replace, head.owner, head.type, head.pseudo, {}};
  if (is("DELETE")) {
    if (head.type == zones::rrtype::SOA) refuse_body(head.shown + ": a zone has one SOA, which stays");
    return change;
  }
  if (!is("REPLACE") && !is("EXTEND") && !is("PRUNE")) refuse_body("Changetype not understood");
  refuse_comments(head, rrset);
  const auto records = rrset.find("records");
  const bool has_records = records != rrset.end() && records->is_array();
  if (!has_records) {
    const auto comments = rrset.find("comments");
    if (comments == rrset.end() || !comments->is_array()) refuse_body("No change for " + head.shown);
    change.kind = Kind::extend;  // by nothing
    return change;
  }
  change.records = read_records(head, rrset, apex);
  if (is("REPLACE")) {
    if (change.records.empty() && head.type == zones::rrtype::SOA)
      refuse_body(head.shown + ": a zone has one SOA, which stays");
    return change;
  }
  if (change.records.size() != 1) refuse_body(head.shown + ": " + how + " takes exactly one record");
  change.kind = is("EXTEND") ? Kind::extend : Kind::prune;
  return change;
}

// ---- zones ----

std::string zone_line(const zones::Edit& edit) {
  return (edit.pseudo ? zones::pseudo_to_text(*edit.pseudo) : zones::record_to_text(edit.record.view())) + "\n";
}

struct ZoneLines {
  std::string text;
  bool has_soa = false, has_apex_ns = false;
};

ZoneLines read_lines(const Json& body, const Name& apex) {
  ZoneLines lines;
  const auto rrsets = body.find("rrsets");
  if (rrsets == body.end() || !rrsets->is_array()) return lines;
  for (const Json& rrset : *rrsets) {
    const RRsetHead head = read_head(rrset, apex);
    refuse_comments(head, rrset);
    lines.has_soa = lines.has_soa || head.type == zones::rrtype::SOA;
    lines.has_apex_ns = lines.has_apex_ns || (head.type == zones::rrtype::NS && head.owner == apex);
    for (const zones::Edit& record : read_records(head, rrset, apex)) lines.text += zone_line(record);
  }
  return lines;
}

std::vector<Name> read_nameservers(const Json& body) {
  std::vector<Name> names;
  const auto found = body.find("nameservers");
  if (found == body.end() || found->is_null()) return names;
  if (!found->is_array()) refuse_body("Nameservers is not a list");
  for (const Json& name : *found) {
    if (!name.is_string()) refuse_body("Nameservers must be strings");
    const std::string& text = name.get_ref<const std::string&>();
    if (!text.ends_with('.')) refuse_body("Nameserver is not canonical: '" + text + "'");
    names.push_back(canonical_name(text));
  }
  return names;
}

std::string made_up_soa(const Name& apex, const std::vector<Name>& servers, int64_t now) {
  const std::string first = servers.empty() ? "a.misconfigured.dns.server.invalid." : servers.front().to_text();
  const std::string zone = apex.to_text();
  return zone + " 3600 IN SOA " + first + " hostmaster." + (zone == "." ? "" : zone) + " " +
         std::to_string(static_cast<uint32_t>(now)) + " 10800 3600 604800 3600\n";
}

}  // namespace

Json pdns_body(const HttpRequest& request) {
  auto read = parse_json(request.body, kPdnsLimits);
  if (const auto* error = std::get_if<RpcError>(&read)) {
    const bool is_broken = error->code == RpcError::parse_error;
    throw PdnsError{kBad, is_broken ? "Your JSON document could not be parsed" : error->message};
  }
  Json& body = std::get<Json>(read);
  if (!body.is_object()) throw PdnsError{kBad, "the body must be a JSON object"};
  return std::move(body);
}

Name canonical_name(const std::string& text) {
  if (!text.ends_with('.')) refuse_body("DNS Name '" + text + "' is not canonical");
  const auto name = Name::from_text(text);
  if (!name) refuse_body("Unable to parse DNS Name '" + text + "'");
  return *name;
}

const std::string& text_member(const Json& object, const char* member) {
  const auto found = object.find(member);
  if (found == object.end() || !found->is_string())
    refuse_body(std::string("Key '") + member + "' not present or not a String");
  return found->get_ref<const std::string&>();
}

ChangeRRsets read_changes(const Json& body, const Name& apex) {
  const auto rrsets = body.find("rrsets");
  if (rrsets == body.end() || !rrsets->is_array()) refuse_body("No rrsets given in update request");
  ChangeRRsets request{apex, {}};
  std::set<std::tuple<std::string, int, RRsetChange::Kind, bool>> seen;
  for (const Json& rrset : *rrsets) {
    RRsetChange change = read_change(rrset, apex);
    const int type = change.pseudo ? -1 - static_cast<int>(*change.pseudo) : change.type;
    const bool goes = change.kind == RRsetChange::Kind::replace && change.records.empty();
    const bool is_whole = change.kind == RRsetChange::Kind::replace;
    if (is_whole && !seen.emplace(zones::sort_key(change.owner), type, change.kind, goes).second)
      refuse_body("Duplicate RRset " + text_member(rrset, "name") + " IN " + text_member(rrset, "type") +
                  " with changetype: " + text_member(rrset, "changetype"));
    request.changes.push_back(std::move(change));
  }
  return request;
}

PdnsZoneSettings read_zone_settings(const Json& body, bool is_new) {
  PdnsZoneSettings settings;
  if (is_new || body.contains("kind")) {
    const std::string& kind = text_member(body, "kind");
    const auto is = [&](const char* what) { return zones::equals_ignoring_case(kind, what); };
    if (!is("Master") && !is("Primary") && !is("Native"))
      refuse_body("axfrd is the primary of its zones: kind must be Master, Primary or Native");
  }
  for (const char* member : {"masters", "dnssec", "nsec3param", "catalog", "account", "master_tsig_key_ids",
                             "slave_tsig_key_ids", "presigned"}) {
    if (is_given(body, member)) refuse_body(std::string("axfrd has no '") + member + "' of a zone; leave it empty");
  }
  if (is_given(body, "soa_edit_api")) {
    const std::string& how = text_member(body, "soa_edit_api");
    const auto is = [&](const char* what) { return zones::equals_ignoring_case(how, what); };
    if (is("DEFAULT") || is("EPOCH")) {
      settings.policy = zones::SerialPolicy::unixtime;
    } else if (is("INCREASE") || is("SOA-EDIT-INCREASE") || is("SOA-EDIT")) {
      settings.policy = zones::SerialPolicy::increment;
    } else if (is("OFF") || is("NONE")) {
      settings.policy = zones::SerialPolicy::keep;
    } else {
      refuse_body("soa_edit_api must be DEFAULT, EPOCH, INCREASE or NONE");
    }
  }
  return settings;
}

PdnsNewZone read_new_zone(const Json& body, int64_t now) {
  PdnsNewZone zone{canonical_name(text_member(body, "name")), {}, read_zone_settings(body, true)};
  const std::vector<Name> servers = read_nameservers(body);
  if (is_given(body, "zone")) {
    if (is_given(body, "rrsets")) refuse_body("You cannot give rrsets AND zone data as text");
    zone.text = text_member(body, "zone");
    return zone;
  }
  ZoneLines lines = read_lines(body, zone.apex);
  if (!servers.empty() && lines.has_apex_ns)
    refuse_body("Nameservers list MUST NOT be mixed with zone-level NS in rrsets");
  if (!lines.has_soa) zone.text = made_up_soa(zone.apex, servers, now);
  for (const Name& server : servers) zone.text += zone.apex.to_text() + " 3600 IN NS " + server.to_text() + "\n";
  zone.text += lines.text;
  return zone;
}

std::string read_whole_zone(const Json& body, const Name& apex) {
  ZoneLines lines = read_lines(body, apex);
  if (!lines.has_soa) refuse_body("Must give SOA record for zone when replacing all RR sets");
  return std::move(lines.text);
}

}  // namespace axfrd::control
