#include "control/ctl/print.h"

#include <algorithm>
#include <array>
#include <iomanip>
#include <map>
#include <optional>
#include <ostream>
#include <sstream>

#include "control/command/verbs.h"
#include "control/ctl/reply_reader.h"

namespace axfrd::control {

namespace {

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : value.dump(); }

void print_pairs(std::ostream& out, const std::vector<std::vector<std::string>>& rows) {
  Table{rows, {false, false}}.print(out);
}

// "a.b" → value for each number or word inside `object`, at any depth.
using Flat = std::vector<std::pair<std::string, Json>>;
void flatten(const Json& object, const std::string& prefix, Flat& out) {
  for (const auto& [key, value] : object.items()) {
    if (value.is_object()) {
      flatten(value, prefix + key + " ", out);
    } else if (!value.is_array()) {
      out.emplace_back(prefix + key, value);
    }
  }
}

// Counts of things that never happened say nothing, unless they are the main ones.
bool worth_a_row(const std::string& key, const std::vector<std::string>& cells) {
  const bool nested = key.find(' ') != std::string::npos;
  return !nested ||
         std::any_of(cells.begin(), cells.end(), [](const std::string& cell) { return !cell.empty() && cell != "0"; });
}

// One column for each of `objects`, one row for each key.
void print_columns(std::ostream& out, const std::string& title, const std::vector<Json>& objects) {
  if (objects.empty()) return;
  std::vector<std::string> order;
  std::map<std::string, std::vector<std::string>> rows;
  for (size_t column = 0; column < objects.size(); ++column) {
    Flat flat;
    flatten(objects[column], "", flat);
    for (const auto& [key, value] : flat) {
      auto [row, fresh] = rows.try_emplace(key, objects.size());
      if (fresh) order.push_back(key);
      row->second[column] = text_of(value);
    }
  }
  Table table{{}, std::vector<bool>(objects.size() + 1, true)};
  table.right[0] = false;
  for (const std::string& key : order) {
    if (!worth_a_row(key, rows[key])) continue;
    std::vector<std::string> row{"  " + key};
    row.insert(row.end(), rows[key].begin(), rows[key].end());
    table.rows.push_back(std::move(row));
  }
  out << title << '\n';
  table.print(out);
}

// "1 zone", "2 zones"
std::string counted(const Json& number, const char* what) {
  return number.dump() + " " + what + (number == 1 ? "" : "s");
}

std::string text_of_store(const Json& store) {
  if (store["trouble"].is_null()) return "takes changes";
  return (store["writable"] ? "takes changes, but " : "TAKES NO CHANGES: ") + text_of(store["trouble"]);
}

std::string ago(const Json& time);

std::string text_of_role(const Json& result) {
  std::string role = result.value("role", "primary");
  if (result.contains("next_start"))
    return role + ", but the next start makes it a standby again: take standby out of its configuration";
  if (role != "standby") return role;
  const Json time = result.value("backup_time", Json());
  return role + ", TAKES NO CHANGES before axfrctl promote; serves " +
         (time.is_null() ? "what is not known to be a backup of any time" : "a backup that was made " + ago(time));
}

void print_status(std::ostream& out, const Json&, const Json& result) {
  std::vector<std::vector<std::string>> rows{{"state", text_of(result["state"])},
                                             {"role", text_of_role(result)},
                                             {"version", text_of(result["version"])},
                                             {"process", text_of(result["pid"])},
                                             {"up for", human_duration(result["uptime_seconds"])},
                                             {"zones", text_of(result["zones"])},
                                             {"store", text_of_store(result["store"])},
                                             {"TCP sessions", text_of(result["tcp_sessions"])},
                                             {"transfers", text_of(result["transfers_under_way"]) + " under way"}};
  for (const Json& port : result["ports"]) {
    rows.push_back(
        {"port", text_of(port["device"]) + " (" + text_of(port["driver"]) + ", " + text_of(port["mac"]) + ", link " +
                     (port["link_up"] ? "up" : "down") + (port.value("stalled", false) ? ", stalled" : "") +
                     (port.value("xdp_attached", true) ? "" : ", XDP program off") +
                     (port.contains("tap") ? ", kernel path " + text_of(port["tap"]) : ", queries only") + ")"});
  }
  if (result["ports"].empty()) rows.push_back({"port", "none, DNS is served by kernel sockets"});
  print_pairs(out, rows);
}

void print_hosts(std::ostream& out, const Json& hosts) {
  if (hosts.empty()) return;
  out << "secondaries\n";
  Table table{{{"  HOST", "ZONES", "BEHIND", "AHEAD", "LONGEST", "OLDEST", "NOTIFY PENDING", "SIGN OF LIFE"}},
              {false, true, true, true, true, false, true, false}};
  for (const Json& host : hosts) {
    const bool behind = host["behind"] != 0, alive = host["alive_at"] != 0;
    table.rows.push_back({"  " + text_of(host["host"]), text_of(host["pairs"]), text_of(host["behind"]),
                          text_of(host["ahead"]), behind ? human_duration(host["max_behind_seconds"]) : "-",
                          behind ? text_of(host["oldest_zone"]) : "-", text_of(host["pending"]),
                          alive ? ago(host["alive_at"]) : "none since the start"});
  }
  table.print(out);
}

void print_stats(std::ostream& out, const Json&, const Json& result) {
  print_columns(out, "packet path, by worker", result["workers"]);
  print_columns(out, "ports", result["ports"]);
  if (!result["workers"].empty()) {
    print_columns(out, "kernel path", {result["kernel_path"]});
    print_columns(out, "packet buffers", {result["buffers"]});
  }
  print_columns(out, "UDP by the kernel", {result["udp"]});
  print_columns(out, "TCP", {result["tcp"]});
  print_columns(out, "zones", {result["zones"]});
  print_columns(out, "ALIAS", {result["alias"]});
  if (result.contains("endings")) print_columns(out, "secondary DNS that is ending", {result["endings"]});
  if (result.contains("secondaries")) print_hosts(out, result["secondaries"]);
  if (result.contains("log")) print_columns(out, "log", {result["log"]});
}

void print_options(std::ostream& out, const Json& result) {
  Table table{{{"OPTION", "VALUE", "BY"}}, {false, false, false}};
  for (const Json& option : result["options"]) {
    const Json& values = option["values"];
    const std::string by = option["by"].is_null() ? "default" : text_of(option["by"]);
    if (values.empty()) table.rows.push_back({text_of(option["option"]), "-", by});
    for (const Json& value : values) table.rows.push_back({text_of(option["option"]), text_of(value), by});
  }
  table.print(out);
}

void print_log_level(std::ostream& out, const Json& params, const Json& result) {
  const bool is_asked = !params.contains("level");
  out << (is_asked || result["changed"] ? "" : "already so: ") << "log level " << text_of(result["level"]) << '\n';
}

void print_backup(std::ostream& out, const Json&, const Json& result) {
  out << "copied to " << text_of(result["directory"]) << "\n";
}

void print_fed(std::ostream& out, const Json&, const Json& result) {
  out << (result["changed"] ? "" : "already so: ") << result["zones"] << " zones, " << result["zones_added"]
      << " added, " << result["zones_changed"] << " changed, " << result["zones_removed"] << " removed; the backup "
      << (result["backup_time"].is_null() ? "does not say when it was made" : "was made " + ago(result["backup_time"]))
      << '\n';
}

void print_promoted(std::ostream& out, const Json&, const Json& result) {
  if (!result["changed"]) {
    out << "already so: this axfrd is the primary\n";
    return;
  }
  out << "this axfrd is the primary now: " << result["zones_raised"]
      << " zones have new serials; changes are taken, ALIAS targets looked up and secondaries notified\n";
  for (const Json& zone : result["zones_left"])
    out << text_of(zone["zone"]) << ": left with serial " << zone["serial"] << ", and secondaries may have "
        << zone["highest"] << " or a newer one: " << text_of(zone["reason"]) << '\n';
  const auto more = result.value("zones_left_left_out", size_t{0});
  if (more != 0) out << more << " more zones are left likewise; the log names all\n";
  out << "axfrctl secondary status --summary shows which secondaries have answered; the others are asked when they "
         "do\n";
  out << "take standby out of axfrd's configuration: with it, the next start is a standby again\n";
}

void print_stop(std::ostream& out, const Json&, const Json&) { out << "axfrd is stopping\n"; }

// What was so already, when it was asked for, is no error and no change.
const char* already(const Json& result) { return result.value("changed", true) ? "" : "already so: "; }

void print_diff(std::ostream& out, const Json&, const Json& result) {
  for (const Json& line : result["removed"]) out << "- " << text_of(line) << '\n';
  for (const Json& line : result["added"]) out << "+ " << text_of(line) << '\n';
}

// What `act` would do. Whether there is nothing more to print.
bool print_dry_run(std::ostream& out, const char* act, const Json& params, const Json& result) {
  if (!result.value("dry_run", false)) return false;
  print_diff(out, params, result);
  out << text_of(params["zone"]) << ": nothing was changed; " << act << " would remove " << result["removed"].size()
      << " and add " << result["added"].size() << '\n';
  return true;
}

void print_import(std::ostream& out, const Json& params, const Json& result) {
  if (print_dry_run(out, "an import", params, result)) return;
  out << text_of(params["zone"]) << ": ";
  if (!result["changed"]) {
    out << "unchanged, serial " << result["serial"];
  } else if (result["old_serial"].is_null()) {
    out << "new, serial " << result["serial"];
  } else {
    out << "serial " << result["serial"] << ", was " << result["old_serial"] << ", " << result["removed"]
        << " removed, " << result["added"] << " added";
  }
  out << ", " << counted(result["records"], "record") << '\n';
}

class ZoneListPicture : public ListPicture {
 public:
  explicit ZoneListPicture(std::ostream& out) : out_(out) {}

  const char* member() const override { return "zones"; }
  void add(std::string_view item) override { add(Json::parse(item)); }
  void add(const Json& zone) {
    last_ = text_of(zone["zone"]);
    table_.add(out_, {last_, text_of(zone["serial"]), text_of(zone["records"])});
  }
  void end(const Json& result) override {
    table_.print(out_);
    if (result.value("more", false)) out_ << "there are more; --after " << last_ << " goes on\n";
  }

 private:
  std::ostream& out_;
  Table table_{{{"ZONE", "SERIAL", "RECORDS"}}, {false, true, true}};
  std::string last_;
};

void print_list(std::ostream& out, const Json&, const Json& result) {
  ZoneListPicture picture(out);
  for (const Json& zone : result["zones"]) picture.add(zone);
  picture.end(result);
}

// What says its file and line itself.
void print_file_findings(std::ostream& out, const Json& file) {
  for (const Json& text : file["refused"]) out << "refused: " << text_of(text) << '\n';
  for (const Json& text : file["faults"]) out << "fault: " << text_of(text) << '\n';
  print_warnings(out, file);
  out << text_of(file["file"]) << ": " << text_of(file["zone"]);
  if (file["serial"].is_null()) {
    out << " is refused\n";
  } else {
    out << ", serial " << file["serial"] << ", " << counted(file["records"], "record") << ", " << file["faults"].size()
        << " faults, " << file["warnings"].size() + file["warnings_left_out"].get<size_t>() << " warnings\n";
  }
}

void print_findings(std::ostream& out, const Json&, const Json& result) {
  size_t zones = 0;
  if (result["zones"].size() == 1 && result["zones"][0].contains("file"))
    return print_file_findings(out, result["zones"][0]);
  for (const Json& zone : result["zones"]) {
    zones += zone["refused"].empty() && zone["faults"].empty() ? 0 : 1;
    for (const Json& record : zone["refused"]) out << text_of(zone["zone"]) << ": refused: " << text_of(record) << '\n';
    for (const Json& fault : zone["faults"]) out << text_of(zone["zone"]) << ": " << text_of(fault) << '\n';
  }
  out << counted(result["zones"].size(), "zone") << " looked at, " << zones << " with findings\n";
}

void print_export(std::ostream& out, const Json&, const Json& result) { out << text_of(result["text"]); }

void print_remove(std::ostream& out, const Json& params, const Json& result) {
  out << text_of(params["zone"]) << ": removed, serial was " << result["serial"] << '\n';
}

void print_import_directory(std::ostream& out, const Json&, const Json& result) {
  out << result["files"] << " files: " << result["added"] << " zones added, " << result["changed"] << " changed, "
      << result["unchanged"] << " unchanged, " << result["failed"] << " failed\n";
  constexpr size_t kShown = 10;
  const Json others = result.value("passed_over", Json::array());
  if (others.empty()) return;
  const size_t count = others.size() + result.value("passed_over_left_out", size_t{0});
  out << count << " passed over, whose names are none of NAME.zone, db.NAME and NAME.db: ";
  for (size_t i = 0; i < std::min(kShown, others.size()); ++i) out << (i == 0 ? "" : ", ") << text_of(others[i]);
  if (count > kShown) out << " and " << count - kShown << " more";
  out << '\n';
}

void print_begin(std::ostream& out, const Json&, const Json& result) {
  out << text_of(result["zone"]) << ": transaction begun, serial is " << result["serial"] << '\n';
}

void print_edits(std::ostream& out, const Json& params, const Json& result) {
  if (result.contains("record")) out << already(result) << text_of(result["record"]) << '\n';
  out << text_of(params["zone"]) << ": " << counted(result["edits"], "edit") << " in the transaction\n";
}

std::string joined(const Json& list) {
  std::string text;
  for (const Json& item : list) text += (text.empty() ? "" : ", ") + text_of(item);
  return text.empty() ? "-" : text;
}

std::string duration_of(const Json& seconds) { return seconds.is_null() ? "-" : human_duration(seconds); }

// A target may have hundreds; --json has them all.
std::string first_addresses(const Json& addresses) {
  constexpr size_t kShown = 8;
  if (addresses.size() <= kShown) return joined(addresses);
  const Json first(Json::array_t(addresses.begin(), addresses.begin() + kShown));
  return joined(first) + " +" + std::to_string(addresses.size() - kShown);
}

void print_aliases(std::ostream& out, const Json& lines) {
  Table table{{{"OWNER", "TYPE", "TARGET", "STATE", "AGE", "FAILING", "ADDRESSES"}},
              {false, false, false, false, true, true, false}};
  for (const Json& line : lines) {
    table.rows.push_back({text_of(line["owner"]), text_of(line["type"]), text_of(line["target"]),
                          text_of(line["state"]), duration_of(line["age_seconds"]),
                          duration_of(line["failing_seconds"]), first_addresses(line["addresses"])});
  }
  table.print(out);
  for (const Json& line : lines) {
    if (!line["error"].is_null()) out << text_of(line["owner"]) << ": " << text_of(line["error"]) << '\n';
  }
}

void print_show(std::ostream& out, const Json&, const Json& result) {
  print_pairs(out, {{"zone", text_of(result["zone"])},
                    {"serial", text_of(result["serial"])},
                    {"SOA", text_of(result["soa"])},
                    {"records", text_of(result["records"])},
                    {"names", text_of(result["names"])},
                    {"ALIAS and URL", text_of(result["pseudo_records"])},
                    {"new serials", text_of(result["serial_policy"])},
                    {"IXFR history", text_of(result["history_steps"]) + " steps"},
                    {"pages", text_of(result["pages"])},
                    {"memory", human_size(result["memory"])}});
  if (!result["has_servers"])
    out << "warning: the apex has no NS record; secondaries such as BIND refuse the zone: add its name servers\n";
  if (result["signed"]) out << "The zone comes signed: only changes with all new signatures are taken.\n";
  if (!result["aliases"].empty()) print_aliases(out, result["aliases"]);
}

// One text for each list of addresses: all that may transfer, all that are notified.
std::string addresses_with(const Json& secondaries, const char* property) {
  Json list = Json::array();
  for (const Json& secondary : secondaries) {
    if (secondary[property]) list.push_back(secondary["address"]);
  }
  return joined(list);
}

// "ending: waits for the parent zone to drop ns1.example."
std::string state_of_secondary_dns(const Json& zone) {
  if (!zone["enabled"]) return "disabled";
  if (!zone.contains("ending")) return "enabled";
  return "ending: waits for the parent zone to drop " + joined(zone["ending"]["leaving"]);
}

void print_secondary_settings(std::ostream& out, const Json& zone) {
  std::vector<std::vector<std::string>> rows{{"secondary DNS", state_of_secondary_dns(zone)},
                                             {"serial", text_of(zone["serial"])},
                                             {"NS names", joined(zone["ns"])}};
  const Json providers = zone.value("providers", Json::array());
  if (!providers.empty()) rows.push_back({"providers", joined(providers)});
  if (zone["enabled"]) {
    rows.push_back({"may transfer", addresses_with(zone["secondaries"], "transfers")});
    rows.push_back({"notified", addresses_with(zone["secondaries"], "notified")});
  } else {
    rows.push_back({"remembered", addresses_with(zone["secondaries"], "transfers")});
  }
  print_pairs(out, rows);
}

std::string ago(int64_t time) {
  return human_duration(static_cast<uint64_t>(std::max<int64_t>(unix_time() - time, 0))) + " ago";
}

std::string ago(const Json& time) { return time.is_null() ? "-" : ago(time.get<int64_t>()); }

// How far secondary DNS is whose ending waits for the parent zone: what axfrd has asked for, and what came of it.
void print_ending(std::ostream& out, const Json& ending) {
  if (!ending.contains("state")) return;  // that part of axfrd has not heard of it yet
  const std::string parent = ending["parent"].is_null() ? "" : " " + text_of(ending["parent"]);
  out << "ending, which was asked for " << ago(ending["since"]) << ": ";
  if (ending["state"] == "dropped") {
    const auto left = std::max<int64_t>(ending["ends_at"].get<int64_t>() - std::time(nullptr), 0);
    out << "the parent zone" << parent << " dropped " << joined(ending["leaving"]) << ", as seen "
        << ago(ending["dropped_at"]) << "; caches may have them for " << human_duration(static_cast<uint64_t>(left))
        << " yet\n";
  } else if (!ending["named"].empty()) {
    out << "the parent zone" << parent << " names " << joined(ending["named"]) << '\n';
  } else {
    out << "waits for the parent zone" << parent << " to drop " << joined(ending["leaving"]) << '\n';
  }
  if (!ending["problem"].is_null()) out << "the last question failed: " << text_of(ending["problem"]) << '\n';
  if (!ending["asked_at"].is_null()) out << "the parent zone was asked " << ago(ending["asked_at"]) << '\n';
}

std::string times_text(uint64_t count, int64_t last_at) {
  return count == 1 ? ago(last_at) : std::to_string(count) + " times, last " + ago(last_at);
}

std::string times_of(const Json& trouble) {
  return times_text(trouble["count"].get<uint64_t>(), trouble["last_at"].get<int64_t>());
}

// Why secondaries are not in step, and what anybody may have made up: a line for each thing that is wrong with a host,
// however many zones it is about.
class ToldTroubles {
 public:
  // `sentence` begins with the secondary. `times`: none, or how often it was seen, and when last.
  struct Times {
    uint64_t count;
    int64_t last_at;
  };
  void add(std::string_view zone, const std::string& sentence, std::optional<Times> times) {
    constexpr size_t kMost = 1000;
    auto told = told_.find(sentence);
    if (told == told_.end()) {
      if (told_.size() == kMost) {
        ++left_out_;
        return;
      }
      told = told_.emplace(sentence, Told{std::string(zone)}).first;
    }
    ++told->second.zones;
    told->second.times = times;
  }
  void print(std::ostream& out) const {
    for (const auto& [sentence, told] : told_) {
      out << told.zone << (told.zones == 1 ? "" : " and " + std::to_string(told.zones - 1) + " more zones") << ", "
          << sentence << (told.times ? " (" + times_text(told.times->count, told.times->last_at) + ")" : "") << '\n';
    }
    if (left_out_ != 0) out << "and so on, " << left_out_ << " times; --secondary ADDRESS tells of one host alone\n";
  }

 private:
  struct Told {
    std::string zone;
    size_t zones = 0;
    std::optional<Times> times = {};  // at the last of the zones
  };
  std::map<std::string, Told> told_;  // by the sentence
  size_t left_out_ = 0;
};

void print_strangers(std::ostream& out, const Json& result) {
  const Json strangers = result.value("strangers", Json::array());
  for (const Json& each : strangers)
    out << (each.contains("zone") ? text_of(each["zone"]) + ", " : "") << text_of(each["peer"])
        << (each["listed"] ? " (of a prefix that may transfer): " : " (no secondary): ")
        << (each["unverified"] ? "unverified: " : "") << text_of(each["text"]) << " (" << times_of(each) << ")\n";
}

// The lines of the ledger. There may be very many, so each is read from its text, and no more of it than is shown.
class LedgerPicture : public ListPicture {
 public:
  explicit LedgerPicture(std::ostream& out) : out_(out) {}

  const char* member() const override { return "ledger"; }
  void add(std::string_view item) override {
    Line line;
    for (JsonWalk walk(item); walk.next();) {
      const auto known = std::ranges::find(kMembers, walk.name());
      if (known != kMembers.end()) line[static_cast<size_t>(known - kMembers.begin())] = walk.value();
    }
    table_.add(out_, cells(line));
    add_troubles(line);
  }
  // What is to be said below the lines themselves.
  void end_lines() {
    table_.print(out_);
    troubles_.print(out_);
  }
  void end(const Json& result) override;

 private:
  enum Member : uint8_t {
    zone,
    secondary,
    serial,
    has_serial,
    behind,
    ahead,
    behind_seconds,
    proof,
    proven_at,
    state,
    notified_at,
    notify_result,
    polled_at,
    query_problem,
    transferred_at,
    transfer,
    troubles
  };
  static constexpr std::array<std::string_view, troubles + 1> kMembers{
      "zone",           "secondary",     "serial",         "has_serial", "behind",      "ahead",
      "behind_seconds", "proof",         "proven_at",      "state",      "notified_at", "notify_result",
      "polled_at",      "query_problem", "transferred_at", "transfer",   "troubles"};
  using Line = std::array<std::string_view, kMembers.size()>;  // their values

  // An older axfrd leaves some out.
  static bool is_null(std::string_view value) { return value.empty() || value == "null"; }
  static std::string ago_of(std::string_view time) { return is_null(time) ? "-" : ago(number_of_json(time)); }
  static std::string notify_of(const Line& line) {
    if (is_null(line[notified_at])) return "-";
    const std::string result = text_of_json(line[notify_result]), when = ago_of(line[notified_at]);
    if (result == "sent") return "sent " + when;
    return when + ", " + (result == "NOERROR" ? "answered" : result);
  }
  static std::string member_of(std::string_view object, std::string_view name) {
    for (JsonWalk walk(object); walk.next();) {
      if (walk.name() == name) return text_of_json(walk.value());
    }
    return "-";
  }
  static std::vector<std::string> cells(const Line& line) {
    return {text_of_json(line[zone]),
            text_of_json(line[secondary]),
            text_of_json(line[serial]),
            is_null(line[has_serial]) ? "?" : text_of_json(line[has_serial]),
            line[ahead] != "0"    ? "AHEAD"
            : line[behind] != "0" ? human_duration(static_cast<uint64_t>(number_of_json(line[behind_seconds])))
                                  : "-",
            text_of_json(line[proof]) + ", " + ago_of(line[proven_at]),
            notify_of(line),
            ago_of(line[polled_at]),
            is_null(line[transfer]) ? "-" : member_of(line[transfer], "kind") + ", " + ago_of(line[transferred_at]),
            text_of_json(line[state])};
  }

  void add_troubles(const Line& line) {
    const auto add = [&](const std::string& what, std::optional<ToldTroubles::Times> times) {
      troubles_.add(text_of_json(line[zone]), text_of_json(line[secondary]) + ": " + what, times);
    };
    for (JsonWalk walk(line[troubles].empty() ? "[]" : line[troubles]); walk.next();) {
      const Json trouble = Json::parse(walk.value());
      if (!trouble["over_at"].is_null()) continue;
      add((trouble["unverified"] ? "unverified, it came by UDP and may be forged: " : "") + text_of(trouble["text"]),
          ToldTroubles::Times{trouble["count"], trouble["last_at"]});
    }
    if (!is_null(line[query_problem])) add("it " + text_of_json(line[query_problem]), std::nullopt);
  }

  std::ostream& out_;
  Table table_{
      {{"ZONE", "SECONDARY", "SERIAL", "HAS", "BEHIND", "PROOF", "NOTIFY", "LAST POLL", "LAST TRANSFER", "STATE"}},
      {false, false, true, true, true, false, false, false, false, false}};
  ToldTroubles troubles_;
};

void print_ledger(std::ostream& out, const Json& lines) {
  LedgerPicture picture(out);
  for (const Json& line : lines) picture.add(dump(line));
  picture.end_lines();
}

void print_changed(std::ostream& out, const Json& params, const Json& result) {
  if (print_dry_run(out, params.contains("changes") ? "that" : "a rollback", params, result)) return;
  out << text_of(params["zone"]) << ": ";
  if (!result["changed"]) {
    out << "unchanged, serial " << result["serial"];
  } else {
    out << "serial " << result["serial"] << ", was " << result["old_serial"] << ", " << result["removed"]
        << " removed, " << result["added"] << " added";
  }
  out << ", " << counted(result["records"], "record") << '\n';
  if (result.contains("secondaries")) print_ledger(out, result["secondaries"]);
}

void print_abort(std::ostream& out, const Json& params, const Json& result) {
  out << text_of(params["zone"]) << ": transaction aborted, " << counted(result["edits"], "edit") << " forgotten\n";
}

void print_transactions(std::ostream& out, const Json& params, const Json& result) {
  if (result["transactions"].empty()) {
    out << (params.contains("zone") ? text_of(params["zone"]) + ": " : "") << "no transaction is open\n";
    return;
  }
  Table table{{{"ZONE", "SERIAL", "EDITS", "BEGUN", "TOUCHED"}}, {false, true, true, true, true}};
  for (const Json& open : result["transactions"]) {
    table.rows.push_back({text_of(open["zone"]), text_of(open["serial"]), text_of(open["edits"]),
                          human_duration(open["age_seconds"]) + " ago", human_duration(open["idle_seconds"]) + " ago"});
  }
  table.print(out);
}

void print_history(std::ostream& out, TimeZone zone, const Json& result) {
  Table table{{{"FROM", "TO", "WHEN", "REMOVED", "ADDED", "BY"}}, {true, true, false, true, true, false}};
  for (const Json& step : result["steps"]) {
    const Json by = step.value("by", Json());
    table.rows.push_back({text_of(step["from"]), text_of(step["to"]), time_text(step["time"].get<int64_t>(), zone),
                          text_of(step["removed"]), text_of(step["added"]), by.is_null() ? "-" : text_of(by)});
  }
  table.print(out);
  for (const Json& step : result["steps"]) {
    if (!step.contains("changes")) continue;
    out << "\nserial " << step["from"] << " to " << step["to"] << '\n';
    print_diff(out, Json(), step["changes"]);
  }
}

void print_config(std::ostream& out, const Json& params, const Json& result) {
  out << already(result) << text_of(params["zone"]) << ": new serials by " << text_of(result["serial"]) << '\n';
}

std::string grants_of(const Json& key) {
  std::string text;
  for (const Json& grant : key["grants"]) {
    const std::string types = text_of(grant["types"]);
    text += (text.empty() ? "" : "; ") + text_of(grant["names"]) + " in " + text_of(grant["zone"]) +
            (types.empty() ? "" : " (" + types + ")");
  }
  return text.empty() ? "-" : text;
}

void print_keys(std::ostream& out, TimeZone zone, const Json& result) {
  Table table{{{"KEY", "ALGORITHM", "LAST USED", "MAY CHANGE"}}, {false, false, false, false}};
  for (const Json& key : result["keys"]) {
    const Json& used = key["last_used"];
    table.rows.push_back({text_of(key["key"]), text_of(key["algorithm"]),
                          used.is_null() ? "not since the start" : time_text(used.get<int64_t>(), zone),
                          grants_of(key)});
  }
  table.print(out);
}

void print_key(std::ostream& out, const Json&, const Json& result) {
  const Json& key = result["key"];
  out << already(result) << text_of(key["key"]) << ": " << text_of(key["algorithm"]) << ", may change "
      << grants_of(key) << '\n';
  if (result.contains("secret")) out << "secret: " << text_of(result["secret"]) << '\n';
}

void print_key_removed(std::ostream& out, const Json& params, const Json&) {
  out << text_of(params["key"]) << ": removed\n";
}

// What a token may change: "all", or names and types.
std::string limits_of(const Json& token) {
  std::string text;
  for (const Json& limit : token["limits"]) {
    const std::string types = text_of(limit["types"]);
    text += (text.empty() ? "" : "; ") + text_of(limit["names"]) + (types.empty() ? "" : " " + types);
  }
  return text.empty() ? "all records" : text;
}

void print_token(std::ostream& out, const Json&, const Json& result) {
  const Json& token = result["token"];
  out << text_of(token["token"]) << ": " << text_of(token["role"]) << " of " << joined(token["zones"]) << ", "
      << limits_of(token) << "\ntoken: " << text_of(result["secret"]) << '\n';
}

void print_tokens(std::ostream& out, TimeZone zone, const Json& result) {
  Table table{{{"TOKEN", "ROLE", "ZONES", "MAY CHANGE", "EXPIRES", "LAST USED"}},
              {false, false, false, false, false, false}};
  for (const Json& token : result["tokens"]) {
    const auto when = [&](const Json& time, const char* otherwise) {
      return time.is_null() ? otherwise : time_text(time.get<int64_t>(), zone);
    };
    table.rows.push_back({text_of(token["token"]), text_of(token["role"]), joined(token["zones"]),
                          token["role"] == "reader" ? "nothing" : limits_of(token), when(token["expires"], "never"),
                          when(token["last_used"], "never")});
  }
  table.print(out);
}

void print_token_removed(std::ostream& out, const Json& params, const Json&) {
  out << text_of(params["token"]) << ": removed\n";
}

void print_user(std::ostream& out, const Json&, const Json& result) {
  const Json& user = result["user"];
  out << text_of(user["user"]) << ": " << text_of(user["role"]) << " of " << joined(user["zones"]) << '\n';
  if (result.contains("password")) out << "password: " << text_of(result["password"]) << '\n';
}

void print_users(std::ostream& out, TimeZone zone, const Json& result) {
  Table table{{{"USER", "ROLE", "ZONES", "ADDED", "PASSWORD SET"}}, {false, false, false, false, false}};
  for (const Json& user : result["users"]) {
    table.rows.push_back({text_of(user["user"]), text_of(user["role"]), joined(user["zones"]),
                          time_text(user["created"].get<int64_t>(), zone),
                          time_text(user["password_set"].get<int64_t>(), zone)});
  }
  table.print(out);
}

void print_user_removed(std::ostream& out, const Json& params, const Json&) {
  out << text_of(params["user"]) << ": removed\n";
}

// "zone example.com. serial 7 to 8"
std::string subject_of(const Json& record) {
  static constexpr std::array kKinds{"zone", "key", "provider", "user", "token", "cookies", "server"};
  std::string text;
  for (const char* kind : kKinds) {
    if (!record.contains(kind)) continue;
    const std::string name = text_of(record[kind]);
    text = kind + (name.empty() ? "" : " " + name);
  }
  if (record.contains("old_serial")) text += " serial " + text_of(record["old_serial"]);
  if (record.contains("serial"))
    text += (record.contains("old_serial") ? " to " : " serial ") + text_of(record["serial"]);
  return text;
}

void print_audit(std::ostream& out, TimeZone zone, const Json& result) {
  Table table{{{"TIME", "WHO", "FROM", "VERB", "WHAT", "OUTCOME"}}, {false, false, false, false, false, false}};
  for (const Json& record : result["records"]) {
    const bool failed = record["outcome"] == "failed";
    const std::string cause =
        record.value("cause", "") + (record.contains("detail") ? " " + text_of(record["detail"]) : "");
    table.rows.push_back({time_text(record["time_ms"].get<int64_t>() / 1000, zone), record.value("who", "axfrd"),
                          record.value("from", "-"), record.value("verb", cause), subject_of(record),
                          failed ? "failed: " + record.value("reason", "") : record.value("what", "done")});
  }
  table.print(out);
  if (result["more"].get<bool>()) {
    out << "there is more: axfrctl audit --before " << result["records"].back()["id"] << '\n';
  }
}

void print_records(std::ostream& out, const Json&, const Json& result) {
  Table table{{{"OWNER", "TTL", "TYPE", "DATA"}}, {false, true, false, false}};
  for (const Json& rrset : result["rrsets"]) {
    const Json secondary = rrset.value("secondary", Json::array());
    for (const Json& data : rrset["records"]) {
      const bool follows = std::find(secondary.begin(), secondary.end(), data) != secondary.end();
      table.rows.push_back({text_of(rrset["name"]), text_of(rrset["ttl"]), text_of(rrset["type"]),
                            text_of(data) + (follows ? "  ; by secondary DNS" : "")});
    }
  }
  table.print(out);
  if (result.contains("next")) {
    out << (result.contains("cut") ? "the search went no further" : "there is more")
        << ": axfrctl zone records ... --after " << text_of(result["next"]) << '\n';
  }
}

void print_cookies(std::ostream& out, const Json&, const Json& result) {
  const Json& staged = result["staged"];
  out << already(result) << "active: " << text_of(result["active"])
      << "\nstaged: " << (staged.is_null() ? "-" : text_of(staged)) << '\n';
}

// The names of one list that are not in the other.
Json without(const Json& list, const Json& other) {
  Json rest = Json::array();
  for (const Json& item : list) {
    if (std::find(other.begin(), other.end(), item) == other.end()) rest.push_back(item);
  }
  return rest;
}

// What is to be changed at the registrar, whole, and in which order.
void print_delegation(std::ostream& out, const Json& result) {
  const Json &before = result["ns_before"], &after = result["ns_after"];
  const Json add = without(after, before), remove = without(before, after);
  if (add.empty() && remove.empty()) {
    out << "At the registrar nothing changes: the delegation is to name " << joined(after) << '\n';
    return;
  }
  out << "At the registrar, change the delegation:\n";
  print_pairs(out, {{"  add", joined(add)},
                    {"  take out", joined(remove)},
                    {"  old list", joined(before)},
                    {"  new list", joined(after)}});
  if (!add.empty()) out << "Add names when their servers have the zone: axfrctl secondary status shows when.\n";
  if (!remove.empty()) {
    out << "Take names out now, and let their servers go on until the old delegation has run out of all caches: the\n"
           "TTL of the NS records at the parent. ";
    if (!result.contains("ending")) {
      out << "To be safe next time, take them out there first, or let axfrd wait:\n"
             "axfrctl secondary disable --when-undelegated.\n";
    } else {
      out << "Until then they may transfer, and are notified: axfrd asks the\n"
             "parent zone now and then, and disables secondary DNS itself when that is over. axfrctl secondary show\n"
             "says how far it is, axfrctl secondary enable takes it back, and axfrctl secondary disable waits no "
             "more.\n";
    }
  }
}

void print_secondary_set(std::ostream& out, const Json&, const Json& result) {
  if (!result.value("changed", true)) out << "already so:\n";
  print_secondary_settings(out, result);
  if (result.contains("ns_before")) print_delegation(out, result);
}

// What the secondaries have to know of us.
void print_primary(std::ostream& out, const Json& primary) {
  Json addresses = Json::array(), keys = Json::array();
  for (const Json& address : primary["addresses"])
    addresses.push_back(text_of(address) + "@" + text_of(primary["port"]));
  for (const Json& key : primary["keys"]) {
    keys.push_back(text_of(key["key"]) +
                   (key["algorithm"].is_null() ? " (there is no such key)" : " (" + text_of(key["algorithm"]) + ")"));
  }
  std::vector<std::vector<std::string>> rows;
  const Json names = primary.value("names", Json::array());
  if (!names.empty()) rows.push_back({"our names", joined(names)});
  rows.push_back({"our addresses", joined(addresses)});
  rows.push_back({"NOTIFY from", primary["notify_sources"].empty() ? "the address that the kernel chooses"
                                                                   : joined(primary["notify_sources"])});
  rows.push_back({"keys", joined(keys)});
  print_pairs(out, rows);
}

void print_secondary_show(std::ostream& out, const Json&, const Json& result) {
  if (result.contains("configuration")) {
    out << text_of(result["configuration"]);
    return;
  }
  print_secondary_settings(out, result);
  if (result.contains("ending")) print_ending(out, result["ending"]);
  if (result.contains("primary")) print_primary(out, result["primary"]);
  if (!result["ledger"].empty()) print_ledger(out, result["ledger"]);
  print_strangers(out, result);
}

class SecondaryListPicture : public ListPicture {
 public:
  explicit SecondaryListPicture(std::ostream& out) : out_(out) {}

  const char* member() const override { return "zones"; }
  void add(std::string_view item) override { add(Json::parse(item)); }
  void add(const Json& zone) {
    table_.add(out_, {text_of(zone["zone"]), text_of(zone["serial"]), joined(zone["ns"]),
                      addresses_with(zone["secondaries"], "transfers"), state_of_secondary_dns(zone)});
  }
  void end(const Json&) override { table_.print(out_); }

 private:
  std::ostream& out_;
  Table table_{{{"ZONE", "SERIAL", "NS NAMES", "MAY TRANSFER", "STATE"}}, {false, true, false, false, false}};
};

void print_secondary_list(std::ostream& out, const Json&, const Json& result) {
  SecondaryListPicture picture(out);
  for (const Json& zone : result["zones"]) picture.add(zone);
  picture.end(result);
}

void print_check(std::ostream& out, const Json&, const Json& result) {
  for (const Json& finding : result["findings"])
    out << (finding["sound"] ? "good  " : "FIX   ") << text_of(finding["about"]) << ": " << text_of(finding["text"])
        << '\n';
  const auto good = std::ranges::count_if(result["findings"], [](const Json& f) { return f["sound"] == true; });
  out << good << " of " << result["findings"].size() << " good\n";
}

void LedgerPicture::end(const Json& result) {
  end_lines();
  if (result.contains("ending")) print_ending(out_, result["ending"]);
  if (const auto endings = result.value("endings", uint64_t{0}); endings != 0)
    out_ << "secondary DNS is ending in " << endings << (endings == 1 ? " zone" : " zones")
         << "; axfrctl secondary list shows where\n";
  print_strangers(out_, result);
}

void print_secondary_status(std::ostream& out, const Json&, const Json& result) {
  if (!result.contains("hosts")) {
    LedgerPicture picture(out);
    for (const Json& line : result["ledger"]) picture.add(dump(line));
    return picture.end(result);
  }
  Table table{{{"SECONDARY", "ZONES", "BEHIND", "LONGEST", "LAST SEEN"}}, {false, true, true, true, false}};
  for (const Json& host : result["hosts"]) {
    table.rows.push_back({text_of(host["secondary"]), text_of(host["zones"]), text_of(host["behind"]),
                          host["behind"] != 0 ? human_duration(host["behind_seconds"]) : "-", ago(host["last_seen"])});
  }
  table.print(out);
}

void print_providers(std::ostream& out, const Json&, const Json& result) {
  Table table{{{"PROVIDER", "NS NAMES", "ALLOW", "NOTIFY", "KEY"}}, {false, false, false, false, false}};
  for (const Json& p : result["providers"]) {
    table.rows.push_back(
        {text_of(p["provider"]), text_of(p["ns"]), text_of(p["allow"]), text_of(p["notify"]), text_of(p["key"])});
  }
  table.print(out);
}

void print_provider_set(std::ostream& out, const Json& params, const Json& result) {
  const auto count = [&](const char* name) { return result.contains(name) ? result[name].get<uint64_t>() : 0; };
  out << already(result) << text_of(params["provider"]) << ": "
      << (params.contains("dry-run") ? "would be set" : "set");
  if (count("zones") != 0)
    out << ", and " << count("zones") << (count("zones") == 1 ? " zone follows" : " zones follow");
  out << '\n';
  if (result.contains("ns_before")) {
    const Json &before = result["ns_before"], &after = result["ns_after"];
    const Json add = without(after, before), remove = without(before, after);
    if (count("zones") != 0 && !(add.empty() && remove.empty())) {
      out << "At the registrar, change the delegation of each of these zones:\n";
      print_pairs(out, {{"  add", joined(add)}, {"  take out", joined(remove)}});
    }
  }
  if (count("failed") != 0) out << count("failed") << " zones cannot follow; the log of axfrd says why\n";
}

void print_provider_removed(std::ostream& out, const Json& params, const Json&) {
  out << text_of(params["provider"]) << ": removed\n";
}

void print_notify(std::ostream& out, const Json& params, const Json& result) {
  if (params.contains("zone")) {
    out << text_of(params["zone"]) << ": NOTIFY is on its way to " << result["secondaries"] << " secondaries\n";
  } else {
    out << text_of(params["secondary"]) << ": NOTIFY of " << counted(result["secondaries"], "zone")
        << " is on its way\n";
  }
}

void print_explain(std::ostream& out, const Json&, const Json& result) {
  out << (result["allowed"] ? "allowed: " : "refused: ") << text_of(result["why"]) << '\n';
  for (const Json& trouble : result["seen"]) {
    if (!trouble.value("over_at", Json()).is_null()) continue;
    out << "seen: " << (trouble["unverified"] ? "unverified, it came by UDP and may be forged: " : "")
        << text_of(trouble["text"]) << " (" << times_of(trouble) << ")\n";
  }
  out << "next: " << text_of(result["next"]) << '\n';
}

void print_shown(std::ostream& out, Shown shown, const Json& params, const Json& result, TimeZone zone) {
  switch (shown) {
    case Shown::status:
      return print_status(out, params, result);
    case Shown::stats:
      return print_stats(out, params, result);
    case Shown::backup:
      return print_backup(out, params, result);
    case Shown::backup_loaded:
      return print_fed(out, params, result);
    case Shown::promoted:
      return print_promoted(out, params, result);
    case Shown::stopping:
      return print_stop(out, params, result);
    case Shown::imported:
      return print_import(out, params, result);
    case Shown::zone_list:
      return print_list(out, params, result);
    case Shown::zone:
      return print_show(out, params, result);
    case Shown::findings:
      return print_findings(out, params, result);
    case Shown::exported:
      return print_export(out, params, result);
    case Shown::removed_zone:
      return print_remove(out, params, result);
    case Shown::imported_directory:
      return print_import_directory(out, params, result);
    case Shown::begun:
      return print_begin(out, params, result);
    case Shown::edits:
      return print_edits(out, params, result);
    case Shown::difference:
      return print_diff(out, params, result);
    case Shown::changed:
      return print_changed(out, params, result);
    case Shown::aborted:
      return print_abort(out, params, result);
    case Shown::transactions:
      return print_transactions(out, params, result);
    case Shown::history:
      return print_history(out, zone, result);
    case Shown::config:
      return print_config(out, params, result);
    case Shown::secondaries_set:
      return print_secondary_set(out, params, result);
    case Shown::secondaries:
      return print_secondary_show(out, params, result);
    case Shown::secondary_list:
      return print_secondary_list(out, params, result);
    case Shown::ledger:
      return print_secondary_status(out, params, result);
    case Shown::checked:
      return print_check(out, params, result);
    case Shown::provider_set:
      return print_provider_set(out, params, result);
    case Shown::providers:
      return print_providers(out, params, result);
    case Shown::removed_provider:
      return print_provider_removed(out, params, result);
    case Shown::notified:
      return print_notify(out, params, result);
    case Shown::explained:
      return print_explain(out, params, result);
    case Shown::key:
      return print_key(out, params, result);
    case Shown::keys:
      return print_keys(out, zone, result);
    case Shown::removed_key:
      return print_key_removed(out, params, result);
    case Shown::options:
      return print_options(out, result);
    case Shown::log_level:
      return print_log_level(out, params, result);
    case Shown::reloaded:
      out << "the certificate was read anew\n";
      return;
    case Shown::token:
      return print_token(out, params, result);
    case Shown::tokens:
      return print_tokens(out, zone, result);
    case Shown::removed_token:
      return print_token_removed(out, params, result);
    case Shown::user:
      return print_user(out, params, result);
    case Shown::users:
      return print_users(out, zone, result);
    case Shown::removed_user:
      return print_user_removed(out, params, result);
    case Shown::audit:
      return print_audit(out, zone, result);
    case Shown::records:
      return print_records(out, params, result);
    case Shown::cookies:
      return print_cookies(out, params, result);
  }
}

}  // namespace

void Table::print(std::ostream& out) {
  widths.resize(right.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      const size_t blanks = widths[i] - row[i].size();
      if (right[i]) text.append(blanks, ' ');
      text += row[i];
      if (!right[i] && !last) text.append(blanks, ' ');
      text += last ? "\n" : "  ";
    }
  }
  out << text;
}

void Table::add(std::ostream& out, std::vector<std::string> row) {
  constexpr size_t kRows = 256;
  rows.push_back(std::move(row));
  if (rows.size() < kRows) return;
  print(out);
  rows.clear();
}

std::string human_size(uint64_t octets) {
  constexpr std::array units{"KiB", "MiB", "GiB", "TiB"};
  if (octets < 1024) return std::to_string(octets) + " octets";
  auto size = static_cast<double>(octets) / 1024;
  size_t unit = 0;
  for (; size >= 1024 && unit + 1 < units.size(); ++unit) size /= 1024;
  std::ostringstream text;
  text << std::fixed << std::setprecision(size < 10 ? 1 : 0) << size << ' ' << units[unit];
  return std::move(text).str();
}

std::string human_duration(uint64_t seconds) {
  const uint64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;
  if (days > 0) return std::to_string(days) + " d " + std::to_string(hours) + " h";
  if (hours > 0) return std::to_string(hours) + " h " + std::to_string(minutes) + " min";
  if (minutes > 0) return std::to_string(minutes) + " min " + std::to_string(seconds % 60) + " s";
  return std::to_string(seconds) + " s";
}

std::string progress_bar(size_t done, size_t all) {
  constexpr size_t kWidth = 40;
  const size_t filled = all == 0 ? 0 : kWidth * done / all;
  return "[" + std::string(filled, '#') + std::string(kWidth - filled, ' ') + "] " + std::to_string(done) + " of " +
         std::to_string(all);
}

std::unique_ptr<ListPicture> list_picture(std::ostream& out, const std::string& method, const Json& params) {
  switch (find_verb(method)->shown) {
    case Shown::zone_list:
      return std::make_unique<ZoneListPicture>(out);
    case Shown::secondary_list:
      return std::make_unique<SecondaryListPicture>(out);
    case Shown::ledger:
      if (!params.contains("summary")) return std::make_unique<LedgerPicture>(out);
      return nullptr;
    default:
      return nullptr;
  }
}

void print_result(std::ostream& out, const std::string& method, const Json& params, const Json& result, TimeZone zone) {
  print_shown(out, find_verb(method)->shown, params, result, zone);
}

std::string delegation_change(const Json& result) {
  const Json before = result.value("ns_before", Json::array()), after = result.value("ns_after", Json::array());
  const Json add = without(after, before), remove = without(before, after);
  std::string text = add.empty() ? "" : "add " + joined(add);
  if (!remove.empty()) text += (text.empty() ? "" : "; ") + ("take out " + joined(remove));
  return text;
}

namespace {

// A line for each of a list that was kept short, and how many more there were.
void print_lines(std::ostream& err, const Json& result, const std::string& list, const char* prefix) {
  if (!result.is_object()) return;
  for (const Json& line : result.value(list, Json::array())) err << prefix << text_of(line) << '\n';
  const size_t left_out = result.value(list + "_left_out", size_t{0});
  if (left_out != 0) err << prefix << "and " << left_out << " more\n";
}

}  // namespace

void print_warnings(std::ostream& err, const Json& result) { print_lines(err, result, "warnings", "warning: "); }

void print_errors(std::ostream& err, const Json& result) { print_lines(err, result, "errors", "error: "); }

}  // namespace axfrd::control
