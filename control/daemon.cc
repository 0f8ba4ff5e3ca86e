#include "control/daemon.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>
#include <thread>

#include "control/base/unix_time.h"
#include "control/store/backup.h"

namespace axfrd::control {

namespace {

namespace asio = boost::asio;

// Of the service thread, for DNS and for NOTIFY, of the control thread, of what builds its index, and of HTTP.
constexpr unsigned kOurReaders = 5;

unsigned reader_count(const Options& options) {
  return kOurReaders + (options.dataplane ? options.dataplane->workers : 0);
}

// Parsing is all that these do, and the cores that answer packets are not theirs to take.
unsigned importer_threads() { return std::clamp(std::thread::hardware_concurrency() / 2, 1U, 8U); }

// The kernel's sockets serve what the packet path serves.
std::vector<IpAddress> served_addresses(const Options& options, const std::optional<dataplane::Dataplane>& dataplane) {
  if (!dataplane) return options.addresses;
  std::vector<IpAddress> addresses;
  for (const dataplane::Address& address : dataplane->addresses()) addresses.push_back(to_ip(address));
  return addresses;
}

// Secondaries know us by the addresses that we serve.
std::vector<IpAddress> notify_sources(const Options& options, const std::optional<dataplane::Dataplane>& dataplane) {
  std::vector<IpAddress> sources = options.notify_sources;
  for (const IpAddress& address : served_addresses(options, dataplane)) sources.push_back(address);
  return sources;
}

ServiceOptions service_options(const Options& options, const std::optional<dataplane::Dataplane>& dataplane) {
  return {served_addresses(options, dataplane),
          options.dns_port,
          dataplane.has_value(),
          options.tcp,
          options.allow_transfer,
          options.responder.udp_payload,
          options.rate_limit};
}

// Where the store is; put there from a backup if that was asked for.
const std::filesystem::path& store_directory(const Options& options) {
  if (options.restore) restore_backup(*options.restore, options.store);
  return options.store;
}

Store::Report report_of_store(const Log& log) {
  return [&log](LogLevel level, const std::string& text) {
    if (level == LogLevel::error) {
      log.error(text);
    } else if (level == LogLevel::warning) {
      log.warning(text);
    } else {
      log.info(text);
    }
  };
}

}  // namespace

Daemon::Daemon(const Options& options, Log& log)
    : options_(options),
      log_(log),
      signals_(loop_, SIGTERM, SIGINT),
      reopening_(loop_, SIGHUP),
      guard_(log),
      socket_file_(options.control_socket),
      manager_(loop_),
      rcu_(reader_count(options)),
      responder_(zones_, cookies_, options.responder),
      audit_(options.audit_log, log),
      store_(store_directory(options), options.redo_log_octets, report_of_store(log),
             {.recover = options.recover, .standby = options.standby}),
      committer_(zones_, cookies_, rcu_, store_, settings_, options.history_octets, log),
      importer_(committer_, importer_threads(), log),
      silent_(options.standby),
      dataplane_(make_dataplane()),
      transfers_(options.transfer_log),
      notify_(loop_, zones_, rcu_, committer_, settings_, notify_sources(options, dataplane_), transfers_, events_, log,
              {options.behind_alarm}),
      service_(loop_, service_options(options, dataplane_), responder_, rcu_, committer_, settings_, notify_, log),
      aliases_(loop_, options.alias, options.resolvers, committer_, log),
      endings_(loop_, options.ending, options.resolvers, committer_, log),
      checker_(options.resolvers),
      alarms_([this](LogLevel level, const std::string& text) {
        if (events_.is_watched())
          events_.publish("alarm", std::nullopt, {}, {{"level", to_text(level)}, {"text", text}});
      }),
      server_{
          zones_,
          cookies_,
          committer_,
          settings_,
          importer_,
          service_,
          notify_,
          aliases_,
          endings_,
          checker_,
          audit_,
          apexes_,
          events_,
          passwords_,
          dataplane_ ? &*dataplane_ : nullptr,
          state_,
          options.transaction_timeout,
          log,
          [this] { asio::post(loop_, [this] { stop("told by axfrctl"); }); },
          [this] { return http_ ? http_->reload_certificate() : std::optional<std::string>("--http is not given"); },
          options.stated,
          options.primary_names},
      http_(options.http.is_on() ? std::make_unique<HttpThread>(options.http, server_, rcu_, log) : nullptr),
      control_(socket_file_, options.metrics, server_, rcu_, log) {
  log_.set_listener(&alarms_);
  if (http_) http_->start();
  guard_.done();
}

// Those who ask go before those who answer them: operators, then packets, then the committer. The importer goes last,
// because the committer comes back to it for more files.
Daemon::~Daemon() {
  state_ = ServerState::stopping;
  control_.stop();
  if (http_) http_->stop();
  passwords_.stop();
  checker_.stop();
  if (dataplane_) dataplane_->stop();
  committer_.stop();
  importer_.stop();
  // What operators asked this loop for goes back to the control thread's, and ends with that: it holds their
  // connections. No more than that, if it was not told to stop and serves on.
  constexpr unsigned kMost = 10'000;
  loop_.restart();
  for (unsigned i = 0; i < kMost && loop_.poll_one() != 0; ++i) {
  }
  log_.set_listener(nullptr);
}

void Daemon::run() {
  signals_.async_wait([this](const auto& error, int number) {
    if (!error) stop(number == SIGTERM ? "SIGTERM" : "SIGINT");
  });
  await_reopening();
  manager_.start_watchdog();
  committer_.set_observer([this](Published published) {
    asio::post(loop_, [this, what = std::move(published)] { this->published(what); });
  });
  audit_.keep(store_.directory(), events_);
  committer_.set_auditor([this](const AuditRecord& record) { audit_.write(record); });
  committer_.set_roster([this](const zones::Name& apex, bool is_there) { apexes_.set(apex, is_there); });
  committer_.set_url_addresses(options_.alias.url);
  if (options_.standby) committer_.set_standby();
  committer_.start();
  load_store();
  loop_.run();
  if (!failure_.empty()) throw std::runtime_error(failure_);
}

std::optional<dataplane::Dataplane> Daemon::make_dataplane() {
  if (!options_.dataplane) return std::nullopt;
  dataplane::DataplaneOptions options = *options_.dataplane;
  options.notice = [this](std::string_view text) { log_.info(text); };
  options.warning = [this](std::string_view text) { log_.warning(text); };
  options.failed = [this](std::string_view why) {
    asio::post(loop_, [this, reason = std::string(why)] { fail(reason); });
  };
  return std::optional<dataplane::Dataplane>(std::in_place, options, responder_, rcu_,
                                             [this](std::string_view what, auto undo) { guard_.step(what, undo); });
}

template <class T, class Next>
Done<T> Daemon::then(std::string what, Next next) {
  return [this, what = std::move(what), next = std::move(next)](Outcome<T> outcome) {
    asio::post(loop_, [this, what, next, outcome = std::move(outcome)] {
      if (state_ != ServerState::starting) return;
      if (const auto* failure = std::get_if<Failure>(&outcome)) throw std::runtime_error(what + failure->reason);
      next(std::get<T>(outcome));
    });
  };
}

void Daemon::load_store() {
  committer_.load_store(then<size_t>("", [this](size_t) { load_directory(); }));
}

// What was changed since by other means is not undone by files that know nothing of it: hence only newer ones.
void Daemon::load_directory() {
  if (silent_) {
    if (options_.zones_dir) log_.warning("--zones-dir is left alone by a standby");
    return serve();
  }
  if (!options_.zones_dir) {
    committer_.forget_old_tombstones();
    return serve();
  }
  if (const StoreHealth health = store_.health(); !health.writable) {
    log_.error("--zones-dir is left alone, for nothing can be stored: ", health.trouble);
    return serve();
  }
  const auto next = [this](const Importer::Loaded& loaded) {
    if (loaded.count.failed != 0) log_.warning(loaded.count.failed, " zone files were skipped");
    committer_.forget_old_tombstones();
    serve();
  };
  importer_.import_directory(*options_.zones_dir, {.only_if_newer = true, .at_start = true},
                             then<Importer::Loaded>("--zones-dir: ", next));
}

// Nobody is answered before all zones are there: REFUSED would be taken at its word.
void Daemon::serve() {
  service_.listen();
  if (silent_) {
    tell_of_standby();
  } else {
    notify_.start();
  }
  if (dataplane_) {
    StartGuard guard(log_);
    dataplane_->start([&guard](std::string_view what, auto undo) { guard.step(what, undo); });
    guard.done();
    polls_.emplace(loop_, *dataplane_, notify_).start();
  }
  state_ = ServerState::serving;
  manager_.ready();
  log_.info("ready, ", zones_.size(), " zones");
  control_.build_index();
}

void Daemon::tell_of_standby() const {
  const int64_t time = committer_.backup_time();
  log_.warning("standby: nobody is notified, no ALIAS is looked up, and changes are refused, until axfrctl promote; ",
               time != 0 ? "what is served is a backup that was made " + std::to_string(unix_time() - time) + " s ago"
                         : "from when it is what is served, is not known");
}

// A standby looks no name up, so that it need not know of any before it has all zones.
void Daemon::published(const Published& published) {
  notify_.published(published);
  if (published.promoted && state_ == ServerState::serving) end_silence();
  if (silent_) return;
  aliases_.aliases().published(published);
  endings_.endings().published(published);
}

void Daemon::end_silence() {
  silent_ = false;
  notify_.start();
  if (!options_.zones_dir) return committer_.forget_old_tombstones();
  log_.info("--zones-dir is imported at the next start that is no standby's");
}

void Daemon::await_reopening() {
  reopening_.async_wait([this](const auto& error, int) {
    if (error) return;
    notify_.reopen_log();
    control_.reopen_logs();
    if (http_ && options_.http.certificate) (void)http_->reload_certificate();  // which says in the log what is wrong
    await_reopening();
  });
}

void Daemon::fail(const std::string& why) {
  failure_ = why;
  stop(why);
}

void Daemon::stop(std::string_view why) {
  if (state_ == ServerState::stopping) return;
  state_ = ServerState::stopping;
  log_.info("stopping: ", why);
  manager_.stopping();
  reopening_.cancel();
  if (polls_) polls_->stop();
  notify_.stop();
  service_.stop([this] { loop_.stop(); });
}

}  // namespace axfrd::control
