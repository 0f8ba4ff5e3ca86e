// Context: what all operations share: authorisation, the audit record of the outcome, and the way back from the
// committer's thread.
//
// An operation takes a principal, a request (a plain structure) and a Done. It checks authorisation, does its work, and
// calls the Done once, at once or later, in the loop's thread. It has no JSON of requests and no socket, so that the
// control socket and the HTTP server are two faces of it. Each face has its own operations, with its own loop and
// reader.
//
// Threads. The thread of the loop. Changes of zones go to the committer; the Done is called when they are committed.
#pragma once

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include "control/alias/alias_service.h"
#include "control/base/event_feed.h"
#include "control/base/outcome.h"
#include "control/check/delegation_check.h"
#include "control/commit/committer.h"
#include "control/dns/service.h"
#include "control/ending/ending_service.h"
#include "control/ingest/importer.h"
#include "control/notify/notify_service.h"
#include "control/operate/apex_index.h"
#include "control/operate/audit_log.h"
#include "control/operate/password_thread.h"
#include "control/operate/principal.h"
#include "control/option_table.h"
#include "dataplane/dataplane.h"

namespace axfrd::control {

enum class ServerState : uint8_t { starting, serving, stopping };
const char* to_text(ServerState state);

// The parts of the server that operations read and change. All of them outlive the operations.
struct Server {
  const zones::ZoneTable& zones;
  const zones::CookieJar& cookies;
  Committer& committer;
  const CurrentSettings& settings;
  Importer& importer;
  const Service& service;
  NotifyService& notify;
  AliasService& aliases;
  EndingService& endings;  // in the same loop as notify
  DelegationChecker& checker;
  AuditLog& audit;
  ApexIndex& apexes;
  EventFeed& events;
  PasswordThread& passwords;
  const dataplane::Dataplane* dataplane;  // null: without DPDK
  const std::atomic<ServerState>& state;  // written by the main thread
  std::chrono::seconds transaction_timeout;
  Log& log;
  std::function<void()> stop;  // begins to stop the server; any thread
  // Reads the certificate of the HTTP server again; returns why it is not sound, a sentence. Any thread.
  std::function<std::optional<std::string>()> reload_certificate = {};
  std::span<const StatedOption> options = {};
  std::span<const zones::Name> names = {};  // of this server, for configurations of secondaries
};

// An operation as the audit records it. `name`: of its zone, key or provider.
struct Act {
  std::string verb;  // "zone.commit"
  Cause cause;
  std::string kind, name;
};

class Context {
 public:
  Context(boost::asio::io_context& loop, const Server& server, dataplane::Rcu::Reader& reader)
      : loop_(loop), server_(server), reader_(reader) {}

  boost::asio::io_context& loop() const { return loop_; }
  const Server& server() const { return server_; }
  dataplane::Rcu::Reader& reader() const { return reader_; }

  // The Failure if the principal lacks this role, in one zone or for all zones; nothing if the role suffices.
  static std::optional<Failure> refuse(const Principal& who, Role least, const zones::Name& apex);
  static std::optional<Failure> refuse(const Principal& who, Role least);
  // The same for a change. A refusal is recorded, and a standby refuses every change.
  std::optional<Failure> refuse(const Principal& who, Role least, const zones::Name& apex, const Act& act) const;
  std::optional<Failure> refuse(const Principal& who, Role least, const Act& act) const;
  // The same for a change of single records, which takes an editor. An editor may be limited to some records;
  // refuse_edit() checks those. Without an act, nothing is recorded.
  std::optional<Failure> refuse_editing(const Principal& who, const zones::Name& apex, const Act* act = nullptr) const;
  // Why the principal may not change these records.
  static std::optional<Failure> refuse_edit(const Principal& who, const zones::Edit& edit);
  // The failure of a program's request for a secret: secrets of keys and tokens are shown to people alone, at the
  // control socket and in the console.
  std::optional<Failure> refuse_secret(const Principal& who, const Act& act) const;
  // The same as refuse(), for an operation that a standby takes, too.
  std::optional<Failure> refuse_act(const Principal& who, Role least, const Act& act) const;
  std::optional<Failure> refuse_standby() const;

  // A change of a zone, a key, a provider, …, for the audit.
  static Act act(const Principal& who, const char* verb, Cause cause, const char* kind, std::string name);
  void record_failure(const Act& act, const std::string& reason) const;
  void record_change(const Act& act, std::string what) const;

  // The served version; null if there is no such zone.
  zones::VersionRef find(const zones::Name& apex) const;
  // The same for a principal: a zone outside their scope is refused.
  Outcome<zones::VersionRef> look_up(const Principal& who, const zones::Name& apex) const;

  // Brings an outcome from another thread to the loop.
  template <class T>
  Done<T> in_loop(Done<T> done) const {
    return [&loop = loop_, done = std::move(done)](Outcome<T> outcome) {
      boost::asio::post(loop, [done, outcome = std::move(outcome)]() mutable { done(std::move(outcome)); });
    };
  }
  // The same for a change: a failure is recorded. The committer records changes of zones.
  template <class T>
  Done<T> recorded(Act act, Done<T> done) const {
    return in_loop<T>([this, act = std::move(act), done = std::move(done)](Outcome<T> outcome) {
      if (const auto* failure = std::get_if<Failure>(&outcome)) record_failure(act, failure->reason);
      done(std::move(outcome));
    });
  }

 private:
  boost::asio::io_context& loop_;
  const Server& server_;
  dataplane::Rcu::Reader& reader_;
};

}  // namespace axfrd::control
