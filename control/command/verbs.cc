#include "control/command/verbs.h"

#include <algorithm>
#include <array>

namespace axfrd::control {

namespace {

using Source = Parameter::Source;

constexpr std::array kZone{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
};
constexpr std::array kImport{
    Parameter{"zone", Source::option, true, "NAME",
              "name of the zone (default: that of NAME.zone, db.NAME or NAME.db)"},
    Parameter{"parts", Source::files, false, "FILE", "zone file; - is standard input"},
    Parameter{"text", Source::client, false, "", "instead of \"parts\": a zone file without $INCLUDE and $GENERATE"},
    Parameter{"file", Source::client, false, "", "where the text is from, for messages"},
    Parameter{"strict", Source::flag, false, "", "take warnings for errors: import nothing when there is one"},
    Parameter{"dry-run", Source::flag, false, "", "import nothing; show what would be removed and added"},
    Parameter{"max-removed", Source::option, false, "PERCENT", "refuse to remove more of a zone's records than that"},
};
constexpr std::array kImportDirectory{
    Parameter{"directory", Source::path, true, "DIR", "directory of NAME.zone, db.NAME or NAME.db, on axfrd's host"},
    Parameter{"only-newer", Source::flag, false, "", "leave zones alone whose serial is not older than the file's"},
    Parameter{"strict", Source::flag, false, "", "take warnings for errors: skip a file when there is one"},
    Parameter{"max-removed", Source::option, false, "PERCENT",
              "skip a file that would remove more of a zone's records"},
};
constexpr std::array kList{
    Parameter{"prefix", Source::option, false, "TEXT", "only zones whose names begin with that"},
    Parameter{"search", Source::option, false, "TEXT", "only zones whose names have that text in them"},
    Parameter{"after", Source::option, false, "NAME", "only zones whose names come after this one"},
    Parameter{"limit", Source::option, false, "N", "no more than so many"},
};
constexpr std::array kRecords{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"search", Source::option, false, "TEXT", "only RRsets with that text in owner, type or data"},
    Parameter{"name", Source::option, false, "OWNER", "only those of this owner"},
    Parameter{"type", Source::option, false, "TYPE", "only those of this type"},
    Parameter{"after", Source::option, false, "OWNER", "only those of owners that come after this one"},
    Parameter{"limit", Source::option, false, "N", "no more than about so many (default: 100)"},
};
constexpr std::array kEdit{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"changes", Source::rest, true, "CHANGE...",
              "each one argument, as in a zone file: 'add OWNER [TTL] TYPE DATA' or 'remove OWNER [TYPE [DATA]]'"},
    Parameter{"tag", Source::option, false, "TAG",
              "only if the zone is still the one that zone records showed with this tag"},
    Parameter{"dry-run", Source::flag, false, "", "change nothing; show what would be removed and added"},
};
constexpr std::array kRemoveZone{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"yes", Source::flag, false, "", "do not ask, even if the zone has secondary DNS"},
};
constexpr std::array kDiff{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"from", Source::optional_argument, false, "FROM",
              "in place of the transaction, show what has changed since this serial"},
    Parameter{"to", Source::optional_argument, false, "TO", "and until this one (default: until today)"},
};
constexpr std::array kHistory{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"changes", Source::flag, false, "", "show the records of each step, too"},
};
constexpr std::array kSet{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"record", Source::rest, true, "OWNER [TTL] TYPE DATA",
              "a record; @ is the apex, and each argument of DATA is one field or one string"},
};
constexpr std::array kUnset{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"record", Source::rest, true, "OWNER [TYPE [DATA]]", "one record, an RRset, or all records of a name"},
};
constexpr std::array kOptionalZone{
    Parameter{"zone", Source::optional_argument, false, "NAME",
              "name of the zone (default: all that have a transaction)"},
};
constexpr std::array kCheck{
    Parameter{"zone", Source::name_or_files, false, "NAME|FILE...",
              "a zone as axfrd has it; or zone files, which need no axfrd: an argument with a slash, or that is a file "
              "here, is a file, and one that ends in a dot is a zone; - is standard input"},
    Parameter{"all", Source::flag, false, "", "look at all zones of axfrd"},
    Parameter{"origin", Source::own, false, "NAME",
              "name of the zone of FILE (default: that of NAME.zone, db.NAME or NAME.db)"},
    Parameter{"strict", Source::own_flag, false, "", "of a FILE: take warnings for errors"},
};
constexpr std::array kLedger{
    Parameter{"zone", Source::optional_argument, false, "NAME",
              "name of the zone (default: all that have secondaries)"},
    Parameter{"behind", Source::flag, false, "",
              "only those who have not proven to have the serial; ends with 3 if any"},
    Parameter{"secondary", Source::option, false, "ADDRESS[@PORT]", "only this secondary"},
    Parameter{"state", Source::option, false, "TEXT", "only those whose state has this text in it"},
    Parameter{"summary", Source::flag, false, "", "a line for each secondary: zones, how many behind, last seen"},
};
constexpr std::array kShowSecondary{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"format", Source::option, false, "SOFTWARE",
              "only the configuration of a secondary that runs bind, knot, nsd or powerdns"},
    Parameter{"secondary", Source::option, false, "ADDRESS[@PORT]", "for this secondary, if not all have the same key"},
};
constexpr std::array kNotifyVerb{
    Parameter{"zone", Source::optional_argument, false, "NAME", "name of the zone"},
    Parameter{"secondary", Source::option, false, "ADDRESS[@PORT]", "this host, of all zones that it has from us"},
};
constexpr std::array kRollback{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"serial", Source::argument, true, "SERIAL", "serial of a version that zone history shows"},
    Parameter{"dry-run", Source::flag, false, "", "change nothing; show what would be removed and added"},
};
constexpr std::array kConfig{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"serial", Source::option, false, "POLICY",
              "how new serials come to be: unixtime, increment, or keep (whoever changes the zone states them)"},
};

constexpr const char* kAlgorithms = "hmac-sha1, -sha224, -sha256 (default), -sha384 or -sha512";
constexpr std::array kKey{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
};
constexpr std::array kKeyRemove{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
    Parameter{"force", Source::flag, false, "", "remove it although zones or providers use it"},
};
constexpr std::array kKeyAdd{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
    Parameter{"secret", Source::secret, true, "SECRET", "in base64; - reads it from standard input"},
    Parameter{"algorithm", Source::option, false, "ALGORITHM", kAlgorithms},
    Parameter{"allow-md5", Source::flag, false, "", "let the algorithm be hmac-md5, which is broken"},
};
constexpr std::array kKeyGenerate{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
    Parameter{"algorithm", Source::option, false, "ALGORITHM", kAlgorithms},
};
constexpr std::array kKeyGrant{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
    Parameter{"zone", Source::argument, true, "ZONE", "zone whose records it may change; \"*\": of every zone"},
    Parameter{"names", Source::option, false, "NAME",
              "only those of this name; *.NAME: those below it; LABEL.*: those that begin with it"},
    Parameter{"types", Source::option, false, "TYPES", "only those of these types, as in A,AAAA,TXT"},
};
constexpr std::array kKeyRevoke{
    Parameter{"key", Source::argument, true, "KEY", "name of the key"},
    Parameter{"zone", Source::argument, true, "ZONE", "zone of the grants, as they were made"},
};

constexpr std::array kTokenAdd{
    Parameter{"token", Source::argument, true, "TOKEN", "what you call the token"},
    Parameter{"role", Source::option, true, "ROLE", "reader, editor, secondary-manager or admin"},
    Parameter{"zones", Source::list, false, "PATTERN", "only these zones: NAME, or *.NAME for those below it"},
    Parameter{"names", Source::list, false, "NAME",
              "change records of these names alone: NAME, *.NAME for those below it, or LABEL.* for those that begin "
              "with it, as in _acme-challenge.*"},
    Parameter{"types", Source::option, false, "TYPES", "change records of these types alone, as in A,AAAA,TXT"},
    Parameter{"expires", Source::option, false, "TIME", "a date, as in 2027-01-31, or a time from now, as in 90d"},
};
constexpr std::array kTokenName{
    Parameter{"token", Source::argument, true, "TOKEN", "what you call the token"},
};

constexpr std::array kUserAdd{
    Parameter{"user", Source::argument, true, "USER", "name of the user"},
    Parameter{"role", Source::option, true, "ROLE", "reader, editor, secondary-manager or admin"},
    Parameter{"zones", Source::list, false, "PATTERN", "only these zones: NAME, or *.NAME for those below it"},
    Parameter{"password", Source::client, false, "", "instead of a random one"},
};
constexpr std::array kUserPassword{
    Parameter{"user", Source::argument, true, "USER", "name of the user"},
    Parameter{"password", Source::optional_secret, false, "PASSWORD",
              "10 to 256 characters; - reads it from standard input (default: a random one, which is shown)"},
};
constexpr std::array kUserName{
    Parameter{"user", Source::argument, true, "USER", "name of the user"},
};
constexpr std::array kAudit{
    Parameter{"zone", Source::optional_argument, false, "NAME", "only what was done to this zone"},
    Parameter{"before", Source::option, false, "ID", "only records before this one"},
    Parameter{"limit", Source::option, false, "N", "no more than so many (default: 100)"},
};

constexpr std::array kLogLevel{
    Parameter{"level", Source::optional_argument, false, "LEVEL", "error, warning, info or debug, until axfrd ends"},
};
constexpr std::array kBackup{
    Parameter{"directory", Source::path, true, "DIR", "where to; it must be empty, or not be there"},
};
constexpr std::array kStandbyLoad{
    Parameter{"directory", Source::path, true, "DIR", "what axfrctl backup has made, on axfrd's host"},
};
constexpr std::array kCookieAdd{
    Parameter{"secret", Source::secret, true, "SECRET", "32 hexadecimal digits; - reads them from standard input"},
};

constexpr const char* kPeer = "ADDRESS[/LEN][@PORT][=KEY[+KEY]]";
constexpr Parameter kZonesFrom{"zones-from", Source::bulk, false, "FILE",
                               "in place of NAME: for each zone of FILE, a name a line; - is standard input"};
constexpr Parameter kAllZones{"all", Source::bulk_flag, false, "", "in place of NAME: for all zones"};
constexpr std::array kSecondary{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"ns", Source::list, false, "NAME", "NS name of a secondary, to stand in the zone"},
    Parameter{"allow", Source::list, false, kPeer, "who may transfer the zone, and is notified of changes"},
    Parameter{"notify", Source::list, false, kPeer, "who is notified (default: the hosts of --allow)"},
    Parameter{"key", Source::option, false, "KEY", "key of all addresses that state none"},
    Parameter{"provider", Source::list, false, "NAME", "follow this provider: its NS names and addresses"},
    kZonesFrom,
    kAllZones,
};
constexpr std::array kEditSecondary{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"ns", Source::list, false, "NAME", "NS names of all secondaries, in place of those there are",
              Parameter::Empty::allowed},
    Parameter{"allow", Source::list, false, kPeer, "all who may transfer the zone, in place of those there are",
              Parameter::Empty::allowed},
    Parameter{"notify", Source::list, false, kPeer, "who is notified (default: the hosts of --allow)",
              Parameter::Empty::allowed},
    Parameter{"key", Source::option, false, "KEY", "key of all stated addresses that state none"},
    Parameter{"provider", Source::list, false, "NAME", "follow this provider: its NS names and addresses",
              Parameter::Empty::allowed},
    Parameter{"add-ns", Source::list, false, "NAME", "one more NS name"},
    Parameter{"remove-ns", Source::list, false, "NAME", "an NS name less"},
    Parameter{"add-allow", Source::list, false, kPeer, "one more who may transfer the zone, and is notified"},
    Parameter{"remove-allow", Source::list, false, "ADDRESS[/LEN][@PORT]", "one less"},
    kZonesFrom,
    kAllZones,
};
constexpr std::array kDisableSecondary{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"when-undelegated", Source::flag, false, "",
              "take the NS names out now, and let the secondaries transfer until the parent zone and caches have "
              "dropped them"},
    Parameter{"yes", Source::flag, false, "", "do not ask; --all wants it"},
    kZonesFrom,
    kAllZones,
};
constexpr std::array kProvider{
    Parameter{"provider", Source::argument, true, "NAME", "name of the provider"},
    Parameter{"ns", Source::list, false, "NAME", "NS name of a secondary"},
    Parameter{"allow", Source::list, false, kPeer, "who may transfer zones, and is notified of changes"},
    Parameter{"notify", Source::list, false, kPeer, "who is notified (default: the hosts of --allow)"},
    Parameter{"key", Source::option, false, "KEY", "key of all addresses that state none"},
    Parameter{"dry-run", Source::flag, false, "", "only say how many zones would follow"},
};
constexpr std::array kProviderName{
    Parameter{"provider", Source::argument, true, "NAME", "name of the provider"},
};
constexpr std::array kCommit{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"wait", Source::option, false, "SECONDS", "return when all secondaries are proven to have it"},
};
constexpr std::array kExplain{
    Parameter{"zone", Source::argument, true, "NAME", "name of the zone"},
    Parameter{"address", Source::argument, true, "ADDRESS", "who asks for a transfer"},
    Parameter{"key", Source::optional_argument, false, "KEY", "with which the request is signed"},
};

constexpr std::array kVerbs{
    Verb{"status", "show what the server is doing", {}, Shown::status, Needs::reader, Verb::kLooks},
    Verb{"stats", "show the counters of all that is received and sent", {}, Shown::stats, Needs::reader, Verb::kLooks},
    Verb{"config",
         "show the options that axfrd runs with, and who gave them",
         {},
         Shown::options,
         Needs::admin,
         Verb::kLooks},
    Verb{"audit", "show who changed what, the newest first", kAudit, Shown::audit, Needs::reader, Verb::kLooks},
    Verb{"log-level", "show how much is logged, or change it while axfrd runs", kLogLevel, Shown::log_level,
         Needs::admin},
    Verb{"backup", "copy the store while axfrd runs", kBackup, Shown::backup, Needs::admin},
    Verb{"standby.load", "let a standby serve what a backup holds", kStandbyLoad, Shown::backup_loaded, Needs::admin},
    Verb{"promote", "make a standby the primary", {}, Shown::promoted, Needs::admin},
    Verb{"http.reload", "read the certificate of the HTTP server anew", {}, Shown::reloaded, Needs::admin},
    Verb{"stop", "stop the server", {}, Shown::stopping, Needs::admin},
    Verb{"zone.import", "add zones, or replace them, from zone files", kImport, Shown::imported, Needs::editor},
    Verb{"zone.list", "list all zones", kList, Shown::zone_list, Needs::reader, Verb::kLooks},
    Verb{"zone.show", "show one zone: serial, size, memory", kZone, Shown::zone, Needs::reader, Verb::kLooks,
         Reach::zone},
    Verb{"zone.check", "say what secondaries refuse in a zone or a file", kCheck, Shown::findings, Needs::reader,
         Verb::kLooks},
    Verb{"zone.export", "print one zone as a zone file", kZone, Shown::exported, Needs::reader, Verb::kLooks,
         Reach::zone},
    Verb{"zone.records", "show the records of one zone, a part at a time", kRecords, Shown::records, Needs::reader,
         Verb::kLooks, Reach::zone},
    Verb{"zone.edit", "change records at once, without a transaction", kEdit, Shown::changed, Needs::editor,
         Verb::kChanges, Reach::zone},
    Verb{"zone.remove", "remove one zone", kRemoveZone, Shown::removed_zone, Needs::editor, Verb::kChanges,
         Reach::zone},
    Verb{"zone.import-dir", "import all zone files of a directory", kImportDirectory, Shown::imported_directory,
         Needs::admin},
    Verb{"zone.begin", "begin a transaction", kZone, Shown::begun, Needs::editor, Verb::kChanges, Reach::zone},
    Verb{"zone.set", "in the transaction, add a record", kSet, Shown::edits, Needs::editor, Verb::kChanges,
         Reach::zone},
    Verb{"zone.unset", "in the transaction, remove a record, an RRset or a name", kUnset, Shown::edits, Needs::editor,
         Verb::kChanges, Reach::zone},
    Verb{"zone.diff", "show what the transaction would change, or what did", kDiff, Shown::difference, Needs::reader,
         Verb::kLooks, Reach::zone},
    Verb{"zone.commit", "make the transaction's changes, all at once", kCommit, Shown::changed, Needs::editor,
         Verb::kChanges, Reach::zone},
    Verb{"zone.abort", "forget the transaction", kZone, Shown::aborted, Needs::editor, Verb::kChanges, Reach::zone},
    Verb{"zone.status", "show open transactions", kOptionalZone, Shown::transactions, Needs::reader, Verb::kLooks},
    Verb{"zone.history", "show the changes that secondaries can get as IXFR", kHistory, Shown::history, Needs::reader,
         Verb::kLooks, Reach::zone},
    Verb{"zone.rollback", "bring back earlier content, under a new serial", kRollback, Shown::changed, Needs::editor,
         Verb::kChanges, Reach::zone},
    Verb{"zone.config", "show a zone's settings, or change them", kConfig, Shown::config, Needs::reader, Verb::kChanges,
         Reach::zone},
    Verb{"secondary.enable", "let others serve a zone as secondaries", kSecondary, Shown::secondaries_set,
         Needs::secondary_manager, Verb::kChanges, Reach::zone},
    Verb{"secondary.edit", "change what is stated of a zone's secondaries", kEditSecondary, Shown::secondaries_set,
         Needs::secondary_manager, Verb::kChanges, Reach::zone},
    Verb{"secondary.disable", "undo what enable did", kDisableSecondary, Shown::secondaries_set,
         Needs::secondary_manager, Verb::kChanges, Reach::zone},
    Verb{"secondary.show", "show a zone's secondaries, and what they must know of us", kShowSecondary,
         Shown::secondaries, Needs::reader, Verb::kLooks, Reach::zone},
    Verb{"secondary.list",
         "list the zones that have secondaries",
         {},
         Shown::secondary_list,
         Needs::reader,
         Verb::kLooks},
    Verb{"secondary.status", "show who has which serial, and NOTIFY and transfers", kLedger, Shown::ledger,
         Needs::reader, Verb::kLooks},
    Verb{"secondary.check", "ask parent and secondaries, and say what to fix", kZone, Shown::checked, Needs::reader,
         Verb::kLooks},
    Verb{"provider.set", "name the secondaries of a provider", kProvider, Shown::provider_set,
         Needs::secondary_manager},
    Verb{"provider.list", "list all providers", {}, Shown::providers, Needs::reader, Verb::kLooks},
    Verb{"provider.remove", "forget a provider that no zone follows", kProviderName, Shown::removed_provider,
         Needs::secondary_manager},
    Verb{"notify", "notify a zone's secondaries now, or one of all its zones", kNotifyVerb, Shown::notified,
         Needs::editor},
    Verb{"explain", "say whether a peer may transfer a zone, and why", kExplain, Shown::explained, Needs::reader,
         Verb::kLooks},
    Verb{"key.add", "add a TSIG key", kKeyAdd, Shown::key, Needs::admin},
    Verb{"key.generate", "make a TSIG key, and show its secret this once", kKeyGenerate, Shown::key, Needs::admin},
    Verb{"key.list",
         "list all keys: what they may change, when they were used",
         {},
         Shown::keys,
         Needs::admin,
         Verb::kLooks},
    Verb{"key.remove", "remove a key", kKeyRemove, Shown::removed_key, Needs::admin},
    Verb{"key.grant", "let a key change records by DNS UPDATE", kKeyGrant, Shown::key, Needs::admin},
    Verb{"key.revoke", "take a key's grants for a zone back", kKeyRevoke, Shown::key, Needs::admin},
    Verb{"token.add", "make a token of the HTTP API, and show it this once", kTokenAdd, Shown::token, Needs::admin},
    Verb{"token.list",
         "list all tokens: what they may do, when they were used",
         {},
         Shown::tokens,
         Needs::admin,
         Verb::kLooks},
    Verb{"token.remove", "revoke a token", kTokenName, Shown::removed_token, Needs::admin},
    Verb{"user.add", "let a person use the console; show the password", kUserAdd, Shown::user, Needs::admin},
    Verb{"user.list", "list the users of the console", {}, Shown::users, Needs::admin, Verb::kLooks},
    Verb{"user.password", "set a user's password, which ends their sessions", kUserPassword, Shown::user, Needs::admin},
    Verb{"user.remove", "remove a user, which ends their sessions", kUserName, Shown::removed_user, Needs::admin},
    Verb{"cookie.show",
         "show fingerprints of the secrets of DNS Cookies",
         {},
         Shown::cookies,
         Needs::admin,
         Verb::kLooks},
    Verb{"cookie.add", "stage a secret: cookies made with it are accepted", kCookieAdd, Shown::cookies, Needs::admin},
    Verb{"cookie.activate", "make cookies with the staged secret; stage the other", {}, Shown::cookies, Needs::admin},
    Verb{"cookie.drop", "forget the staged secret", {}, Shown::cookies, Needs::admin},
};

// A group goes from its first verb to the next one's.
struct FirstOfGroup {
  const char* title;
  std::string_view method;
};
constexpr std::array kVerbGroups{
    FirstOfGroup{"server", "status"},
    FirstOfGroup{"zones", "zone.import"},
    FirstOfGroup{"transactions", "zone.begin"},
    FirstOfGroup{"versions and settings", "zone.history"},
    FirstOfGroup{"secondary DNS", "secondary.enable"},
    FirstOfGroup{"keys", "key.add"},
    FirstOfGroup{"tokens of the HTTP API", "token.add"},
    FirstOfGroup{"users of the console", "user.add"},
    FirstOfGroup{"DNS Cookies", "cookie.show"},
};

std::string usage_of_parameter(const Parameter& parameter) {
  switch (parameter.source) {
    case Source::argument:
    case Source::secret:
    case Source::path:
    case Source::rest:
      return parameter.written();
    case Source::optional_argument:
    case Source::optional_secret:
    case Source::flag:
    case Source::option:
    case Source::bulk:
    case Source::bulk_flag:
    case Source::name_or_files:
    case Source::own:
    case Source::own_flag:
      return "[" + parameter.written() + "]";
    case Source::files:
      return parameter.written() + "...";
    case Source::list:
      return "[" + parameter.written() + "]...";
    case Source::client:
      break;
  }
  return "";
}

}  // namespace

const char* to_text(Needs needs) {
  switch (needs) {
    case Needs::reader:
      return "reader";
    case Needs::editor:
      return "editor";
    case Needs::secondary_manager:
      return "secondary-manager";
    case Needs::admin:
      break;
  }
  return "admin";
}

std::string Parameter::written() const {
  if (is_flag()) return std::string("--") + name;
  if (is_option()) return std::string("--") + name + " " + placeholder;
  return placeholder;
}

std::string Verb::words() const {
  std::string text = method;
  std::replace(text.begin(), text.end(), '.', ' ');
  return text;
}

std::string Verb::usage() const {
  std::string text = words();
  for (const std::string& part : usages()) text += " " + part;
  return text;
}

std::vector<std::string> Verb::usages() const {
  std::vector<std::string> parts;
  for (const Parameter& parameter : parameters) {
    if (parameter.source != Source::client) parts.push_back(usage_of_parameter(parameter));
  }
  return parts;
}

std::span<const Verb> verbs() { return kVerbs; }

std::vector<VerbGroup> verb_groups() {
  std::vector<VerbGroup> groups;
  const auto place_of = [](std::string_view method) { return static_cast<size_t>(find_verb(method) - kVerbs.data()); };
  for (size_t i = 0; i < kVerbGroups.size(); ++i) {
    const size_t begin = place_of(kVerbGroups[i].method);
    const size_t end = i + 1 < kVerbGroups.size() ? place_of(kVerbGroups[i + 1].method) : kVerbs.size();
    groups.push_back({kVerbGroups[i].title, verbs().subspan(begin, end - begin)});
  }
  return groups;
}

const Verb* find_verb(std::string_view method) {
  const auto verb = std::find_if(kVerbs.begin(), kVerbs.end(), [&](const Verb& v) { return v.method == method; });
  return verb != kVerbs.end() ? &*verb : nullptr;
}

}  // namespace axfrd::control
