// Commands about zones and transactions.

#include <set>
#include <tuple>

#include "control/base/zone_source_json.h"
#include "control/command/commands.h"
#include "control/command/commands_support.h"
#include "control/command/record_arguments.h"
#include "zones/number.h"
#include "zones/rdata_check.h"
#include "zones/zonefile.h"

namespace axfrd::control {

namespace {

void remove_other_pseudo(zones::Draft& draft, const std::vector<zones::PseudoRecord>& kept) {
  if (!draft.base()->pseudo()) return;
  const auto key = [](const zones::PseudoRecord& p) { return std::tuple(p.kind, zones::sort_key(p.owner), p.target); };
  std::set<decltype(key(kept.front()))> keys;
  for (const zones::PseudoRecord& p : kept) keys.insert(key(p));
  for (const zones::PseudoRecord& p : *draft.base()->pseudo()) {
    if (!keys.contains(key(p))) draft.apply(zones::Edit(zones::Edit::Kind::remove_pseudo, p));
  }
}

// A record gives its TTL to the whole RRset (RFC 2181 §5.2), which who adds it may not know.
void warn_of_ttl(zones::Draft& draft, const zones::Edit& edit, zones::Warnings& warnings) {
  const zones::Record added = edit.record.view();
  if (edit.kind != zones::Edit::Kind::add || added.type == zones::rrtype::RRSIG) return;
  for (const zones::OwnedRecord& other : draft.rrset(added.owner, added.type)) {
    if (other.ttl == added.ttl) continue;
    return warnings.add(0, added.owner.to_text() + " " + zones::type_to_text(added.type) +
                               ": the TTL of the RRset was " + std::to_string(other.ttl) + ", and is " +
                               std::to_string(added.ttl) + " now");
  }
}

// Takes back what happened since the version with `serial`. The addresses of ALIAS and URL records are those of today,
// where they are known: the draft refuses others.
std::optional<Failure> roll_back(zones::Draft& draft, uint32_t serial) {
  const zones::HistoryRef& history = draft.base()->history();
  const auto since = history ? history->since(serial) : std::nullopt;
  if (!since) {
    return Failure{FailureCode::failed, "the history of zone " + draft.base()->apex().name.to_text() +
                                            " does not go back to serial " + std::to_string(serial) +
                                            "; zone history shows how far it goes"};
  }
  for (const zones::OwnedRecord& r : since->delta.removed) {
    if (const auto reason = zones::check_rdata(r.type, r.view().rdata)) {
      return Failure{FailureCode::failed, "the version with serial " + std::to_string(serial) + " holds " +
                                              r.owner.to_text() + " " + zones::type_to_text(r.type) +
                                              ", which is refused today: " + *reason +
                                              "; make the other changes by a transaction"};
    }
  }
  using Kind = zones::Edit::Kind;
  std::vector<zones::PseudoRecord> then;
  if (since->pseudo && *since->pseudo) then = **since->pseudo;
  if (since->pseudo) remove_other_pseudo(draft, then);
  for (const zones::OwnedRecord& r : since->delta.added) draft.apply(zones::Edit(Kind::remove_record, r));
  for (const zones::PseudoRecord& p : then) draft.apply(zones::Edit(Kind::add_pseudo, p));
  for (const zones::OwnedRecord& r : since->delta.removed) draft.apply(zones::Edit(Kind::add, r));
  draft.apply(zones::Edit(Kind::add, since->soa));
  return std::nullopt;
}

// The record that `zone set` and `zone unset` speak of: one text, or one for each argument.
std::variant<RecordLine, Failure> record_in(const Json& params) {
  const Json& record = params["record"];
  try {
    return record_line(record.is_string() ? std::vector{record.get<std::string>()}
                                          : record.get<std::vector<std::string>>());
  } catch (const std::invalid_argument& error) {
    return Failure{FailureCode::bad_zone, error.what()};
  }
}

std::string text_of(const zones::Edit& edit) {
  return edit.pseudo ? zones::pseudo_to_text(*edit.pseudo) : zones::record_to_text(edit.record.view());
}

}  // namespace

void Commands::zone_import(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  auto& apex = std::get<zones::Name>(name);
  if (params.contains("text") == params.contains("parts"))
    return done(RpcError{RpcError::invalid_params, "zone.import needs \"text\" or \"parts\", and not both"});
  zones::ZoneSource source;
  if (params.contains("text")) {
    source = zones::ZoneSource::of_text(std::move(params["text"].get_ref<std::string&>()),
                                        params.value("file", "the zone file"));
  } else {
    auto read = or_refuse(done, [&] { return zone_source_from(params["parts"]); });
    if (!read) return;
    source = std::move(*read);
  }
  server_.importer.import_text({std::move(apex), std::move(source), params.contains("strict")},
                               in_loop<Committer::Imported>(loop_, std::move(done)));
}

void Commands::zone_remove(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  server_.committer.remove_zone(std::move(std::get<zones::Name>(name)),
                                in_loop<Committer::Removed>(loop_, std::move(done)));
}

void Commands::zone_list(Json&, RpcDone done) { done(RpcResult(list_stream(all_zones(), summary))); }

void Commands::zone_show(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& apex = std::get<zones::Name>(name);
  const zones::VersionRef version = find(apex);
  if (!version) return done(no_such_zone(apex));
  if (!version->pseudo()) return done(RpcResult(details(*version)));
  server_.aliases.run([this, version, done = std::move(done)](const Aliases& aliases) {
    boost::asio::post(loop_, [version, done, lines = aliases.report(*version)] {
      Json result = details(*version);
      result["aliases"] = lines;
      done(RpcResult(std::move(result)));
    });
  });
}

void Commands::zone_check(Json& params, RpcDone done) {
  std::vector<zones::VersionRef> versions;
  if (params.contains("zone")) {
    const auto name = zone_name(params);
    if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
    versions.push_back(find(std::get<zones::Name>(name)));
    if (!versions.front()) return done(no_such_zone(std::get<zones::Name>(name)));
  } else if (params.contains("all")) {
    versions = all_zones();
  } else {
    return done(RpcError{RpcError::invalid_params, "name a zone, or say --all"});
  }
  done(RpcResult(list_stream(std::move(versions), findings)));
}

void Commands::zone_export(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto& apex = std::get<zones::Name>(name);
  zones::VersionRef version = find(apex);
  if (!version) return done(no_such_zone(apex));
  done(RpcResult(export_stream(std::move(version))));
}

void Commands::zone_import_directory(Json& params, RpcDone done) {
  const std::filesystem::path directory = params["directory"].get<std::string>();
  if (!directory.is_absolute())
    return done(RpcError{RpcError::invalid_params, "\"directory\" must be an absolute path"});
  server_.importer.import_directory(directory, {params.contains("only-newer"), params.contains("strict")},
                                    in_loop<Importer::Loaded>(loop_, std::move(done)));
}

void Commands::zone_history(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
  done(RpcResult(history(*version)));
}

void Commands::zone_rollback(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const auto serial = zones::number_in<uint32_t>(params["serial"].get_ref<const std::string&>());
  if (!serial) return done(RpcError{RpcError::invalid_params, "\"serial\" is not a number below 2^32"});
  server_.committer.change_zone(
      std::move(std::get<zones::Name>(name)), "rollback to " + std::to_string(*serial),
      [serial = *serial](zones::Draft& draft) { return roll_back(draft, serial); },
      in_loop<Committer::Changed>(loop_, std::move(done)));
}

void Commands::zone_config(Json& params, RpcDone done) {
  auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  if (!params.contains("serial")) {
    const zones::VersionRef version = find(std::get<zones::Name>(name));
    if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
    return done(RpcResult(Json{{"serial", text_of(version->attributes().serial_policy)}}));
  }
  const auto policy = serial_policy_from(params["serial"].get_ref<const std::string&>());
  if (!policy) return done(RpcError{RpcError::invalid_params, "\"serial\" is none of unixtime, increment, keep"});
  server_.committer.set_serial_policy(std::move(std::get<zones::Name>(name)), *policy,
                                      in_loop<Committer::Configured>(loop_, std::move(done)));
}

// ---- transactions ----

void Commands::zone_begin(Json& params, RpcDone done) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  const zones::VersionRef version = find(std::get<zones::Name>(name));
  if (!version) return done(no_such_zone(std::get<zones::Name>(name)));
  if (auto failure = transactions_.begin(version)) return done(std::move(*failure));
  done(RpcResult(Json{{"zone", version->apex().name.to_text()}, {"serial", version->serial()}}));
}

// Finds the transaction that params speak of and calls work(apex, transaction), which answers.
template <class Work>
void Commands::in_transaction(const Json& params, const RpcDone& done, Work&& work) {
  const auto name = zone_name(params);
  if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
  auto found = transactions_.open(std::get<zones::Name>(name));
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  work(std::get<zones::Name>(name), *std::get<Transactions::Transaction*>(found));
}

void Commands::zone_set(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    auto record = record_in(params);
    if (auto* failure = std::get_if<Failure>(&record)) return done(std::move(*failure));
    const auto& [line, remarks] = std::get<RecordLine>(record);
    // A record that states no TTL takes that of its RRset, or of the SOA.
    const auto default_ttl = [&](zones::NameView owner, uint16_t type) {
      const auto rrset = transaction.draft.rrset(owner, type);
      return rrset.empty() ? transaction.draft.soa().ttl : rrset.front().ttl;
    };
    zones::Warnings warnings;
    for (const std::string& remark : remarks) warnings.add(0, remark);
    const auto read = zones::parse_addition(line, apex, default_ttl, &warnings);
    if (const auto* reason = std::get_if<std::string>(&read)) return done(Failure{FailureCode::bad_zone, *reason});
    const auto& edit = std::get<zones::Edit>(read);
    const bool changed = transaction.draft.would_change(edit);
    warn_of_ttl(transaction.draft, edit, warnings);
    if (auto failure = Transactions::apply(transaction, edit)) return done(std::move(*failure));
    Json result{{"edits", transaction.edits->size()}, {"record", text_of(edit)}, {"changed", changed}};
    add_warnings(result, warnings);
    done(RpcResult(std::move(result)));
  });
}

void Commands::zone_unset(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    auto record = record_in(params);
    if (auto* failure = std::get_if<Failure>(&record)) return done(std::move(*failure));
    const auto& [line, remarks] = std::get<RecordLine>(record);
    zones::Warnings warnings;
    for (const std::string& remark : remarks) warnings.add(0, remark);
    const auto read = zones::parse_removal(line, apex);
    if (const auto* reason = std::get_if<std::string>(&read)) return done(Failure{FailureCode::bad_zone, *reason});
    const auto& edit = std::get<zones::Edit>(read);
    if (!transaction.draft.would_change(edit)) {
      return done(Failure{FailureCode::failed, "there is nothing to remove: zone " + apex.to_text() +
                                                   ", as the transaction has it, holds no such record (" + line + ")"});
    }
    if (auto failure = Transactions::apply(transaction, edit)) return done(std::move(*failure));
    Json result{{"edits", transaction.edits->size()}};
    add_warnings(result, warnings);
    done(RpcResult(std::move(result)));
  });
}

void Commands::zone_diff(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name&, const Transactions::Transaction& transaction) {
    const auto result = transaction.draft.finish();
    if (const auto* reason = std::get_if<std::string>(&result)) return done(Failure{FailureCode::bad_zone, *reason});
    done(RpcResult(difference(*transaction.draft.base(), std::get<zones::Draft::Result>(result))));
  });
}

void Commands::zone_commit(Json& params, RpcDone done) {
  if (params.contains("wait")) {
    const auto patience = zones::number_in<uint32_t>(params["wait"].get_ref<const std::string&>());
    const auto name = zone_name(params);
    if (!patience) return done(RpcError{RpcError::invalid_params, "\"wait\" is not a number of seconds"});
    if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
    done = waiting(std::get<zones::Name>(name), std::chrono::seconds(*patience), std::move(done));
  }
  in_transaction(params, done, [&](const zones::Name& apex, Transactions::Transaction& transaction) {
    transaction.committing = true;
    const auto replay = [edits = transaction.edits](zones::Draft& draft) -> std::optional<Failure> {
      for (const zones::Edit& edit : *edits) {
        if (auto reason = draft.apply(edit)) return Failure{FailureCode::bad_zone, std::move(*reason)};
      }
      return std::nullopt;
    };
    RpcDone end = [this, apex, done](auto outcome) {
      if (std::holds_alternative<Failure>(outcome)) {
        transactions_.reopen(apex);
      } else {
        transactions_.end(apex);
      }
      done(std::move(outcome));
    };
    server_.committer.change_zone(apex, "transaction", replay, in_loop<Committer::Changed>(loop_, std::move(end)));
  });
}

void Commands::zone_abort(Json& params, RpcDone done) {
  in_transaction(params, done, [&](const zones::Name& apex, const Transactions::Transaction& transaction) {
    const size_t edits = transaction.edits->size();
    transactions_.end(apex);
    done(RpcResult(Json{{"edits", edits}}));
  });
}

void Commands::zone_status(Json& params, RpcDone done) {
  std::optional<zones::Name> only;
  if (params.contains("zone")) {
    auto name = zone_name(params);
    if (const auto* error = std::get_if<RpcError>(&name)) return done(*error);
    only = std::move(std::get<zones::Name>(name));
    if (!find(*only)) return done(no_such_zone(*only));
  }
  Json open = Json::array();
  transactions_.for_each([&](const zones::Name& apex, const Transactions::Transaction& transaction) {
    if (only && !(*only == apex)) return;
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto now = Transactions::Clock::now();
    open.push_back({{"zone", apex.to_text()},
                    {"serial", transaction.draft.base()->serial()},
                    {"edits", transaction.edits->size()},
                    {"age_seconds", duration_cast<seconds>(now - transaction.begun).count()},
                    {"idle_seconds", duration_cast<seconds>(now - transaction.touched).count()},
                    {"committing", transaction.committing}});
  });
  done(RpcResult(Json{{"transactions", std::move(open)}}));
}

}  // namespace axfrd::control
