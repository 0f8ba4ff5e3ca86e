// Verbs: what an operator can ask a running axfrd to do.
//
// One table, known to both sides of the control socket. A row makes the parser of the command line, the check of a
// request's parameters, help, completion, the manual, and says how the result is shown. On the socket a verb is a
// JSON-RPC method ("zone.import"), on the command line its words ("zone import").
//
// A new verb is a row in verbs.cc and a handler in commands_*.cc, which calls an operation (operate/). It needs a
// picture of its own (ctl/print.cc) only if none of those there are fits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace axfrd::control {

inline constexpr const char* kDefaultControlSocket = "/run/axfrd/control.sock";

struct Parameter {
  // How axfrctl is given the value.
  enum class Source : uint8_t {
    argument,           // the next argument
    optional_argument,  // the next argument, if there is one
    rest,               // all remaining arguments, as a list
    flag,               // --name, without a value; "yes" on the socket
    secret,             // the next argument, or the first line of standard input if that is -
    optional_secret,    // the same, if there is one
    path,               // the next argument, a path that is made absolute
    files,              // the content of each file named by the remaining arguments, one request a file
    name_or_files,      // the next argument, if there is one; or files, which axfrctl reads for itself
    option,             // --name VALUE
    list,               // --name VALUE, which may be repeated; values with commas between them
    client,             // axfrctl fills it in by itself
    bulk,               // --name VALUE, for axfrctl alone: which zones the verb is done to, one after the other
    bulk_flag,          // --name, likewise
    own,                // --name VALUE, for axfrctl alone: about files that it reads for itself
    own_flag            // --name, likewise
  };
  const char* name;  // in the JSON object
  Source source;
  bool required;  // by the daemon
  const char* placeholder;
  const char* help;
  // Whether an option may be empty: a whole list that is replaced, by none.
  enum class Empty : uint8_t { refused, allowed };
  Empty empty = Empty::refused;

  std::string written() const;  // "--zone NAME", "FILE"
  // Whether it stands behind -- on the command line.
  bool is_option() const {
    return source == Source::flag || source == Source::option || source == Source::list || is_bulk() || is_own();
  }
  bool is_flag() const { return source == Source::flag || source == Source::bulk_flag || source == Source::own_flag; }
  // Whether its value may be a number, which JSON has.
  bool takes_number() const {
    return source == Source::option || source == Source::argument || source == Source::optional_argument;
  }
  bool is_bulk() const { return source == Source::bulk || source == Source::bulk_flag; }
  bool is_own() const { return source == Source::own || source == Source::own_flag; }
  bool is_sent() const { return !is_bulk() && !is_own(); }
};

// How a result is shown to people.
enum class Shown : uint8_t {
  status,
  stats,
  backup,
  backup_loaded,
  promoted,
  stopping,
  reloaded,
  options,
  log_level,
  imported,
  zone_list,
  zone,
  findings,
  exported,
  removed_zone,
  imported_directory,
  begun,
  edits,
  difference,
  changed,
  aborted,
  transactions,
  history,
  config,
  secondaries_set,
  secondaries,
  secondary_list,
  ledger,
  checked,
  provider_set,
  providers,
  removed_provider,
  notified,
  explained,
  key,
  keys,
  removed_key,
  token,
  tokens,
  removed_token,
  user,
  users,
  removed_user,
  audit,
  records,
  cookies
};

// What a verb looks at and changes.
enum class Reach : uint8_t {
  server,  // or nobody has thought about it
  zone     // that its parameter "zone" names, and nothing that other verbs of this kind change; it waits for nobody
           // outside axfrd, unless told so by "wait"
};

// The least role (control/access/role.h) that the verb takes, at the least; what it is done to may take more.
enum class Needs : uint8_t { reader, editor, secondary_manager, admin };

const char* to_text(Needs needs);  // as of a role

struct Verb {
  static constexpr bool kLooks = true, kChanges = false;

  const char* method;
  const char* summary;
  std::span<const Parameter> parameters;
  Shown shown;
  Needs needs;
  bool looks = kChanges;        // over HTTP, GET does for what changes nothing
  Reach reach = Reach::server;  // decides what is served beside what (rpc_connection.h)

  std::string words() const;                // "zone import"
  std::string usage() const;                // "zone import [--zone NAME] FILE..."
  std::vector<std::string> usages() const;  // "[--zone NAME]", "FILE..."
};

std::span<const Verb> verbs();

// Verbs that belong together, for the help.
struct VerbGroup {
  const char* title;
  std::span<const Verb> verbs;
};
std::vector<VerbGroup> verb_groups();

// nullptr if there is none.
const Verb* find_verb(std::string_view method);

}  // namespace axfrd::control
