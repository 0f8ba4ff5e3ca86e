// Importer: reads zone files and makes zones of them. Reading and parsing take long, so they have threads of their own.
//
// Threads. Any thread may start an import. Parsing happens in the importer's threads, and `done` is called in one of
// them or in the committer's thread. Neither waits for the other. Files are read in threads that can be abandoned
// (base/patience.h), because a file may be on a file server that does not answer.
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

  // Stops reading and parsing. Imports in the queue are dropped, and their `done` is never called.
  // @pre the committer was stopped, so that it passes no more work to the importer
  void stop();

  struct Text {
    zones::Name apex;
    zones::ZoneSource source;
    bool strict = false;  // refuse the zone if there is a warning
    Cause cause = {};
    Committer::Reviewer review = {};
  };
  void import_text(Text zone, Done<Committer::Imported> done);

  // Counts of a directory's files, during the import or at its end.
  struct Progress {
    size_t files = 0;  // in the directory
    size_t added = 0, changed = 0, unchanged = 0, failed = 0;
    size_t done() const { return added + changed + unchanged + failed; }
  };
  // A list of at most kMost sentences.
  struct Told {
    static constexpr size_t kMost = 1000;
    std::vector<std::string> texts;
    size_t left_out = 0;  // the number of further sentences
    bool add(std::string text);
  };
  struct Loaded {
    Progress count;
    Told errors;       // one for each file that was skipped
    Told warnings;     // of zones that were imported
    Told passed_over;  // files whose names are not those of zone files
  };
  struct DirectoryOptions {
    bool only_if_newer = false;  // leave a zone alone unless the file's serial is newer
    bool strict = false;         // skip a file if there is a warning
    // If true, only files named NAME.zone are imported, there may be none, and a removed zone is not added again. If
    // false, db.NAME and NAME.db are imported, too.
    bool at_start = false;
    Cause cause = {};  // for each file, `detail` is the path of the file
    Committer::Reviewer review = {};
  };
  // Imports the zone files in `directory`. A file that cannot be imported is logged and skipped. Warnings are logged.
  void import_directory(std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done);
  // The progress of the directory whose import began last. Any thread.
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
  // Empty after stop(). Its queue is destroyed with it, because a `done` may hold a connection, which must not outlive
  // its loop.
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace axfrd::control
