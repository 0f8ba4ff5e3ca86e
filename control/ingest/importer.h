// Importer: zone files become zones. Reading and parsing take long, so they have threads of their own.
//
// Threads. Anybody may ask; parsing happens in the importer's threads, and `done` is called from one of them or from
// the committer's. Neither waits for the other. Files are read by threads that can be given up (base/patience.h),
// because a file may be on a server that does not answer.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/commit/committer.h"
#include "dataplane/mutex.h"
#include "zones/text/zone_source.h"

namespace axfrd::control {

class Importer {
 public:
  Importer(Committer& committer, unsigned threads, const Log& log);
  ~Importer();  // @pre as stop()
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  // Breaks off the files under way; what still waits is dropped, and its `done` never called.
  // @pre the committer was stopped, so that it does not come back with more
  void stop();

  struct Text {
    zones::Name apex;
    zones::ZoneSource source;
    bool strict = false;  // refuse the zone when there is a warning
    Cause cause = {};
    Committer::Reviewer review = {};
  };
  void import_text(Text zone, Done<Committer::Imported> done);

  // What came of a directory's files, so far or in all.
  struct Progress {
    size_t files = 0;  // all there are
    size_t added = 0, changed = 0, unchanged = 0, failed = 0;
    size_t done() const { return added + changed + unchanged + failed; }
  };
  // A list of sentences that is not longer than kMost.
  struct Told {
    static constexpr size_t kMost = 1000;
    std::vector<std::string> texts;
    size_t left_out = 0;  // how many more there were
    bool add(std::string text);
  };
  struct Loaded {
    Progress count;
    Told errors;       // of files that were skipped
    Told warnings;     // of zones that were imported
    Told passed_over;  // names of files that are not named as zone files
  };
  struct DirectoryOptions {
    bool only_if_newer = false;  // leave a zone alone unless the file's serial is newer
    bool strict = false;         // skip a file when there is a warning
    // Only NAME.zone, and there need be none; and no zone comes back that was removed. Otherwise db.NAME and NAME.db,
    // too.
    bool at_start = false;
    Cause cause = {};  // that of each file has its path in place of the directory's
    Committer::Reviewer review = {};
  };
  // Imports the zone files in `directory`. A file that cannot be is logged and skipped; warnings are logged.
  void import_directory(std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done);
  // Of the directory that was begun last. Any thread.
  Progress progress() const;

 private:
  class Directory;
  using Zones = std::vector<Committer::Import>;

  void propose_ahead(const std::shared_ptr<Zones>& zones, size_t from, std::function<void()> then);

  Committer& committer_;
  const unsigned threads_;
  const Log& log_;
  std::atomic<bool> stopping_{false};
  mutable dataplane::Mutex mutex_;
  Progress progress_ GUARDED_BY(mutex_);
  // Gone after stop(), and what it held with it: a `done` may hold a connection, which must not outlive its loop.
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace axfrd::control
