// Cause: why something was changed, and on whose behalf; AuditRecord: what came of it.
//
// A cause goes with a change from whoever asked for it into the log, the audit and the history of the zone. There is
// one record for each change, whatever face or service asked for it: zones are recorded by the committer, which knows
// their serials, and all else, as well as what was refused or failed, by the operation (operate/context.h).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace axfrd::control {

// The kind of causes that change the secondaries of a zone, and its NS RRset by that. The history keeps it: what such a
// step has done to the NS RRset is not the customer's content.
inline constexpr const char* kSecondaryDns = "secondary DNS";

struct Cause {
  std::string kind;                  // "transaction", "rollback", "file", "UPDATE", "ALIAS", "secondary DNS", …
  std::string detail = {};           // "to serial 7", the path of the file, "from 192.0.2.1"
  std::string who = {};              // the user of the control socket, the key of an UPDATE; empty: axfrd itself
  std::string verb = {};             // the operation, "zone.commit"; empty: nobody used one
  std::optional<uint32_t> uid = {};  // of a local user
  std::string from = {};             // the address of a client of the HTTP API; empty: nobody's

  // "rollback to serial 7 by root"
  std::string text() const;
};

struct AuditRecord {
  Cause cause;
  std::string kind;  // of what was changed: "zone", "key", "provider", "cookies", "server"
  std::string name;  // of that; may be empty
  std::optional<uint32_t> old_serial = {}, serial = {};  // of a zone, before and after; none: there was or is none
  std::string what = {};                                 // "1 removed, 2 added"
  std::string failure = {};                              // why nothing was changed; empty: it was
  bool is_one_of_many = false;  // of a whole directory of new zones: for the audit, and too much for the log

  // The line of the log.
  std::string text() const;
};

// Where records go. For any thread.
using Auditor = std::function<void(const AuditRecord&)>;

}  // namespace axfrd::control
