// The daemon without a front door: everything that operations act on, and a thread that is its service thread.
#pragma once

#include "control/operate/operations.h"
#include "tests/control/support.h"

namespace axfrd::control::test {

struct ServerRig {
  ServerRig() {
    committer_.set_observer([this](Published published) {
      boost::asio::post(service_loop_, [this, what = std::move(published)] { notify_.published(what); });
    });
    committer_.set_auditor([this](const AuditRecord& record) { audit_.write(record); });
    committer_.set_roster([this](const zones::Name& apex, bool is_there) { apexes_.set(apex, is_there); });
    committer_.start();
  }
  ~ServerRig() { stop_server(); }
  ServerRig(const ServerRig&) = delete;
  ServerRig& operator=(const ServerRig&) = delete;

  // After the loops of those who ask have ended.
  void stop_server() {
    if (!service_thread_.joinable()) return;
    passwords_.stop();
    committer_.stop();
    importer_.stop();
    service_loop_.stop();
    service_thread_.join();
  }

  TemporaryDirectory directory_;
  LogFile log_;
  ServedZones zones_;
  boost::asio::io_context service_loop_;
  Store store_{directory_ / "store"};
  CurrentSettings settings_;
  Committer committer_{zones_.table, zones_.cookies, zones_.rcu, store_, settings_, 1U << 20, log_.log()};
  Importer importer_{committer_, 1, log_.log()};
  TransferLog transfers_{std::nullopt};
  EventFeed events_;
  PasswordThread passwords_;
  NotifyService notify_{service_loop_, zones_.table, zones_.rcu, committer_, settings_, {},
                        transfers_,    events_,      log_.log()};
  Service service_{service_loop_, {}, zones_.responder, zones_.rcu, committer_, settings_, notify_, log_.log()};
  AliasService aliases_{service_loop_, {}, {}, committer_, log_.log()};
  EndingService endings_{service_loop_, {}, {}, committer_, log_.log()};
  DelegationChecker checker_{{}};
  AuditLog audit_{directory_ / "audit", log_.log()};
  ApexIndex apexes_;
  std::atomic<ServerState> state_{ServerState::serving};
  std::atomic<int> stops_{0};
  const Server server_{zones_.table,
                       zones_.cookies,
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
                       nullptr,
                       state_,
                       std::chrono::seconds(1),
                       log_.log(),
                       [this] { ++stops_; }};
  std::thread service_thread_{[this] {
    const auto keep_running = boost::asio::make_work_guard(service_loop_);
    service_loop_.run();
  }};
};

}  // namespace axfrd::control::test
