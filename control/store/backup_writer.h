// BackupWriter: writes one backup in a thread of its own, because the disk of the backup may be slow, full, or gone.
//
// The store writes its database to a socket, and is blocked when the disk is slower. A store that cannot wait gives the
// backup up. Then the socket ends at once for both sides, even if the thread hangs in the kernel.
//
// A backup is made under another name. It gets its own name when it is complete and on disk.
//
// Threads. The thread and the owner share only State. Any thread may be the owner, one call at a time. give_up() may be
// called by any thread at any time.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "dataplane/file_descriptor.h"
#include "dataplane/mutex.h"

namespace axfrd::control {

class BackupWriter {
 public:
  using Done = std::function<void(std::string failure)>;  // empty: success
  // Completes the directory when data.mdb is written. Called in the writer's thread. May throw.
  using Finish = std::function<void(const std::filesystem::path& unfinished)>;

  // done() is called in the writer's thread. Throws StoreError.
  BackupWriter(std::filesystem::path directory, Done done);
  // Gives the backup up and drops `done`. Waits for the thread, but leaves one that hangs to itself.
  ~BackupWriter();
  BackupWriter(const BackupWriter&) = delete;
  BackupWriter& operator=(const BackupWriter&) = delete;

  const std::filesystem::path& directory() const { return state_->directory; }
  // The store writes data.mdb here, and then calls complete(). A write fails when the thread does not read any more.
  int socket() const { return state_->to.get(); }
  void complete(Finish finish);
  // Makes the backup fail for that reason, unless it has ended or was given up before.
  void give_up(const std::string& reason);
  // Whether done() is being called, or was.
  bool ended() const;

 private:
  struct State {
    State(std::filesystem::path where, Done what) : directory(std::move(where)), done(std::move(what)) {}
    const std::filesystem::path directory;
    dataplane::FileDescriptor to, from;
    mutable dataplane::Mutex mutex;
    std::condition_variable changed;
    Done done GUARDED_BY(mutex);  // empty once it is called, or dropped
    Finish finish GUARDED_BY(mutex);
    std::string failure GUARDED_BY(mutex);  // why the backup was given up
    bool ended GUARDED_BY(mutex) = false;   // done() is called, or was
    bool left GUARDED_BY(mutex) = false;    // done() has returned
  };
  static void run(const std::shared_ptr<State>& state);

  std::shared_ptr<State> state_;
};

}  // namespace axfrd::control
