#include "control/operate/zone_operations.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "control/operate/record_arguments.h"
#include "zones/text/zonefile.h"
#include "zones/wire/rdata_check.h"

namespace axfrd::control {

namespace {

using zones::Name;
using zones::VersionRef;

constexpr const char* kZone = "zone";

Act zone_act(const Principal& who, const char* verb, const Name& apex, Cause cause) {
  return Context::act(who, verb, std::move(cause), kZone, apex.to_text());
}

// Refuses an import that removes more than max_percent of the records of a zone.
std::optional<Failure> review_removed(unsigned max_percent, const Committer::Review& review) {
  if (review.old == nullptr) return std::nullopt;
  const size_t records = review.old->counts().records, removed = review.delta.removed.size();
  if (removed * 100 <= records * max_percent) return std::nullopt;
  return Failure{FailureCode::conflict, Name(review.next.apex().name).to_text() + ": that would remove " +
                                            std::to_string(removed) + " of " + std::to_string(records) +
                                            " records, which is more than " + std::to_string(max_percent) + " percent"};
}

// Applies a list of edits to a draft.
Compose replay(std::shared_ptr<const std::vector<zones::Edit>> edits) {
  return [edits = std::move(edits)](zones::Draft& draft) -> std::optional<Failure> {
    for (const zones::Edit& edit : *edits) {
      if (auto reason = draft.apply(edit)) return Failure{FailureCode::bad_zone, std::move(*reason)};
    }
    return std::nullopt;
  };
}

std::optional<Failure> refuse_edits(const Principal& who, const std::vector<zones::Edit>& edits) {
  for (const zones::Edit& edit : edits) {
    if (auto failure = Context::refuse_edit(who, edit)) return failure;
  }
  return std::nullopt;
}

// Warns that an added record gives its TTL to the whole RRset (RFC 2181 §5.2).
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

// A record without a TTL gets the TTL of its RRset, or of the SOA.
zones::DefaultTtl default_ttl_of(zones::Draft& draft) {
  return [&draft](zones::NameView owner, uint16_t type) {
    const auto rrset = draft.rrset(owner, type);
    return rrset.empty() ? draft.soa().ttl : rrset.front().ttl;
  };
}

// Reads a change of EditRecords and applies it.
std::optional<Failure> apply_change(const Principal& who, const std::string& change, zones::Draft& draft,
                                    zones::Warnings& warnings) {
  const auto refuse = [&](const std::string& reason) {
    return Failure{FailureCode::bad_zone, "\"" + change + "\": " + reason};
  };
  const Name apex(draft.base()->apex().name);
  const size_t blank = change.find(' ');
  const std::string verb = change.substr(0, blank);
  if (blank == std::string::npos || (verb != "add" && verb != "remove"))
    return refuse("a change begins with add or remove, and a record follows");
  const std::string line = change.substr(blank + 1);
  const auto read = verb == "add" ? zones::parse_addition(line, apex, default_ttl_of(draft), &warnings)
                                  : zones::parse_removal(line, apex);
  if (const auto* reason = std::get_if<std::string>(&read)) return refuse(*reason);
  const auto& edit = std::get<zones::Edit>(read);
  if (auto failure = Context::refuse_edit(who, edit)) return failure;
  warn_of_ttl(draft, edit, warnings);
  if (auto reason = draft.apply(edit)) return refuse(*reason);
  return std::nullopt;
}

// The same for all changes.
std::optional<Failure> apply_changes(const Principal& who, const EditRecords& request, zones::Draft& draft,
                                     zones::Warnings& warnings) {
  if (!request.if_tag.empty() && request.if_tag != version_tag(*draft.base())) {
    return Failure{FailureCode::changed_meanwhile, "zone " + request.apex.to_text() +
                                                       " has changed meanwhile: its serial is " +
                                                       std::to_string(draft.base()->serial()) + " now"};
  }
  for (const std::string& change : request.changes) {
    if (auto failure = apply_change(who, change, draft, warnings)) return failure;
  }
  return std::nullopt;
}

Outcome<RecordLine> read_words(const std::vector<std::string>& words) {
  try {
    return record_line(words);
  } catch (const std::invalid_argument& error) {
    return Failure{FailureCode::bad_zone, error.what()};
  }
}

std::string edit_text(const zones::Edit& edit) {
  return edit.pseudo ? zones::pseudo_to_text(*edit.pseudo) : zones::record_to_text(edit.record.view());
}

Failure not_in_history(const Name& apex, uint32_t serial) {
  return {FailureCode::failed, "the history of zone " + apex.to_text() + " does not go back to serial " +
                                   std::to_string(serial) + "; zone history shows how far it goes"};
}

Outcome<ContentDifference> difference_of(const zones::Draft& draft) {
  auto finished = draft.finish();
  if (const auto* reason = std::get_if<std::string>(&finished)) return Failure{FailureCode::bad_zone, *reason};
  auto& drafted = std::get<zones::Draft::Changes>(finished);
  const zones::ZoneVersion& base = *draft.base();
  ContentDifference result{base.serial(), std::move(drafted.delta), {}, base.pseudo(), drafted.pseudo};
  if (drafted.soa_edited) result.soa.emplace(base.soa_record(), drafted.soa);
  return result;
}

// ---- rollback ----

void remove_other_pseudo(zones::Draft& draft, const std::vector<zones::PseudoRecord>& kept) {
  if (!draft.base()->pseudo()) return;
  const auto key = [](const zones::PseudoRecord& p) { return std::tuple(p.kind, zones::sort_key(p.owner), p.target); };
  std::set<decltype(key(kept.front()))> keys;
  for (const zones::PseudoRecord& p : kept) keys.insert(key(p));
  for (const zones::PseudoRecord& p : *draft.base()->pseudo()) {
    if (!keys.contains(key(p))) draft.apply(zones::Edit(zones::Edit::Kind::remove_pseudo, p));
  }
}

// The RDATA of the apex NS records that were added or removed since `serial` because settings of secondaries changed.
// They follow the current settings, so a rollback neither restores nor removes them.
std::set<std::string> servers_of_secondaries(const zones::ZoneVersion& zone, uint32_t serial) {
  std::set<std::string> servers;
  const auto& steps = zone.history()->steps();
  for (auto step = steps.rbegin(); step != steps.rend() && (*step)->to() != serial; ++step) {
    if (!(*step)->by().starts_with(kSecondaryDns)) continue;
    (*step)->for_each([&](const zones::Record& r, bool) {
      if (r.type == zones::rrtype::NS && r.owner.equals(zone.apex().name)) servers.emplace(zones::text_of(r.rdata));
    });
  }
  return servers;
}

// Undoes the changes since the version with `serial`. Where the current addresses of ALIAS and URL records are known,
// they stay, because the draft accepts no others.
std::optional<Failure> roll_back_to(uint32_t serial, zones::Draft& draft) {
  const zones::HistoryRef& history = draft.base()->history();
  const auto since = history ? history->since(serial) : std::nullopt;
  if (!since) return not_in_history(Name(draft.base()->apex().name), serial);
  for (const zones::OwnedRecord& r : since->delta.removed) {
    if (const auto reason = zones::check_rdata(r.type, r.view().rdata)) {
      return Failure{FailureCode::failed, "the version with serial " + std::to_string(serial) + " holds " +
                                              r.owner.to_text() + " " + zones::type_to_text(r.type) +
                                              ", which is refused today: " + *reason +
                                              "; make the other changes by a transaction"};
    }
  }
  const auto servers = servers_of_secondaries(*draft.base(), serial);
  const auto follows_settings = [&](const zones::OwnedRecord& r) {
    return r.type == zones::rrtype::NS && r.owner == Name(draft.base()->apex().name) &&
           servers.contains(std::string(zones::text_of(r.view().rdata)));
  };
  using Kind = zones::Edit::Kind;
  std::vector<zones::PseudoRecord> then;
  if (since->pseudo && *since->pseudo) then = **since->pseudo;
  if (since->pseudo) remove_other_pseudo(draft, then);
  for (const zones::OwnedRecord& r : since->delta.added) {
    if (!follows_settings(r)) draft.apply(zones::Edit(Kind::remove_record, r));
  }
  for (const zones::PseudoRecord& p : then) draft.apply(zones::Edit(Kind::add_pseudo, p));
  for (const zones::OwnedRecord& r : since->delta.removed) {
    if (!follows_settings(r)) draft.apply(zones::Edit(Kind::add, r));
  }
  draft.apply(zones::Edit(Kind::add, since->soa));
  return std::nullopt;
}

// The history as it was when the zone had `serial`; null if the history does not contain that serial, or was empty
// then.
zones::HistoryRef history_until(const zones::HistoryRef& history, uint32_t serial) {
  std::vector<zones::StepRef> steps;
  for (const zones::StepRef& step : history->steps()) {
    steps.push_back(step);
    if (step->to() == serial) return zones::HistoryRef(new zones::History(std::move(steps)));
  }
  return nullptr;
}

bool same_soa(const zones::OwnedRecord& a, zones::OwnedRecord b) {
  zones::set_soa_serial(b, zones::soa_serial(a));
  return zones::same_record(a.view(), b.view()) && a.ttl == b.ttl;
}

}  // namespace

// ---- content ----

// Refuses a new zone below a zone outside the principal's scope, because it would take names away from that zone.
std::optional<Failure> ZoneOperations::refuse_new(const Principal& who, const Name& apex) const {
  if (who.scope.is_all()) return std::nullopt;
  const zones::NameView name = apex;
  for (unsigned up = 1; up <= name.label_count(); ++up) {
    const Name above(name.parent(up));
    if (who.scope.contains(above) || !context_.find(above)) continue;
    return Failure{FailureCode::forbidden, "zone " + apex.to_text() + " would stand below zone " + above.to_text() +
                                               ", which is not among those of " + who.name};
  }
  return std::nullopt;
}

void ZoneOperations::import(const Principal& who, ImportZone request, Done<ZoneImported> done) {
  const std::string file = request.source.parts.empty() ? "" : request.source.parts.front().file;
  const Act act = zone_act(who, "zone.import", request.apex, {.kind = "file", .detail = file});
  if (auto failure = context_.refuse(who, Role::editor, request.apex, act)) return done(std::move(*failure));
  if (!context_.find(request.apex)) {
    if (auto failure = refuse_new(who, request.apex)) {
      context_.record_failure(act, failure->reason);
      return done(std::move(*failure));
    }
  }
  Importer::Text text{std::move(request.apex), std::move(request.source), request.strict, act.cause, {}};
  const auto difference = std::make_shared<std::optional<ContentDifference>>();  // written by the committer's thread
  if (request.dry_run || request.max_removed || request.must_be_new) {
    text.review = [most = request.max_removed, dry_run = request.dry_run, must_be_new = request.must_be_new,
                   difference](const Committer::Review& review) -> std::optional<Failure> {
      if (must_be_new && review.old != nullptr) {
        return Failure{FailureCode::conflict,
                       "there is a zone " + Name(review.next.apex().name).to_text() + " already"};
      }
      if (most) {
        if (auto failure = review_removed(*most, review)) return failure;
      }
      if (!dry_run) return std::nullopt;
      ContentDifference found{review.old != nullptr ? review.old->serial() : 0, review.delta, {}, {}, {}};
      found.pseudo_after = review.next.pseudo();
      if (review.old == nullptr) {
        for (unsigned i = 0; i < review.next.page_count(); ++i)
          review.next.page(i).for_each_record(
              review.next.apex(), [&](const zones::Record& record) { found.delta.added.emplace_back(record); });
      } else {
        found.pseudo_before = review.old->pseudo();
        const auto before = review.old->soa_record(), after = review.next.soa_record();
        if (!same_soa(before, after)) found.soa.emplace(before, after);
      }
      *difference = std::move(found);
      return Failure{FailureCode::dry_run, "nothing was changed"};
    };
  }
  const auto end = [this, act, difference, dry_run = request.dry_run, must_be_new = request.must_be_new,
                    done = std::move(done)](Outcome<Committer::Imported> outcome) {
    if (const auto* same = std::get_if<Committer::Imported>(&outcome); same != nullptr && must_be_new && !same->changed)
      outcome = Failure{FailureCode::conflict, "there is a zone of that name already"};
    auto* failure = std::get_if<Failure>(&outcome);
    if (failure == nullptr) {
      auto& imported = std::get<Committer::Imported>(outcome);
      std::optional<ContentDifference> none;  // a dry run without a difference comes here
      if (dry_run) none = ContentDifference{imported.serial, {}, {}, {}, {}};
      return done(ZoneImported{std::move(imported), std::move(none)});
    }
    if (failure->code == FailureCode::dry_run && *difference) {
      const auto& d = **difference;
      Committer::Imported imported{};
      imported.serial = d.from;
      imported.removed = d.delta.removed.size();
      imported.added = d.delta.added.size();
      return done(ZoneImported{std::move(imported), d});
    }
    context_.record_failure(act, failure->reason);
    done(std::move(*failure));
  };
  context_.server().importer.import_text(std::move(text), context_.in_loop<Committer::Imported>(end));
}

void ZoneOperations::import_directory(const Principal& who, const ImportDirectory& request,
                                      Done<Importer::Loaded> done) {
  const Act act = Context::act(who, "zone.import-dir", {.kind = "file", .detail = request.directory.string()}, "server",
                               request.directory.string());
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  Importer::DirectoryOptions options{request.only_newer, request.strict, false, act.cause, {}};
  if (request.max_removed) {
    options.review = [most = *request.max_removed](const Committer::Review& review) {
      return review_removed(most, review);
    };
  }
  context_.server().importer.import_directory(request.directory, std::move(options),
                                              context_.recorded<Importer::Loaded>(act, std::move(done)));
}

void ZoneOperations::remove(const Principal& who, const Name& apex, bool although_enabled,
                            Done<Committer::Removed> done) {
  const Act act = zone_act(who, "zone.remove", apex, {.kind = "removal"});
  if (auto failure = context_.refuse(who, Role::editor, apex, act)) return done(std::move(*failure));
  const VersionRef version = context_.find(apex);
  if (version && !although_enabled && version->attributes().enabled_secondaries() != nullptr) {
    return done(Failure{FailureCode::unconfirmed,
                        "zone " + apex.to_text() +
                            " has secondary DNS: its secondaries will serve it until it expires there, and its "
                            "delegation stays; say --yes to remove it all the same"});
  }
  context_.server().committer.remove_zone(apex, act.cause, context_.recorded<Committer::Removed>(act, std::move(done)));
}

void ZoneOperations::change(const Principal& who, ChangeRRsets request, Done<Committer::Changed> done) {
  const Name apex = request.apex;
  const Act act = zone_act(who, "zone.change", apex, {.kind = "change"});
  if (auto failure = context_.refuse_editing(who, apex, &act)) return done(std::move(*failure));
  if (auto failure = refuse_changes(who, request)) {
    context_.record_failure(act, failure->reason);
    return done(std::move(*failure));
  }
  const auto compose = [shared = std::make_shared<const ChangeRRsets>(std::move(request))](zones::Draft& draft) {
    return make_changes(*shared, draft);
  };
  context_.server().committer.change_zone(apex, act.cause, compose,
                                          context_.recorded<Committer::Changed>(act, std::move(done)));
}

void ZoneOperations::edit(const Principal& who, const EditRecords& request, Done<Committer::Changed> done) {
  const Act act = zone_act(who, "zone.edit", request.apex, {.kind = "change"});
  if (auto failure = context_.refuse_editing(who, request.apex, &act)) return done(std::move(*failure));
  const auto warnings = std::make_shared<zones::Warnings>();  // written by the committer's thread
  const auto compose = [who, request, warnings](zones::Draft& draft) {
    *warnings = {};
    return apply_changes(who, request, draft, *warnings);
  };
  const auto with_warnings = [warnings, done = std::move(done)](Outcome<Committer::Changed> outcome) {
    if (auto* changed = std::get_if<Committer::Changed>(&outcome)) changed->warnings.add(*warnings);
    done(std::move(outcome));
  };
  context_.server().committer.change_zone(request.apex, act.cause, compose,
                                          context_.recorded<Committer::Changed>(act, with_warnings));
}

Outcome<EditPreview> ZoneOperations::preview_edit(const Principal& who, const EditRecords& request) const {
  if (auto failure = context_.refuse_editing(who, request.apex)) return std::move(*failure);
  VersionRef version = context_.find(request.apex);
  if (!version) return no_such_zone(request.apex);
  zones::Draft draft(std::move(version));
  EditPreview preview{};
  if (auto failure = apply_changes(who, request, draft, preview.warnings)) return std::move(*failure);
  auto outcome = difference_of(draft);
  if (auto* failure = std::get_if<Failure>(&outcome)) return std::move(*failure);
  preview.difference = std::move(std::get<ContentDifference>(outcome));
  return preview;
}

// ---- looking ----

Outcome<ZoneOperations::Records> ZoneOperations::records(const Principal& who, const Name& apex,
                                                         const WantRecords& wanted) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return std::move(*failure);
  const auto& version = std::get<VersionRef>(found);
  return Records{version, read_records(*version, wanted)};
}

ZoneList::ZoneList(const Context& context, const Principal& who, const ListZones& request)
    : context_(context),
      scope_(who.scope),
      prefix_(ApexIndex::folded(request.prefix)),
      within_(ApexIndex::folded(request.within)),
      with_secondaries_(request.with_secondaries),
      left_(request.limit) {
  if (request.after) after_ = ApexIndex::text_of(*request.after);
  ended_ = left_ && *left_ == 0;
}

std::vector<VersionRef> ZoneList::next() {
  constexpr size_t kAtOnce = 512;
  std::vector<VersionRef> versions;
  const Server& server = context_.server();
  server.apexes.build(server.zones, context_.reader());
  while (versions.empty() && !ended_) {
    const ApexIndex::Page page = server.apexes.page(prefix_, within_, after_, kAtOnce);
    const dataplane::ReadSection section(context_.reader());
    for (const std::string& text : page.names) {
      const auto apex = Name::from_text(text);
      const zones::Zone* zone = server.zones.find(zones::NameHash::process().of(*apex), *apex);
      if (zone == nullptr || !scope_.contains(*apex)) continue;
      if (with_secondaries_ && zone->current()->attributes().enabled_secondaries() == nullptr) continue;
      if (left_ && *left_ == 0) {
        ended_ = is_cut_ = true;
        return versions;
      }
      versions.emplace_back(zone->current());
      if (left_) --*left_;
    }
    if (!page.more) ended_ = true;
    if (page.last) after_ = page.last;
  }
  return versions;
}

void ZoneOperations::show(const Principal& who, const Name& apex, Done<ShownZone> done) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return done(std::move(*failure));
  const auto& version = std::get<VersionRef>(found);
  if (!version->pseudo()) return done(ShownZone{version, Json::array()});
  context_.server().aliases.run([this, version, done = std::move(done)](const Aliases& aliases) {
    boost::asio::post(context_.loop(), [version, done, lines = aliases.report(*version)] {
      done(ShownZone{version, lines});
    });
  });
}

Outcome<ContentDifference> ZoneOperations::compare(const Principal& who, const CompareVersions& request) const {
  auto found = context_.look_up(who, request.apex);
  if (auto* failure = std::get_if<Failure>(&found)) return std::move(*failure);
  const auto& version = *std::get<VersionRef>(found);
  const uint32_t to = request.to.value_or(version.serial());
  ContentDifference result{request.from, {}, {}, version.pseudo(), version.pseudo()};
  if (request.from == to) return result;
  zones::HistoryRef history = version.history();
  zones::OwnedRecord soa = version.soa_record();
  if (to != version.serial()) {
    const auto later = history ? history->since(to) : std::nullopt;
    if (!later) return not_in_history(request.apex, to);
    soa = later->soa;
    if (later->pseudo) result.pseudo_after = *later->pseudo;
    history = history_until(history, to);
  }
  const auto since = history ? history->since(request.from) : std::nullopt;
  if (!since) return not_in_history(request.apex, request.from);
  result.delta = since->delta;
  result.pseudo_before = since->pseudo ? *since->pseudo : result.pseudo_after;
  if (!same_soa(since->soa, soa)) result.soa.emplace(since->soa, soa);
  return result;
}

// ---- versions and settings ----

void ZoneOperations::roll_back(const Principal& who, const Name& apex, uint32_t serial, Done<Committer::Changed> done) {
  const Act act =
      zone_act(who, "zone.rollback", apex, {.kind = "rollback", .detail = "to serial " + std::to_string(serial)});
  if (auto failure = context_.refuse(who, Role::editor, apex, act)) return done(std::move(*failure));
  context_.server().committer.change_zone(
      apex, act.cause, [serial](zones::Draft& draft) { return roll_back_to(serial, draft); },
      context_.recorded<Committer::Changed>(act, std::move(done)));
}

Outcome<ContentDifference> ZoneOperations::preview_rollback(const Principal& who, const Name& apex,
                                                            uint32_t serial) const {
  auto found = context_.look_up(who, apex);
  if (auto* failure = std::get_if<Failure>(&found)) return std::move(*failure);
  zones::Draft draft(std::move(std::get<VersionRef>(found)));
  if (auto failure = roll_back_to(serial, draft)) return std::move(*failure);
  auto outcome = difference_of(draft);
  if (auto* difference = std::get_if<ContentDifference>(&outcome)) {
    // An SOA that differs only in its serial is no difference: the rollback gets a new serial.
    if (difference->soa && same_soa(difference->soa->first, difference->soa->second)) difference->soa.reset();
  }
  return outcome;
}

void ZoneOperations::configure(const Principal& who, const Name& apex, zones::SerialPolicy policy,
                               Done<Committer::Configured> done) {
  const Act act = zone_act(who, "zone.config", apex, {.kind = "settings"});
  if (auto failure = context_.refuse(who, Role::editor, apex, act)) return done(std::move(*failure));
  context_.server().committer.set_serial_policy(apex, act.cause, policy,
                                                context_.recorded<Committer::Configured>(act, std::move(done)));
}

// ---- transactions ----

Outcome<VersionRef> ZoneOperations::begin(const Principal& who, const Name& apex) {
  if (auto failure = context_.refuse_editing(who, apex)) return std::move(*failure);
  VersionRef version = context_.find(apex);
  if (!version) return no_such_zone(apex);
  if (auto failure = transactions_.begin(version)) return std::move(*failure);
  return version;
}

Outcome<Transactions::Transaction*> ZoneOperations::open(const Principal& who, const Name& apex) {
  if (auto failure = context_.refuse_editing(who, apex)) return std::move(*failure);
  return transactions_.open(apex);
}

Outcome<ZoneOperations::EditBegun> ZoneOperations::begin_edit(const Principal& who, const Name& apex,
                                                              const std::vector<std::string>& words) {
  auto opened = open(who, apex);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  auto record = read_words(words);
  if (auto* failure = std::get_if<Failure>(&record)) return std::move(*failure);
  auto& [line, remarks] = std::get<RecordLine>(record);
  EditBegun begun{*std::get<Transactions::Transaction*>(opened), std::move(line), {0, "", true, {}}};
  for (const std::string& remark : remarks) begun.edited.warnings.add(0, remark);
  return begun;
}

Outcome<RecordEdited> ZoneOperations::set(const Principal& who, const Name& apex,
                                          const std::vector<std::string>& words) {
  auto begun = begin_edit(who, apex, words);
  if (auto* failure = std::get_if<Failure>(&begun)) return std::move(*failure);
  auto& [transaction, line, edited] = std::get<EditBegun>(begun);
  const auto read = zones::parse_addition(line, apex, default_ttl_of(transaction.draft), &edited.warnings);
  if (const auto* reason = std::get_if<std::string>(&read)) return Failure{FailureCode::bad_zone, *reason};
  const auto& edit = std::get<zones::Edit>(read);
  if (auto failure = Context::refuse_edit(who, edit)) return std::move(*failure);
  edited.changed = transaction.draft.would_change(edit);
  warn_of_ttl(transaction.draft, edit, edited.warnings);
  if (auto failure = Transactions::apply(transaction, edit)) return std::move(*failure);
  edited.edits = transaction.edits->size();
  edited.record = edit_text(edit);
  return std::move(edited);
}

Outcome<RecordEdited> ZoneOperations::unset(const Principal& who, const Name& apex,
                                            const std::vector<std::string>& words) {
  auto begun = begin_edit(who, apex, words);
  if (auto* failure = std::get_if<Failure>(&begun)) return std::move(*failure);
  auto& [transaction, line, edited] = std::get<EditBegun>(begun);
  const auto read = zones::parse_removal(line, apex);
  if (const auto* reason = std::get_if<std::string>(&read)) return Failure{FailureCode::bad_zone, *reason};
  const auto& edit = std::get<zones::Edit>(read);
  if (auto failure = Context::refuse_edit(who, edit)) return std::move(*failure);
  if (!transaction.draft.would_change(edit)) {
    return Failure{FailureCode::failed, "there is nothing to remove: zone " + apex.to_text() +
                                            ", as the transaction has it, holds no such record (" + line + ")"};
  }
  if (auto failure = Transactions::apply(transaction, edit)) return std::move(*failure);
  edited.edits = transaction.edits->size();
  return std::move(edited);
}

Outcome<ContentDifference> ZoneOperations::difference(const Principal& who, const Name& apex) {
  auto opened = open(who, apex);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  return difference_of(std::get<Transactions::Transaction*>(opened)->draft);
}

void ZoneOperations::commit(const Principal& who, const Name& apex, Done<Committer::Changed> done) {
  const Act act = zone_act(who, "zone.commit", apex, {.kind = "transaction"});
  if (auto failure = context_.refuse_editing(who, apex, &act)) return done(std::move(*failure));
  auto opened = transactions_.open(apex);
  if (auto* failure = std::get_if<Failure>(&opened)) return done(std::move(*failure));
  Transactions::Transaction& transaction = *std::get<Transactions::Transaction*>(opened);
  if (auto failure = refuse_edits(who, *transaction.edits)) {  // another principal may have made them
    context_.record_failure(act, failure->reason);
    return done(std::move(*failure));
  }
  transaction.committing = true;
  const Done<Committer::Changed> end = [this, apex, done = std::move(done)](Outcome<Committer::Changed> outcome) {
    if (std::holds_alternative<Failure>(outcome)) {
      transactions_.reopen(apex);
    } else {
      transactions_.end(apex);
    }
    done(std::move(outcome));
  };
  context_.server().committer.change_zone(apex, act.cause, replay(transaction.edits),
                                          context_.recorded<Committer::Changed>(act, end));
}

Outcome<size_t> ZoneOperations::abort(const Principal& who, const Name& apex) {
  auto opened = open(who, apex);
  if (auto* failure = std::get_if<Failure>(&opened)) return std::move(*failure);
  const size_t edits = std::get<Transactions::Transaction*>(opened)->edits->size();
  transactions_.end(apex);
  return edits;
}

Outcome<std::vector<OpenTransaction>> ZoneOperations::transactions(const Principal& who,
                                                                   const std::optional<Name>& only) {
  if (only) {
    auto found = context_.look_up(who, *only);
    if (auto* failure = std::get_if<Failure>(&found)) return std::move(*failure);
  }
  std::vector<OpenTransaction> open;
  transactions_.for_each([&](const Name& apex, const Transactions::Transaction& transaction) {
    if ((only && !(*only == apex)) || !who.scope.contains(apex)) return;
    using std::chrono::duration_cast, std::chrono::seconds;
    const auto now = Transactions::Clock::now();
    open.push_back({apex, transaction.draft.base()->serial(), transaction.edits->size(),
                    duration_cast<seconds>(now - transaction.begun), duration_cast<seconds>(now - transaction.touched),
                    transaction.committing});
  });
  return open;
}

}  // namespace axfrd::control
