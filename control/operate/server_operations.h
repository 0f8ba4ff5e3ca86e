// Operations on the server as a whole: state and counters, audit, stop, log level, backups, promotion, and the secrets
// of DNS Cookies.
//
// Roles. A reader may see state and counters, whatever their scope. The rest takes an administrator.
//
// Threads, errors. As context.h says.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "control/operate/context.h"

namespace axfrd::control {

struct ServerStatus {
  ServerState state;
  std::chrono::seconds uptime;
  size_t zones, retired_versions;
  const TcpCounters& tcp;
  StoreHealth store;
  Importer::Progress import;
  std::optional<dataplane::DataplaneStats> dataplane;  // none: without DPDK
  Committer::Duty duty = Committer::Duty::primary;
  int64_t backup_time = 0;  // of a standby: when the backup that it serves was made; 0: not known
};

// Values are a snapshot; the referenced counters go on.
struct ServerStats {
  dataplane::DataplaneStats dataplane;
  const UdpCounters& udp;
  const TcpCounters& tcp;
  const NotifyCounters& notify;
  const AliasCounters& alias;
  const EndingCounters& endings;
  const Histogram& commits;  // time of each group of changes
  size_t zones, zones_without_servers, retired_versions, history_octets;
  uint64_t dropped_log_lines, dropped_transfers, left_out_lines;
  bool store_is_writable;
  bool is_standby;
  int64_t backup_time;    // as above
  Json secondaries = {};  // see NotifyService::hosts()
};

struct CookiesChanged {
  zones::CookieSecrets secrets;
  bool changed = true;  // false: nothing had to be changed
};

struct LogLevelSet {
  LogLevel level;
  bool changed;  // false: it was the level already
};

class ServerOperations {
 public:
  explicit ServerOperations(const Context& context) : context_(context) {}

  Outcome<ServerStatus> status(const Principal& who) const;
  void stats(const Principal& who, Done<ServerStats> done) const;
  // Who changed what. A reader sees what was done to a zone; all else takes an administrator.
  Outcome<AuditTrail::Page> audit(const Principal& who, const std::optional<zones::Name>& apex,
                                  std::optional<uint64_t> before, size_t most) const;
  std::optional<Failure> stop(const Principal& who);
  // Reads the certificate of the HTTP server again. The failure says why it is not sound.
  std::optional<Failure> reload_certificate(const Principal& who);
  // The options that axfrd runs with; the log level is the current one.
  Outcome<std::vector<StatedOption>> options(const Principal& who) const;
  // The log level, which can be set until axfrd ends.
  Outcome<LogLevel> log_level(const Principal& who) const;
  Outcome<LogLevelSet> set_log_level(const Principal& who, LogLevel level);
  // Copies the store into a directory, which must be vacant, while changes go on.
  void backup(const Principal& who, const std::filesystem::path& directory, Done<std::filesystem::path> done);
  // Makes a standby the primary.
  void promote(const Principal& who, Done<Committer::Promoted> done);
  // Lets a standby serve what the backup in a directory holds.
  void load_backup(const Principal& who, const std::filesystem::path& directory, Done<Committer::BackupLoaded> done);

  Outcome<zones::CookieSecrets> cookies(const Principal& who) const;
  // Stages a secret: cookies made with it are accepted.
  void add_cookie(const Principal& who, const zones::CookieSecret& secret, Done<CookiesChanged> done);
  // Swaps the active secret and the staged one.
  void activate_cookie(const Principal& who, Done<CookiesChanged> done);
  void drop_cookie(const Principal& who, Done<CookiesChanged> done);

 private:
  size_t zone_count() const;
  void change_cookies(const Principal& who, const char* verb, const char* what, Committer::CookieEdit edit,
                      Done<CookiesChanged> done);

  const Context& context_;
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace axfrd::control
