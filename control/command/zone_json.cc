#include "control/command/zone_json.h"

#include <algorithm>

#include "zones/data/derived.h"
#include "zones/data/integrity.h"
#include "zones/data/signed.h"
#include "zones/data/stored_check.h"
#include "zones/text/zonefile.h"

namespace axfrd::control {

namespace {

using zones::VersionRef;
using zones::ZoneVersion;

// The text of a zone file in pieces: the SOA, the pages in their order, then what is not in pages.
class ZoneWriter {
 public:
  explicit ZoneWriter(VersionRef version) : version_(std::move(version)), filter_(version_->pseudo().get()) {}

  bool write(std::string& out) {
    if (page_ == 0 && !begun_) begin(out);
    std::string text;
    if (page_ < version_->page_count()) {
      version_->page(page_++).for_each_record(version_->apex(), [&](const zones::Record& record) {
        if (!filter_.is_derived(record)) text += zones::record_to_text(record) + "\n";
      });
    } else {
      if (const auto& pseudo = version_->pseudo()) {
        for (const auto& record : *pseudo) text += zones::pseudo_to_text(record) + "\n";
      }
      done_ = true;
    }
    append_escaped(out, text);
    if (done_) out += "\"}";
    return !done_;
  }

 private:
  void begin(std::string& out) {
    begun_ = true;
    out += R"({"zone":)" + dump(version_->apex().name.to_text()) + R"(,"serial":)" +
           std::to_string(version_->serial()) + R"(,"text":")";
    append_escaped(out, zones::record_to_text(version_->soa_record().view()) + "\n");
  }

  VersionRef version_;
  zones::DerivedFilter filter_;
  unsigned page_ = 0;
  bool begun_ = false, done_ = false;
};

class ListWriter {
 public:
  ListWriter(ZoneList list, Describe describe) : list_(std::move(list)), describe_(describe) {}

  bool write(std::string& out) {
    if (!begun_) out += R"({"zones":[)";
    const std::vector<VersionRef> versions = list_.next();
    for (const VersionRef& version : versions) {
      if (listed_++ != 0) out += ',';
      out += dump(describe_(*version));
    }
    begun_ = true;
    if (!versions.empty()) return true;
    out += list_.is_cut() ? R"(],"more":true})" : "]}";
    return false;
  }

 private:
  ZoneList list_;
  const Describe describe_;
  size_t listed_ = 0;
  bool begun_ = false;
};

Json record_texts(const std::vector<zones::OwnedRecord>& records) {
  Json lines = Json::array();
  for (const zones::OwnedRecord& r : records) lines.push_back(zones::record_to_text(r.view()));
  return lines;
}

// Adds the ALIAS and URL records of one list that are not in the other.
void add_pseudo(Json& lines, const zones::PseudoRecords& from, const zones::PseudoRecords& without) {
  if (!from) return;
  for (const auto& r : *from) {
    const std::string text = zones::pseudo_to_text(r);
    const bool common = without && std::ranges::any_of(*without, [&](const auto& other) {
                          return zones::pseudo_to_text(other) == text;
                        });
    if (!common) lines.push_back(text);
  }
}

}  // namespace

void add_warnings(Json& result, const zones::Warnings& warnings) {
  result["warnings"] = warnings.texts();
  result["warnings_left_out"] = warnings.left_out();
}

Json to_json(const Committer::Imported& imported) {
  Json result{{"serial", imported.serial},
              {"records", imported.records},
              {"removed", imported.removed},
              {"added", imported.added},
              {"changed", imported.changed}};
  result["old_serial"] = imported.old_serial ? Json(*imported.old_serial) : Json();
  add_warnings(result, imported.warnings);
  return result;
}

Json to_json(const Committer::Changed& changed) {
  Json result{{"old_serial", changed.old_serial}, {"serial", changed.serial}, {"records", changed.records},
              {"removed", changed.removed},       {"added", changed.added},   {"changed", changed.changed()}};
  add_warnings(result, changed.warnings);
  return result;
}

Json to_json(const Committer::Configured& configured) {
  return {{"serial", zones::to_text(configured.serial_policy)}, {"changed", configured.changed}};
}

Json to_json(const Committer::SecondarySet& set) {
  Json json = to_json(*set.settings);
  json["old_serial"] = set.old_serial;
  json["serial"] = set.serial;
  json["changed"] = set.changed;
  return json;
}

Json to_json(const Committer::KeyChanged& changed) {
  return {{"key", to_json(changed.after ? *changed.after : *changed.before)},
          {"changed", changed.after != changed.before}};
}

namespace {

void add_told(Json& result, const std::string& name, const Importer::Told& told) {
  result[name] = told.texts;
  result[name + "_left_out"] = told.left_out;
}

}  // namespace

Json to_json(const Importer::Progress& progress) {
  return {{"files", progress.files},     {"done", progress.done()},         {"added", progress.added},
          {"changed", progress.changed}, {"unchanged", progress.unchanged}, {"failed", progress.failed}};
}

Json to_json(const Importer::Loaded& loaded) {
  Json result = to_json(loaded.count);
  add_told(result, "errors", loaded.errors);
  add_told(result, "warnings", loaded.warnings);
  add_told(result, "passed_over", loaded.passed_over);
  return result;
}

std::optional<zones::SerialPolicy> serial_policy_from(std::string_view text) {
  using zones::SerialPolicy;
  for (const auto policy : {SerialPolicy::unixtime, SerialPolicy::increment, SerialPolicy::keep}) {
    if (text == zones::to_text(policy)) return policy;
  }
  return std::nullopt;
}

Json to_json(const Committer::Removed& removed) { return {{"serial", removed.serial}}; }

Json summary(const ZoneVersion& version) {
  return {
      {"zone", version.apex().name.to_text()}, {"serial", version.serial()}, {"records", version.counts().records + 1}};
}

Json findings(const ZoneVersion& version) {
  Json result = summary(version);
  result["refused"] = zones::find_refused(version);
  result["faults"] = zones::find_faults(version);
  return result;
}

Json details(const ZoneVersion& version) {
  Json result = summary(version);
  result["soa"] = zones::record_to_text(version.soa_record().view());
  result["has_servers"] = zones::has_apex_servers(version);
  result["signed"] = zones::is_signed(version);
  result["names"] = version.counts().names;
  result["wildcards"] = version.counts().wildcards;
  result["pages"] = version.page_count();
  result["memory"] = version.memory();
  result["aliases"] = Json::array();
  result["pseudo_records"] = version.pseudo() ? version.pseudo()->size() : 0;
  result["serial_policy"] = zones::to_text(version.attributes().serial_policy);
  result["history_steps"] = version.history() ? version.history()->steps().size() : 0;
  return result;
}

Json history(const ZoneVersion& version, bool changes) {
  Json steps = Json::array();
  if (version.history()) {
    const auto& all = version.history()->steps();
    for (auto at = all.rbegin(); at != all.rend(); ++at) {
      const zones::Step& step = **at;
      Json line{{"from", step.from()},   {"to", step.to()},
                {"time", step.time()},   {"removed", step.removed()},
                {"added", step.added()}, {"by", step.by().empty() ? Json() : Json(step.by())}};
      if (changes) {
        Json removed = Json::array(), added = Json::array();
        step.for_each([&](const zones::Record& record, bool is_added) {
          (is_added ? added : removed).push_back(zones::record_to_text(record));
        });
        line["changes"] = {{"removed", std::move(removed)}, {"added", std::move(added)}};
      }
      steps.push_back(std::move(line));
    }
  }
  return {{"zone", version.apex().name.to_text()}, {"serial", version.serial()}, {"steps", std::move(steps)}};
}

Json to_json(const ContentDifference& difference) {
  Json removed = record_texts(difference.delta.removed), added = record_texts(difference.delta.added);
  if (difference.soa) {
    removed.push_back(zones::record_to_text(difference.soa->first.view()));
    added.push_back(zones::record_to_text(difference.soa->second.view()));
  }
  add_pseudo(removed, difference.pseudo_before, difference.pseudo_after);
  add_pseudo(added, difference.pseudo_after, difference.pseudo_before);
  return {{"serial", difference.from}, {"removed", std::move(removed)}, {"added", std::move(added)}};
}

JsonStream list_stream(ZoneList list, Describe describe) {
  return stream_of(
      [writer = ListWriter(std::move(list), describe)](std::string& out) mutable { return writer.write(out); });
}

JsonStream export_stream(VersionRef version) {
  return stream_of([writer = ZoneWriter(std::move(version))](std::string& out) mutable { return writer.write(out); });
}

}  // namespace axfrd::control
