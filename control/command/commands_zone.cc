// Verbs about zones and transactions.
#include <array>

#include <set>
#include <tuple>

#include "control/base/zone_source_json.h"
#include "control/command/commands.h"
#include "control/command/commands_support.h"

namespace axfrd::control {

namespace {

constexpr const char* kPercent = "a number of percent";

Json serial_json(const zones::VersionRef& version) {
  return {{"zone", version->apex().name.to_text()}, {"serial", version->serial()}};
}

// An owner in the zone of the request: absolute, or relative to the apex.
std::optional<zones::Name> optional_owner(const Json& params, const char* parameter) {
  if (!params.contains(parameter)) return std::nullopt;
  const zones::Name apex = zone_in(params);
  const std::string &text = text_in(params, parameter), zone = apex.to_text();
  if (text == "@") return apex;
  auto owner = zones::Name::from_text(text.ends_with('.') ? text : text + (zone == "." ? "" : ".") + zone);
  if (!owner) throw std::invalid_argument("\"" + text + "\" is no name");
  return owner;
}

Json edited_json(const RecordEdited& edited) {
  Json result{{"edits", edited.edits}};
  if (!edited.record.empty()) {
    result["record"] = edited.record;
    result["changed"] = edited.changed;
  }
  add_warnings(result, edited.warnings);
  return result;
}

Json preview_json(const ContentDifference& difference) {
  Json result = to_json(difference);
  result["dry_run"] = true;
  return result;
}

Json imported_json(const ZoneImported& imported) {
  return imported.difference ? preview_json(*imported.difference) : to_json(imported.imported);
}

Json transactions_json(const std::vector<OpenTransaction>& transactions) {
  Json open = Json::array();
  for (const OpenTransaction& t : transactions) {
    open.push_back({{"zone", t.apex.to_text()},
                    {"serial", t.serial},
                    {"edits", t.edits},
                    {"age_seconds", t.age.count()},
                    {"idle_seconds", t.idle.count()},
                    {"committing", t.committing}});
  }
  return {{"transactions", std::move(open)}};
}

void zone_import(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  ImportZone request{zone_in(params), {}};
  if (params.contains("text") == params.contains("parts"))
    throw std::invalid_argument("zone.import needs \"text\" or \"parts\", and not both");
  if (params.contains("text")) {
    request.source = zones::ZoneSource::of_text(std::move(params["text"].get_ref<std::string&>()),
                                                params.value("file", "the zone file"));
  } else {
    request.source = zone_source_from(params["parts"]);
  }
  request.strict = flag_in(params, "strict");
  request.dry_run = flag_in(params, "dry-run");
  request.max_removed = optional_number(params, "max-removed", kPercent, 100);
  operations.zones.import(who, std::move(request), answering<ZoneImported>(std::move(done), imported_json));
}

void zone_import_directory(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const ImportDirectory request{text_in(params, "directory"), flag_in(params, "only-newer"), flag_in(params, "strict"),
                                optional_number(params, "max-removed", kPercent, 100)};
  if (!request.directory.is_absolute()) throw std::invalid_argument("\"directory\" must be an absolute path");
  operations.zones.import_directory(who, request, answering<Importer::Loaded>(std::move(done)));
}

void zone_remove(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.zones.remove(who, zone_in(params), flag_in(params, "yes"), answering<Committer::Removed>(std::move(done)));
}

void zone_list(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const ListZones request{.prefix = optional_text(params, "prefix"),
                          .within = optional_text(params, "search"),
                          .after = optional_name(params, "after"),
                          .limit = optional_number(params, "limit", "a number of zones")};
  done(RpcResult(list_stream(operations.zones.list(who, request), summary)));
}

void zone_show(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.zones.show(who, zone_in(params), answering<ShownZone>(std::move(done), [](const ShownZone& shown) {
                          Json result = details(*shown.version);
                          result["aliases"] = shown.aliases;
                          return result;
                        }));
}

void zone_check(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  if (!params.contains("zone")) {
    if (!flag_in(params, "all")) throw std::invalid_argument("name a zone, or say --all");
    return done(RpcResult(list_stream(operations.zones.list(who, {}), findings)));
  }
  answer<zones::VersionRef>(done, operations.zones.find(who, zone_in(params)), [](const zones::VersionRef& version) {
    return Json{{"zones", Json::array({findings(*version)})}};
  });
}

void zone_records(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  constexpr uint32_t kMost = 1000, kUsual = 100;
  const WantRecords wanted{
      .search = optional_text(params, "search"),
      .owner = optional_owner(params, "name"),
      .type = optional_text(params, "type"),
      .after = optional_owner(params, "after"),
      .most = optional_number(params, "limit", "a number of RRsets up to 1000", kMost).value_or(kUsual)};
  using Records = ZoneOperations::Records;
  answer<Records>(done, operations.zones.records(who, zone_in(params), wanted), [](const Records& records) {
    Json rrsets = Json::array();
    for (const RecordPage::RRset& rrset : records.page.rrsets) {
      Json line{{"name", rrset.owner.to_text()}, {"type", rrset.type}, {"ttl", rrset.ttl}, {"records", rrset.records}};
      if (!rrset.secondary.empty()) line["secondary"] = rrset.secondary;
      rrsets.push_back(std::move(line));
    }
    Json result = summary(*records.version);
    result["tag"] = version_tag(*records.version);
    result["rrsets"] = std::move(rrsets);
    if (records.page.next) result["next"] = records.page.next->to_text();
    if (records.page.is_cut) result["cut"] = true;
    return result;
  });
}

void zone_edit(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const EditRecords request{zone_in(params), words_in(params, "changes"), optional_text(params, "tag")};
  if (!flag_in(params, "dry-run"))
    return operations.zones.edit(who, request, answering<Committer::Changed>(std::move(done)));
  answer<EditPreview>(done, operations.zones.preview_edit(who, request), [](const EditPreview& preview) {
    Json result = preview_json(preview.difference);
    add_warnings(result, preview.warnings);
    return result;
  });
}

void zone_export(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<zones::VersionRef>(done, operations.zones.find(who, zone_in(params)),
                            [](zones::VersionRef version) { return export_stream(std::move(version)); });
}

void zone_history(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const bool changes = flag_in(params, "changes");
  answer<zones::VersionRef>(done, operations.zones.find(who, zone_in(params)),
                            [changes](const zones::VersionRef& version) { return history(*version, changes); });
}

void zone_rollback(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = zone_in(params);
  const uint32_t serial = number_in(params, "serial", "a number below 2^32");
  if (flag_in(params, "dry-run"))
    return answer<ContentDifference>(done, operations.zones.preview_rollback(who, name, serial), preview_json);
  operations.zones.roll_back(who, name, serial, answering<Committer::Changed>(std::move(done)));
}

void zone_config(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = zone_in(params);
  if (!params.contains("serial")) {
    return answer<zones::VersionRef>(done, operations.zones.find(who, name), [](const zones::VersionRef& version) {
      return Json{{"serial", zones::to_text(version->attributes().serial_policy)}};
    });
  }
  const auto policy = serial_policy_from(text_in(params, "serial"));
  if (!policy) throw std::invalid_argument("\"serial\" is none of unixtime, increment, keep");
  operations.zones.configure(who, name, *policy, answering<Committer::Configured>(std::move(done)));
}

// ---- transactions ----

void zone_begin(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<zones::VersionRef>(done, operations.zones.begin(who, zone_in(params)), serial_json);
}

void zone_set(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<RecordEdited>(done, operations.zones.set(who, zone_in(params), words_in(params, "record")), edited_json);
}

void zone_unset(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<RecordEdited>(done, operations.zones.unset(who, zone_in(params), words_in(params, "record")), edited_json);
}

// Of the transaction, or of two versions.
void zone_diff(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = zone_in(params);
  const auto from = optional_number(params, "from", "a serial"), to = optional_number(params, "to", "a serial");
  if (to && !from) throw std::invalid_argument("\"to\" goes with \"from\"");
  answer<ContentDifference>(
      done, from ? operations.zones.compare(who, {name, *from, to}) : operations.zones.difference(who, name),
      [](const ContentDifference& difference) { return to_json(difference); });
}

void zone_commit(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  const auto name = zone_in(params);
  const auto patience = optional_number(params, "wait", "a number of seconds");
  if (!patience) return operations.zones.commit(who, name, answering<Committer::Changed>(std::move(done)));
  // Answers when all secondaries have it, or the time is over.
  const auto wait = [&operations, name, patience = std::chrono::seconds(*patience),
                     done = std::move(done)](Outcome<Committer::Changed> outcome) {
    if (auto* failure = std::get_if<Failure>(&outcome)) return refuse(done, std::move(*failure));
    const auto& changed = std::get<Committer::Changed>(outcome);
    const auto with_ledger = [result = to_json(changed)](const Json& ledger) {
      Json whole = result;
      whole["secondaries"] = ledger;
      return whole;
    };
    operations.secondaries.wait_for(name, changed.serial, patience, answering<Json>(done, with_ledger));
  };
  operations.zones.commit(who, name, wait);
}

void zone_abort(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<size_t>(done, operations.zones.abort(who, zone_in(params)), [](size_t edits) {
    return Json{{"edits", edits}};
  });
}

void zone_status(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  answer<std::vector<OpenTransaction>>(done, operations.zones.transactions(who, optional_name(params, "zone")),
                                       transactions_json);
}

}  // namespace

std::span<const VerbHandler> zone_handlers() {
  static constexpr std::array kHandlers{
      VerbHandler{"zone.import", zone_import},   VerbHandler{"zone.import-dir", zone_import_directory},
      VerbHandler{"zone.list", zone_list},       VerbHandler{"zone.show", zone_show},
      VerbHandler{"zone.check", zone_check},     VerbHandler{"zone.export", zone_export},
      VerbHandler{"zone.remove", zone_remove},   VerbHandler{"zone.begin", zone_begin},
      VerbHandler{"zone.set", zone_set},         VerbHandler{"zone.unset", zone_unset},
      VerbHandler{"zone.diff", zone_diff},       VerbHandler{"zone.commit", zone_commit},
      VerbHandler{"zone.abort", zone_abort},     VerbHandler{"zone.status", zone_status},
      VerbHandler{"zone.history", zone_history}, VerbHandler{"zone.rollback", zone_rollback},
      VerbHandler{"zone.config", zone_config},   VerbHandler{"zone.records", zone_records},
      VerbHandler{"zone.edit", zone_edit},
  };
  return kHandlers;
}

}  // namespace axfrd::control
