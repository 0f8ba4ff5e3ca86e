#include "control/operate/server_operations.h"

#include <utility>

namespace axfrd::control {

namespace {

Failure not_serving_yet() {
  return {FailureCode::failed, "axfrd does not serve yet, or is stopping; axfrctl status says when it serves"};
}

Failure nothing_staged() { return {FailureCode::failed, "there is no staged secret; cookie add brings one"}; }

}  // namespace

size_t ServerOperations::zone_count() const {
  const dataplane::ReadSection section(context_.reader());
  return context_.server().zones.size();
}

Outcome<ServerStatus> ServerOperations::status(const Principal&) const {
  using std::chrono::duration_cast, std::chrono::seconds;
  const Server& server = context_.server();
  ServerStatus status{server.state.load(std::memory_order_relaxed),
                      duration_cast<seconds>(std::chrono::steady_clock::now() - start_),
                      zone_count(),
                      server.committer.retired_count(),
                      server.service.tcp_counters(),
                      server.committer.store_health(),
                      server.importer.progress(),
                      {},
                      server.committer.duty(),
                      server.committer.backup_time()};
  if (server.dataplane != nullptr) status.dataplane = server.dataplane->stats();
  return status;
}

void ServerOperations::stats(const Principal&, Done<ServerStats> done) const {
  const Server& server = context_.server();
  ServerStats stats{server.dataplane != nullptr ? server.dataplane->stats() : dataplane::DataplaneStats{},
                    server.service.udp_counters(),
                    server.service.tcp_counters(),
                    server.notify.counters(),
                    server.aliases.counters(),
                    server.endings.counters(),
                    server.committer.group_times(),
                    zone_count(),
                    server.committer.zones_without_servers(),
                    server.committer.retired_count(),
                    server.committer.history_octets(),
                    server.service.dropped_log_lines(),
                    server.notify.dropped_log_lines(),
                    server.notify.left_out_lines(),
                    server.committer.store_health().writable,
                    server.committer.is_standby(),
                    server.committer.backup_time()};
  server.notify.run([this, stats = std::move(stats), done = std::move(done)](const NotifyService& notifier) {
    boost::asio::post(context_.loop(), [stats, done, hosts = notifier.hosts()]() mutable {
      stats.secondaries = std::move(hosts);
      done(std::move(stats));
    });
  });
}

Outcome<AuditTrail::Page> ServerOperations::audit(const Principal& who, const std::optional<zones::Name>& apex,
                                                  std::optional<uint64_t> before, size_t most) const {
  auto failure = apex ? Context::refuse(who, Role::reader, *apex) : Context::refuse(who, Role::admin);
  if (failure) return std::move(*failure);
  const AuditTrail* trail = context_.server().audit.trail();
  if (trail == nullptr) return AuditTrail::Page{};
  return trail->read({apex ? apex->to_text() : std::string(), before, most});
}

std::optional<Failure> ServerOperations::stop(const Principal& who) {
  const Act act = Context::act(who, "stop", {.kind = "stop"}, "server", "");
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return failure;
  context_.record_change(act, "stopping");
  context_.server().stop();
  return std::nullopt;
}

std::optional<Failure> ServerOperations::reload_certificate(const Principal& who) {
  const Act act = Context::act(who, "http.reload", {.kind = "certificate"}, "server", "");
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return failure;
  const auto& reload = context_.server().reload_certificate;
  if (auto trouble = reload ? reload() : std::optional<std::string>("HTTP is not served: --http says where")) {
    context_.record_failure(act, *trouble);
    return Failure{FailureCode::failed, std::move(*trouble)};
  }
  context_.record_change(act, "certificate read anew");
  return std::nullopt;
}

Outcome<std::vector<StatedOption>> ServerOperations::options(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  const Server& server = context_.server();
  std::vector<StatedOption> options(server.options.begin(), server.options.end());
  for (StatedOption& stated : options) {
    const std::string level(to_text(server.log.most()));
    if (stated.option == "log-level" && stated.values != std::vector{level}) stated = {"log-level", {level}, "axfrctl"};
  }
  return options;
}

Outcome<LogLevel> ServerOperations::log_level(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  return context_.server().log.most();
}

Outcome<LogLevelSet> ServerOperations::set_log_level(const Principal& who, LogLevel level) {
  const Act act = Context::act(who, "log-level", {.kind = "log level"}, "server", std::string(to_text(level)));
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return std::move(*failure);
  Log& log = context_.server().log;
  if (log.most() == level) return LogLevelSet{level, false};
  const std::string what = Log::text("the log has ", to_text(level), " and worse from now on");
  // The record is a line of the log, so it is written while the level is the one that shows more.
  const bool shows_less = level < log.most();
  if (shows_less) context_.record_change(act, what);
  log.set_most(level);
  if (!shows_less) context_.record_change(act, what);
  return LogLevelSet{level, true};
}

void ServerOperations::backup(const Principal& who, const std::filesystem::path& directory,
                              Done<std::filesystem::path> done) {
  const Act act = Context::act(who, "backup", {.kind = "backup"}, "server", directory.string());
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return done(std::move(*failure));
  using Path = std::filesystem::path;
  const auto answer = [this, act, done = std::move(done)](Outcome<Path> outcome) {
    if (std::holds_alternative<Path>(outcome)) context_.record_change(act, "copied");
    done(std::move(outcome));
  };
  context_.server().committer.backup(directory, context_.recorded<Path>(act, answer));
}

void ServerOperations::promote(const Principal& who, Done<Committer::Promoted> done) {
  const Act act = Context::act(who, "promote", {.kind = "promotion"}, "server", "");
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return done(std::move(*failure));
  if (context_.server().state != ServerState::serving) return done(not_serving_yet());
  const auto answer = [this, act, done = std::move(done)](Outcome<Committer::Promoted> outcome) {
    if (const auto* made = std::get_if<Committer::Promoted>(&outcome); made != nullptr && made->has_changed) {
      context_.record_change(act, "the primary from now on; " + std::to_string(made->raised.zones) +
                                      " zones have new serials, " + std::to_string(made->raised.left) +
                                      " are left as they are");
    }
    done(std::move(outcome));
  };
  context_.server().committer.promote(act.cause, context_.recorded<Committer::Promoted>(act, answer));
}

void ServerOperations::load_backup(const Principal& who, const std::filesystem::path& directory,
                                   Done<Committer::BackupLoaded> done) {
  const Act act =
      Context::act(who, "standby.load", {.kind = "backup", .detail = directory.string()}, "server", directory.string());
  if (auto failure = context_.refuse_act(who, Role::admin, act)) return done(std::move(*failure));
  if (context_.server().state != ServerState::serving) return done(not_serving_yet());
  const auto answer = [this, act, done = std::move(done)](Outcome<Committer::BackupLoaded> outcome) {
    if (const auto* loaded = std::get_if<Committer::BackupLoaded>(&outcome); loaded != nullptr && loaded->has_changed) {
      context_.record_change(act, std::to_string(loaded->zones) + " zones, " + std::to_string(loaded->added) +
                                      " added, " + std::to_string(loaded->changed) + " changed, " +
                                      std::to_string(loaded->removed) + " removed");
    }
    done(std::move(outcome));
  };
  context_.server().committer.load_backup(directory, context_.recorded<Committer::BackupLoaded>(act, answer));
}

// ---- DNS Cookies ----

Outcome<zones::CookieSecrets> ServerOperations::cookies(const Principal& who) const {
  if (auto failure = Context::refuse(who, Role::admin)) return std::move(*failure);
  const dataplane::ReadSection section(context_.reader());
  return context_.server().cookies.current();
}

void ServerOperations::change_cookies(const Principal& who, const char* verb, const char* what,
                                      Committer::CookieEdit edit, Done<CookiesChanged> done) {
  const Act act = Context::act(who, verb, {.kind = "settings"}, "cookies", "");
  if (auto failure = context_.refuse(who, Role::admin, act)) return done(std::move(*failure));
  context_.server().committer.change_cookies(
      std::move(edit), context_.recorded<zones::CookieSecrets>(
                           act, [this, act, what, done = std::move(done)](Outcome<zones::CookieSecrets> outcome) {
                             if (auto* failure = std::get_if<Failure>(&outcome)) return done(std::move(*failure));
                             context_.record_change(act, what);
                             done(CookiesChanged{std::get<zones::CookieSecrets>(outcome)});
                           }));
}

void ServerOperations::add_cookie(const Principal& who, const zones::CookieSecret& secret, Done<CookiesChanged> done) {
  const auto known = cookies(who);
  if (const auto* secrets = std::get_if<zones::CookieSecrets>(&known)) {
    if (secrets->active == secret || secrets->staged == secret) return done(CookiesChanged{*secrets, false});
  }
  const auto stage = [secret](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    return zones::CookieSecrets{current.active, secret};
  };
  change_cookies(who, "cookie.add", "a secret staged", stage, std::move(done));
}

void ServerOperations::activate_cookie(const Principal& who, Done<CookiesChanged> done) {
  const auto swap = [](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    if (!current.staged) return nothing_staged();
    return zones::CookieSecrets{*current.staged, current.active};
  };
  change_cookies(who, "cookie.activate", "the staged secret is active", swap, std::move(done));
}

void ServerOperations::drop_cookie(const Principal& who, Done<CookiesChanged> done) {
  const auto drop = [](const zones::CookieSecrets& current) -> Outcome<zones::CookieSecrets> {
    if (!current.staged) return nothing_staged();
    return zones::CookieSecrets{current.active, {}};
  };
  change_cookies(who, "cookie.drop", "the staged secret is forgotten", drop, std::move(done));
}

}  // namespace axfrd::control
