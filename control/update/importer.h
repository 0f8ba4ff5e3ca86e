// Importer: zone files become zones. Reading and parsing take long, so they have threads of their own.
//
// Threads. Anybody may ask; parsing happens in the importer's threads, and `done` is called from one of them or from
// the updater's. Neither waits for the other.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "control/base/log.h"
#include "control/base/outcome.h"
#include "control/update/updater.h"

namespace axfrd::control {

class Importer {
 public:
  Importer(Updater& updater, unsigned threads, const Log& log);
  ~Importer();  // @pre as stop()
  Importer(const Importer&) = delete;
  Importer& operator=(const Importer&) = delete;

  // Ends the files under way; what still waits is dropped, and its `done` never called.
  // @pre the updater was stopped, so that it does not come back with more
  void stop();

  struct Text {
    zones::Name apex;
    std::string text;
    std::string file;     // where the text is from, for messages
    bool strict = false;  // refuse the zone when there is a warning
  };
  void import_text(Text zone, Done<Updater::Imported> done);

  // What came of a directory's files, so far or in all.
  struct Progress {
    size_t files = 0;  // all there are
    size_t added = 0, changed = 0, unchanged = 0, failed = 0;
    size_t done() const { return added + changed + unchanged + failed; }
  };
  struct Loaded {
    Progress count;
    std::vector<std::string> errors;    // of files that were skipped; not more than kMaxTold
    std::vector<std::string> warnings;  // likewise
    size_t warnings_left_out = 0;       // how many more there were
  };
  static constexpr size_t kMaxTold = 1000;
  struct DirectoryOptions {
    bool only_if_newer = false;  // leave a zone alone unless the file's serial is newer
    bool strict = false;         // skip a file when there is a warning
  };
  // Imports every NAME.zone in `directory`. A file that cannot be is logged and skipped; warnings are logged.
  void import_directory(std::filesystem::path directory, DirectoryOptions options, Done<Loaded> done);
  // Of the directory that was begun last. Any thread.
  Progress progress() const;

 private:
  class Directory;

  Updater& updater_;
  const unsigned threads_;
  const Log& log_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  Progress progress_;  // guarded by mutex_
  // Gone after stop(), and what it held with it: a `done` may hold a connection, which must not outlive its loop.
  std::optional<boost::asio::thread_pool> pool_;
};

}  // namespace axfrd::control
