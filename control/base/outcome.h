// What comes of something an operator asked for: a result, or a sentence that says why not.
#pragma once

#include <exception>
#include <filesystem>
#include <functional>
#include <new>
#include <string>

#include "zones/wire/result.h"

namespace axfrd::control {

// Error codes of ours on the control socket; those of JSON-RPC itself are negative.
enum class FailureCode : int {
  failed = 1,
  no_such_zone = 2,
  bad_zone = 3,
  stopping = 4,
  conflict = 5,
  timed_out = 6,
  forbidden = 7,          // to who asked
  unconfirmed = 8,        // it is done when it is asked for with the word that it was meant
  dry_run = 9,            // nothing was to be changed; never told to a client
  bad_request = 10,       // what no face of axfrd takes; on the control socket, JSON-RPC's "invalid params"
  standby = 11,           // a standby takes no changes
  changed_meanwhile = 12  // it is not what who asked has seen
};

struct Failure {
  FailureCode code;
  std::string reason;
};

// What an exception says to an operator. Those that we throw hold sentences; the texts of libraries are not for people.
inline std::string reason_of(const std::exception& error) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr) return "there is not enough memory for that";
  if (const auto* file = dynamic_cast<const std::filesystem::filesystem_error*>(&error))
    return file->path1().string() + ": " + file->code().message();
  return error.what();
}

template <class T>
using Outcome = zones::Result<T, Failure>;

// Called once with the outcome.
template <class T>
using Done = std::function<void(Outcome<T>)>;

}  // namespace axfrd::control
