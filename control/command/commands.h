// Commands: what the verbs do, on the daemon's side.
//
// Threads. The control thread. What changes zones is handed to the committer and answered when that has done it.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <string_view>

#include "control/alias/alias_service.h"
#include "control/check/delegation_check.h"
#include "control/command/rpc.h"
#include "control/command/transactions.h"
#include "control/command/verbs.h"
#include "control/commit/committer.h"
#include "control/dns/service.h"
#include "control/ingest/importer.h"
#include "control/notify/notify_service.h"
#include "dataplane/dataplane.h"

namespace axfrd::control {

enum class ServerState : uint8_t { starting, serving, stopping };

// What commands look at and act on. Everything outlives the commands.
struct Server {
  const zones::ZoneTable& zones;
  const zones::CookieJar& cookies;
  Committer& committer;
  const CurrentSettings& settings;
  Importer& importer;
  const Service& service;
  NotifyService& notify;
  AliasService& aliases;
  DelegationChecker& checker;
  const dataplane::Dataplane* dataplane;  // null: without DPDK
  const std::atomic<ServerState>& state;  // written by the main thread
  std::chrono::seconds transaction_timeout;
  std::function<void()> stop;  // begins to stop the server; any thread
};

class Commands {
 public:
  Commands(boost::asio::io_context& loop, const Server& server, dataplane::Rcu::Reader& reader);

  // An RpcHandler.
  void run(RpcRequest request, RpcDone done);

 private:
  using Handler = void (Commands::*)(Json& params, RpcDone done);

  void status(Json& params, RpcDone done);
  void stats(Json& params, RpcDone done);
  void stop(Json& params, RpcDone done);
  void zone_import(Json& params, RpcDone done);
  void zone_list(Json& params, RpcDone done);
  void zone_show(Json& params, RpcDone done);
  void zone_check(Json& params, RpcDone done);
  void zone_export(Json& params, RpcDone done);
  void zone_remove(Json& params, RpcDone done);
  void zone_import_directory(Json& params, RpcDone done);
  void zone_begin(Json& params, RpcDone done);
  void zone_set(Json& params, RpcDone done);
  void zone_unset(Json& params, RpcDone done);
  void zone_diff(Json& params, RpcDone done);
  void zone_commit(Json& params, RpcDone done);
  void zone_abort(Json& params, RpcDone done);
  void zone_status(Json& params, RpcDone done);
  void zone_history(Json& params, RpcDone done);
  void zone_rollback(Json& params, RpcDone done);
  void zone_config(Json& params, RpcDone done);
  void key_add(Json& params, RpcDone done);
  void key_generate(Json& params, RpcDone done);
  void key_list(Json& params, RpcDone done);
  void key_remove(Json& params, RpcDone done);
  void key_grant(Json& params, RpcDone done);
  void key_revoke(Json& params, RpcDone done);
  void cookie_show(Json& params, RpcDone done);
  void cookie_add(Json& params, RpcDone done);
  void cookie_activate(Json& params, RpcDone done);
  void cookie_drop(Json& params, RpcDone done);
  void secondary_enable(Json& params, RpcDone done);
  void secondary_edit(Json& params, RpcDone done);
  void secondary_disable(Json& params, RpcDone done);
  void secondary_show(Json& params, RpcDone done);
  void secondary_list(Json& params, RpcDone done);
  void secondary_status(Json& params, RpcDone done);
  JsonStream ledger_stream(bool behind);
  void secondary_check(Json& params, RpcDone done);
  void provider_set(Json& params, RpcDone done);
  void provider_list(Json& params, RpcDone done);
  void provider_remove(Json& params, RpcDone done);
  void notify(Json& params, RpcDone done);
  void explain(Json& params, RpcDone done);

  template <class Work>
  void in_transaction(const Json& params, const RpcDone& done, Work&& work);

  void set_secondary(const Json& params, bool must_be_enabled, RpcDone done);
  // The answer to a commit, when all secondaries have it or the time is over.
  RpcDone waiting(const zones::Name& apex, std::chrono::seconds patience, RpcDone done);
  void new_key(const zones::Name& name, TsigKeyRef tsig, Done<Committer::KeyChanged> done);

  size_t zone_count() const;
  zones::CookieSecrets cookie_secrets() const;
  zones::VersionRef find(const zones::Name& apex) const;
  std::vector<zones::VersionRef> all_zones() const;

  boost::asio::io_context& loop_;
  const Server& server_;
  dataplane::Rcu::Reader& reader_;
  Transactions transactions_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const std::map<std::string_view, Handler> handlers_;
};

}  // namespace axfrd::control
