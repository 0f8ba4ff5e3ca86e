// Verbs about the server, and about the secrets of DNS Cookies.
#include <unistd.h>

#include <array>

#include "control/access/cookie.h"
#include "control/command/commands.h"
#include "control/command/commands_support.h"
#include "control/command/stats_json.h"

namespace axfrd::control {

namespace {

Json store_json(const StoreHealth& health) {
  const bool fine = health.trouble.empty();
  return {{"writable", health.writable},
          {"trouble", fine ? Json() : Json(health.trouble)},
          {"since", fine ? Json() : Json(health.since)}};
}

Json time_or_null(int64_t time) { return time != 0 ? Json(time) : Json(); }

Json status_json(const ServerStatus& status) {
  const Json tcp = to_json(status.tcp);
  Json result{{"version", AXFRD_VERSION},
              {"pid", getpid()},
              {"state", to_text(status.state)},
              {"uptime_seconds", status.uptime.count()},
              {"zones", status.zones},
              {"tcp_sessions", tcp["sessions"]},
              {"transfers_under_way", tcp["transfers"].get<uint64_t>() - tcp["transfers_finished"].get<uint64_t>()},
              {"retired_versions", status.retired_versions},
              {"store", store_json(status.store)},
              {"import", to_json(status.import)}};
  const bool is_standby = status.duty == Committer::Duty::standby;
  result["role"] = is_standby ? "standby" : "primary";
  if (is_standby) result["backup_time"] = time_or_null(status.backup_time);
  if (status.duty == Committer::Duty::promoted) result["next_start"] = "standby";
  result["ports"] = status.dataplane ? to_json(*status.dataplane)["ports"] : Json::array();
  return result;
}

Json cookies_json(const CookiesChanged& changed) {
  Json result = to_json(changed.secrets);
  if (!changed.changed) result["changed"] = false;
  return result;
}

void status(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<ServerStatus>(done, operations.server.status(who), status_json);
}

void stats(Operations& operations, const Principal& who, Json&, RpcDone done) {
  operations.server.stats(
      who, answering<ServerStats>(std::move(done), [](const ServerStats& stats) { return to_json(stats); }));
}

void stop(Operations& operations, const Principal& who, Json&, RpcDone done) {
  if (auto failure = operations.server.stop(who)) return refuse(done, std::move(*failure));
  done(RpcResult(Json{{"stopping", true}}));
}

void http_reload(Operations& operations, const Principal& who, Json&, RpcDone done) {
  if (auto failure = operations.server.reload_certificate(who)) return refuse(done, std::move(*failure));
  done(RpcResult(Json{{"reloaded", true}}));
}

void config(Operations& operations, const Principal& who, Json&, RpcDone done) {
  using Options = std::vector<StatedOption>;
  answer<Options>(done, operations.server.options(who), [](const Options& options) {
    Json list = Json::array();
    for (const StatedOption& stated : options)
      list.push_back(
          {{"option", stated.option}, {"values", stated.values}, {"by", stated.by.empty() ? Json() : Json(stated.by)}});
    return Json{{"options", std::move(list)}};
  });
}

void audit(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  constexpr uint32_t kMost = 1000, kUsual = 100;
  const size_t most = optional_number(params, "limit", "a number of records up to 1000", kMost).value_or(kUsual);
  std::optional<uint64_t> before;
  if (params.contains("before")) {
    before = zones::number_in<uint64_t>(text_in(params, "before"));
    if (!before) throw std::invalid_argument("\"before\" is not the id of a record");
  }
  answer<AuditTrail::Page>(done, operations.server.audit(who, optional_name(params, "zone"), before, most),
                           [](const AuditTrail::Page& page) {
                             return Json{{"records", page.records}, {"more", page.more}};
                           });
}

void log_level(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  if (!params.contains("level")) {
    return answer<LogLevel>(done, operations.server.log_level(who), [](LogLevel level) {
      return Json{{"level", to_text(level)}, {"changed", false}};
    });
  }
  answer<LogLevelSet>(done, operations.server.set_log_level(who, parse_log_level(text_in(params, "level"))),
                      [](const LogLevelSet& set) {
                        return Json{{"level", to_text(set.level)}, {"changed", set.changed}};
                      });
}

void backup(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.server.backup(who, text_in(params, "directory"),
                           answering<std::filesystem::path>(std::move(done), [](const std::filesystem::path& made) {
                             return Json{{"directory", made.string()}};
                           }));
}

Json loaded_json(const Committer::BackupLoaded& loaded) {
  return {{"changed", loaded.has_changed},   {"zones", loaded.zones},
          {"zones_added", loaded.added},     {"zones_changed", loaded.changed},
          {"zones_removed", loaded.removed}, {"backup_time", time_or_null(loaded.backup_time)}};
}

Json promoted_json(const Committer::Promoted& promoted) {
  Json left = Json::array();
  for (const auto& zone : promoted.raised.told)
    left.push_back({{"zone", zone.zone}, {"serial", zone.serial}, {"highest", zone.highest}, {"reason", zone.why}});
  return {{"changed", promoted.has_changed},
          {"zones_raised", promoted.raised.zones},
          {"zones_left", std::move(left)},
          {"zones_left_left_out", promoted.raised.left - promoted.raised.told.size()}};
}

void standby_load(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.server.load_backup(who, text_in(params, "directory"),
                                answering<Committer::BackupLoaded>(std::move(done), loaded_json));
}

void promote(Operations& operations, const Principal& who, Json&, RpcDone done) {
  operations.server.promote(who, answering<Committer::Promoted>(std::move(done), promoted_json));
}

void cookie_show(Operations& operations, const Principal& who, Json&, RpcDone done) {
  answer<zones::CookieSecrets>(done, operations.server.cookies(who),
                               [](const zones::CookieSecrets& secrets) { return to_json(secrets); });
}

void cookie_add(Operations& operations, const Principal& who, Json& params, RpcDone done) {
  operations.server.add_cookie(who, parse_cookie_secret(text_in(params, "secret")),
                               answering<CookiesChanged>(std::move(done), cookies_json));
}

void cookie_activate(Operations& operations, const Principal& who, Json&, RpcDone done) {
  operations.server.activate_cookie(who, answering<CookiesChanged>(std::move(done), cookies_json));
}

void cookie_drop(Operations& operations, const Principal& who, Json&, RpcDone done) {
  operations.server.drop_cookie(who, answering<CookiesChanged>(std::move(done), cookies_json));
}

}  // namespace

std::span<const VerbHandler> server_handlers() {
  static constexpr std::array kHandlers{
      VerbHandler{"status", status},
      VerbHandler{"stats", stats},
      VerbHandler{"config", config},
      VerbHandler{"audit", audit},
      VerbHandler{"log-level", log_level},
      VerbHandler{"backup", backup},
      VerbHandler{"standby.load", standby_load},
      VerbHandler{"promote", promote},
      VerbHandler{"http.reload", http_reload},
      VerbHandler{"stop", stop},
      VerbHandler{"cookie.show", cookie_show},
      VerbHandler{"cookie.add", cookie_add},
      VerbHandler{"cookie.activate", cookie_activate},
      VerbHandler{"cookie.drop", cookie_drop},
  };
  return kHandlers;
}

}  // namespace axfrd::control
