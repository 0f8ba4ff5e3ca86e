#include "control/http/pdns_zone.h"

#include <algorithm>
#include <map>
#include <utility>

#include "control/http/pdns_names.h"
#include "zones/data/derived.h"
#include "zones/text/zonefile.h"
#include "zones/wire/ascii.h"

namespace axfrd::control {

namespace {

using zones::OwnedRecord;
using zones::VersionRef;
using zones::ZoneVersion;

Json rrset_json(const std::string& name, const std::string& type, uint32_t ttl, std::vector<std::string> contents) {
  std::ranges::sort(contents);
  Json records = Json::array();
  for (std::string& content : contents) records.push_back({{"content", std::move(content)}, {"disabled", false}});
  return {{"comments", Json::array()}, {"name", name}, {"records", std::move(records)}, {"ttl", ttl}, {"type", type}};
}

// Which records are not shown.
class OwnRecords {
 public:
  explicit OwnRecords(const ZoneVersion& version)
      : derived_(version.pseudo().get()),
        apex_(version.apex().name),
        secondaries_(version.attributes().secondary_dns) {}

  bool shows(const zones::Record& record) const {
    if (derived_.is_derived(record)) return false;
    if (record.type != zones::rrtype::NS || !secondaries_ || !secondaries_->stands()) return true;
    if (!record.owner.equals(apex_)) return true;
    const auto server = zones::NameView::read(record.rdata);
    return !server || std::ranges::none_of(secondaries_->added,
                                           [&](const zones::Name& added) { return added.view().equals(*server); });
  }

 private:
  zones::DerivedFilter derived_;
  zones::Name apex_;
  zones::SecondaryDnsRef secondaries_;
};

// The RRsets among some records of one owner.
void add_rrsets(const std::vector<OwnedRecord>& of_owner, std::vector<Json>& rrsets) {
  std::map<uint16_t, std::vector<const OwnedRecord*>> by_type;
  for (const OwnedRecord& record : of_owner) by_type[record.type].push_back(&record);
  for (const auto& [type, records] : by_type) {
    std::vector<std::string> contents;
    for (const OwnedRecord* record : records)
      contents.push_back(zones::data_of_line(zones::record_to_text(record->view())));
    rrsets.push_back(rrset_json(records.front()->owner.to_text(), zones::type_to_text(type), records.front()->ttl,
                                std::move(contents)));
  }
}

const char* type_of(const zones::PseudoRecord& record) {
  return record.kind == zones::PseudoRecord::Kind::alias ? "ALIAS" : "URL";
}

// Those that `wants` wants.
template <class Wants>
void add_pseudo_rrsets(const ZoneVersion& version, std::vector<Json>& rrsets, Wants&& wants) {
  if (!version.pseudo()) return;
  std::map<std::pair<std::string, std::string>, std::vector<const zones::PseudoRecord*>> by_owner;
  for (const zones::PseudoRecord& record : *version.pseudo()) {
    if (wants(record)) by_owner[{zones::sort_key(record.owner), type_of(record)}].push_back(&record);
  }
  for (const auto& [key, records] : by_owner) {
    std::vector<std::string> contents;
    for (const zones::PseudoRecord* record : records)
      contents.push_back(zones::data_of_line(zones::pseudo_to_text(*record)));
    rrsets.push_back(
        rrset_json(records.front()->owner.to_text(), key.second, records.front()->ttl, std::move(contents)));
  }
}

class ZoneStream {
 public:
  ZoneStream(VersionRef version, uint32_t notified)
      : version_(std::move(version)), notified_(notified), own_(*version_) {}

  bool write(std::string& out) {
    if (!begun_) {
      begun_ = true;
      out += dump(pdns_zone(*version_, notified_));
      out.back() = ',';
      out += R"("rrsets":[)";
      add({version_->soa_record()}, out);
      return true;
    }
    if (page_ < version_->page_count()) {
      std::vector<OwnedRecord> of_owner;
      version_->page(page_++).for_each_record(version_->apex(), [&](const zones::Record& record) {
        if (!own_.shows(record)) return;
        if (!of_owner.empty() && !of_owner.front().owner.view().equals(record.owner))
          add(std::exchange(of_owner, {}), out);
        of_owner.emplace_back(record);
      });
      add(of_owner, out);
      return true;
    }
    std::vector<Json> rrsets;
    add_pseudo_rrsets(*version_, rrsets, [](const zones::PseudoRecord&) { return true; });
    put(rrsets, out);
    out += "]}";
    return false;
  }

 private:
  void add(const std::vector<OwnedRecord>& of_owner, std::string& out) {
    std::vector<Json> rrsets;
    add_rrsets(of_owner, rrsets);
    put(rrsets, out);
  }
  void put(const std::vector<Json>& rrsets, std::string& out) {
    for (const Json& rrset : rrsets) out += (count_++ != 0 ? "," : "") + dump(rrset);
  }

  const VersionRef version_;
  const uint32_t notified_;
  const OwnRecords own_;
  unsigned page_ = 0;
  size_t count_ = 0;
  bool begun_ = false;
};

const char* soa_edit_api(zones::SerialPolicy policy) {
  switch (policy) {
    case zones::SerialPolicy::increment:
      return "INCREASE";
    case zones::SerialPolicy::keep:
      return "NONE";
    case zones::SerialPolicy::unixtime:
      break;
  }
  return "DEFAULT";
}

}  // namespace

Json pdns_zone(const ZoneVersion& version, uint32_t notified) {
  const std::string id = zone_id(version.apex().name);
  const bool is_signed = std::ranges::any_of(version.records_at(zones::Name(version.apex().name)),
                                             [](const auto& record) { return record.type == zones::rrtype::DNSKEY; });
  return {{"account", ""},
          {"api_rectify", false},
          {"catalog", ""},
          {"dnssec", is_signed},
          {"edited_serial", version.serial()},
          {"id", id},
          {"kind", "Master"},
          {"last_check", 0},
          {"master_tsig_key_ids", Json::array()},
          {"masters", Json::array()},
          {"name", version.apex().name.to_text()},
          {"notified_serial", notified},
          {"nsec3narrow", false},
          {"nsec3param", ""},
          {"serial", version.serial()},
          {"slave_tsig_key_ids", Json::array()},
          {"soa_edit", ""},
          {"soa_edit_api", soa_edit_api(version.attributes().serial_policy)},
          {"url", "/api/v1/servers/localhost/zones/" + id}};
}

JsonStream pdns_zone_stream(VersionRef version, uint32_t notified) {
  return stream_of([stream = std::make_shared<ZoneStream>(std::move(version), notified)](std::string& out) {
    return stream->write(out);
  });
}

Json pdns_zone_with(const ZoneVersion& version, uint32_t notified, const zones::Name& owner, const std::string& type) {
  Json zone = pdns_zone(version, notified);
  const OwnRecords own(version);
  std::vector<OwnedRecord> records;
  if (owner.view().is_at_or_below(version.apex().name)) records = version.records_at(owner);
  std::erase_if(records, [&](const OwnedRecord& record) { return !own.shows(record.view()); });
  if (owner.view().equals(version.apex().name)) records.push_back(version.soa_record());
  std::vector<Json> rrsets;
  add_rrsets(records, rrsets);
  add_pseudo_rrsets(version, rrsets, [&](const zones::PseudoRecord& record) { return record.owner == owner; });
  zone["rrsets"] = Json::array();
  for (Json& rrset : rrsets) {
    if (type.empty() || zones::equals_ignoring_case(type, rrset["type"].get_ref<const std::string&>()))
      zone["rrsets"].push_back(std::move(rrset));
  }
  return zone;
}

void for_each_shown(const ZoneVersion& version, const std::function<bool(const ShownRecord&)>& visit) {
  const OwnRecords own(version);
  bool goes_on = true;
  const auto show = [&](const zones::Record& record) {
    if (!goes_on || !own.shows(record)) return;
    goes_on = visit({record.owner.to_text(), zones::type_to_text(record.type), record.ttl,
                     zones::data_of_line(zones::record_to_text(record))});
  };
  show(version.soa_record().view());
  for (unsigned i = 0; goes_on && i < version.page_count(); ++i) version.page(i).for_each_record(version.apex(), show);
  if (!version.pseudo()) return;
  for (const zones::PseudoRecord& record : *version.pseudo()) {
    if (!goes_on) return;
    goes_on = visit(
        {record.owner.to_text(), type_of(record), record.ttl, zones::data_of_line(zones::pseudo_to_text(record))});
  }
}

JsonStream pdns_export(VersionRef version, bool as_json) {
  const auto own = std::make_shared<OwnRecords>(*version);
  return stream_of([version = std::move(version), own, as_json, page = 0U, begun = false](std::string& out) mutable {
    std::string text;
    bool more = true;
    if (!begun) {
      begun = true;
      if (as_json) out += R"({"zone":")";
      text = zones::record_to_text(version->soa_record().view()) + "\n";
    } else if (page < version->page_count()) {
      version->page(page++).for_each_record(version->apex(), [&](const zones::Record& record) {
        if (own->shows(record)) text += zones::record_to_text(record) + "\n";
      });
    } else {
      if (version->pseudo()) {
        for (const auto& record : *version->pseudo()) text += zones::pseudo_to_text(record) + "\n";
      }
      more = false;
    }
    if (!as_json) {
      out += text;
    } else {
      const std::string quoted = dump(text);
      out.append(quoted, 1, quoted.size() - 2);
      if (!more) out += "\"}";
    }
    return more;
  });
}

}  // namespace axfrd::control
